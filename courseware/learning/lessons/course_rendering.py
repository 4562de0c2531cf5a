"""Rendering of the pages of a course: common context, URLs of steps, emergency card."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from courseware.accounts.permissions.site_context import branding_for
from courseware.content.models import Course
from courseware.content.rendering import store
from courseware.content.rendering.emergency_card import checked_on, contacts_on_emergency_card
from courseware.content.rendering.store import Outline
from courseware.course_format.parsing.documents import display_tag
from courseware.learning.learner_context import LearnerContext


def render_in_course(
    request, learner_context: LearnerContext, template: str, context: dict, *, outline=None, status=200
):
    """Render in the learner's time zone, with course data added to `context`. `outline`: default the learner's."""
    outline = outline or learner_context.outline
    context |= {
        "enrollment": learner_context.enrollment,
        "outline": outline,
        "branding": branding_for(request, outline.course_id),
        "course": outline.course_id,
        "text_language": display_tag(outline.language),
        "page_language": display_tag(get_language()),
    }
    with timezone.override(learner_context.enrollment.zone):
        return render(request, template, context, status=status)


STEP_PAGES: dict[str, str] = {}  # kind of a step → URL name of its page


def register_step_page(kind: str, url_name: str) -> None:
    """Set the URL name of the pages for a kind of steps; the URL takes the ids of course and step."""
    STEP_PAGES[kind] = url_name


def card_context(request, course: Course, outline: Outline) -> dict[str, Any]:
    """Return the template context of the emergency card with the company's contacts. Raise `Http404` without a card."""
    if course.current is None or outline.card_id is None:
        raise Http404(course.identifier)
    page = store.page(course.current, outline.card_id, outline.language)
    contacts = contacts_on_emergency_card(course, outline.language)
    return {
        "page": page,
        "sections": [section | {"contacts": contacts.get(section["id"], [])} for section in page.data["sections"]],
        "company": branding_for(request, outline.course_id).name(get_language()),
        "checked_on": checked_on(contacts),
        "card_address": settings.SITE_URL + reverse("learning:own-emergency-cards"),
    }


def lesson_address(course, step, question=""):
    """Return the URL of a step, or of a question in it. All arguments are ids; "": no question."""
    return reverse("learning:step", args=[course, step]) + (f"#q-{question}" if question else "")


def home_address(**kwargs):
    return reverse("home")
