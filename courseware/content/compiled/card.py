"""Whom this firm calls in an emergency: what its card says beyond the text of the course."""

from courseware.content.compiled import serving
from courseware.content.models import CardContact, Course


def contacts_on_card(course: Course, language: str) -> dict[str, list[CardContact]]:
    """Section id → its contacts for readers of a language, in the order they were entered."""
    found: dict[str, list[CardContact]] = {}
    for contact in course.contacts.filter(language__in=["", language]):
        found.setdefault(contact.section, []).append(contact)
    return found


def card_sections(course: Course, language: str) -> dict[str, str]:
    """Id → title of the emergencies on the released card; empty where there is none."""
    if course.current is None or (card := serving.outline(course.current, language).card_id) is None:
        return {}
    sections = serving.page(course.current, card, language).data["sections"]
    return {section["id"]: section["title"] for section in sections}


def sections_without_contact(course: Course, language: str) -> list[str]:
    """Titles of the emergencies in which readers of a language are told nobody of this firm to call."""
    known = contacts_on_card(course, language)
    return [title for section, title in card_sections(course, language).items() if section not in known]
