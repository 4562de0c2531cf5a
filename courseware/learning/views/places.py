"""The addresses of the pages with a course's forms."""

from django.urls import reverse


def lesson_address(course, step, question=""):
    return reverse("learning:step", args=[course, step]) + (f"#q-{question}" if question else "")


def home_address(**places):
    return reverse("home")


def posted(request):
    # The data of a form: None leaves it unbound, an empty POST does not.
    return request.POST if request.method == "POST" else None
