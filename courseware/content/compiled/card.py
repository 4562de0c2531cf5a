"""The emergency card, and the firm's own contacts on it."""

from typing import Any

from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline
from courseware.content.models import CardContact, Course


def card_of(course: Course, outline: Outline) -> dict[str, Any]:
    """Its page, and its sections with their contacts. Runs one query. Raises KeyError where there is no card."""
    if course.current is None or outline.card_id is None:
        raise KeyError(course.identifier)
    page = serving.page(course.current, outline.card_id, outline.language)
    contacts = contacts_on_card(course, outline.language)
    sections = [section | {"contacts": contacts.get(section["id"], [])} for section in page.data["sections"]]
    return {"page": page, "sections": sections}


def contacts_on_card(course: Course, language: str) -> dict[str, list[CardContact]]:
    """Section id → its contacts for readers of this language. Runs one query."""
    contacts: dict[str, list[CardContact]] = {}
    for contact in course.contacts.filter(language__in=["", language]):
        contacts.setdefault(contact.section, []).append(contact)
    return contacts


def card_sections(course: Course, language: str) -> dict[str, str]:
    """Id → title of each section of the released card; empty where there is no card."""
    if course.current is None or (card := serving.outline(course.current, language).card_id) is None:
        return {}
    sections = serving.page(course.current, card, language).data["sections"]
    return {section["id"]: section["title"] for section in sections}


def sections_without_contact(course: Course, language: str) -> list[str]:
    contacts = contacts_on_card(course, language)
    return [title for section, title in card_sections(course, language).items() if section not in contacts]
