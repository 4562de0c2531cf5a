"""Rendering for all pages of a course, in whichever room they are."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from courseware.accounts.site_name import face_for
from courseware.language.documents import display_tag
from courseware.learning.access import Reading


def render_in_course(request, reading: Reading, template: str, context: dict, *, outline=None, status=200):
    """Render in the learner's time zone, with what every page of a course needs beside its own `context`.

    `outline` is given for a page about an attempt: that of the release it began with.
    """
    outline = outline or reading.outline
    context |= {
        "enrollment": reading.enrollment,
        "outline": outline,
        "face": face_for(request, outline.course_id),
        "course": outline.course_id,
        "text_language": display_tag(outline.language),
        "page_language": display_tag(get_language()),
    }
    with timezone.override(reading.enrollment.zone):
        return render(request, template, context, status=status)
