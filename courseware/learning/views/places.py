"""Where the forms of a course stand."""

from django.urls import reverse


def lesson_address(course, step, question=""):
    """Where a lesson is read, and on it where a question stands."""
    return reverse("learning:step", args=[course, step]) + (f"#q-{question}" if question else "")


def home_address(**places):
    return reverse("home")


def posted(request):
    """What a form is bound to: None while it is only shown, never None for an empty form that was sent."""
    return request.POST if request.method == "POST" else None
