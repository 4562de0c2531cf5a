"""The addresses of the pages with a course's forms."""

from django.urls import reverse


def lesson_address(course, step, question=""):
    return reverse("learning:step", args=[course, step]) + (f"#q-{question}" if question else "")


def home_address(**places):
    return reverse("home")
