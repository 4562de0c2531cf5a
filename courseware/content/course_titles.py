"""Course titles in lists and forms."""

from django.contrib import admin
from django.utils.translation import get_language

from courseware.content.models import Course
from courseware.content.rendering.store import outline


def course_title(course: Course, language: str = "") -> str:
    """Return the title in `language` (default: active) or else the source language; the id if nothing is released."""
    return outline(course.current, language or get_language()).title if course.current else course.identifier


class CourseTitleFilter(admin.RelatedFieldListFilter):
    def field_choices(self, field, request, model_admin):
        courses = Course.objects.select_related("current").defer("current__outlines").order_by("pk")
        return [(course.pk, course_title(course)) for course in courses]
