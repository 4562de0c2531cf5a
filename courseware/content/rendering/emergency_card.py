"""The emergency card: its sections, and the company's contacts on it."""

from collections.abc import Mapping
from datetime import date

from courseware.content.models import Course, EmergencyContact
from courseware.content.rendering import store


def contacts_on_emergency_card(course: Course, language: str) -> dict[str, list[EmergencyContact]]:
    """Return section id → contacts for `language` or all languages; sections without one are missing. One query."""
    contacts: dict[str, list[EmergencyContact]] = {}
    for contact in course.contacts.filter(language__in=["", language]):
        contacts.setdefault(contact.section, []).append(contact)
    return contacts


def checked_on(contacts: Mapping[str, list[EmergencyContact]]) -> date | None:
    """Return the earliest check date of the numbers in `contacts`; None if there is none or one was never checked."""
    days = [contact.checked_on for each in contacts.values() for contact in each if contact.number]
    known = [day for day in days if day]
    return min(known) if known and len(known) == len(days) else None


def card_sections(course: Course, language: str) -> dict[str, str]:
    """Return section id → title (HTML) on the released card; {} without a release or a card."""
    if course.current is None or (card := store.outline(course.current, language).card_id) is None:
        return {}
    sections = store.page(course.current, card, language).data["sections"]
    return {section["id"]: section["title"] for section in sections}


def sections_without_contact(course: Course, language: str) -> list[str]:
    """Return the titles (HTML) of sections of the released card without a contact for `language` or all languages."""
    contacts = contacts_on_emergency_card(course, language)
    return [title for section, title in card_sections(course, language).items() if section not in contacts]
