"""What the emergency card says, on whichever page or sheet."""

from typing import Any

from django.conf import settings
from django.http import Http404
from django.urls import reverse
from django.utils.translation import get_language

from courseware.accounts.site_name import face_for
from courseware.content.compiled import serving
from courseware.content.compiled.card import checked_on, contacts_on_card
from courseware.content.compiled.serving import Outline
from courseware.content.models import Course


def card_context(request, course: Course, outline: Outline) -> dict[str, Any]:
    """Its sections with the firm's contacts, the firm, and where it is found. Raises Http404 where there is no card."""
    if course.current is None or outline.card_id is None:
        raise Http404(course.identifier)
    page = serving.page(course.current, outline.card_id, outline.language)
    contacts = contacts_on_card(course, outline.language)
    return {
        "page": page,
        "sections": [section | {"contacts": contacts.get(section["id"], [])} for section in page.data["sections"]],
        "firm": face_for(request, outline.course_id).name(get_language()),
        "checked_on": checked_on(contacts),
        "card_address": settings.SITE_URL + reverse("learning:own-cards"),
    }
