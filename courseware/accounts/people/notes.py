"""Write and withdraw notes about people. Callers check permissions."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import Note, User
from courseware.audit_log.record import NewEvent, record_many, subject_of


@transaction.atomic
def write_note(
    people: Collection[int], text: str, *, act: uuid.UUID, by: User, at: datetime | None = None
) -> list[Note]:
    """Write and log a note about each person (id) who has no note of `act`, the id of the form. Return new notes."""
    at = at or timezone.now()
    here = User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").values_list("pk", flat=True)
    ids = list(here)
    noted = set(Note.objects.filter(act=act, person__in=ids).values_list("person", flat=True))
    new = [Note(person_id=key, by=by, text=text, written_at=at, act=act) for key in ids if key not in noted]
    written = Note.objects.bulk_create(new)
    record_many([told("note-written", each, by, at) for each in written])
    return written


@transaction.atomic
def withdraw_notes(
    act: uuid.UUID, *, by: User, people: Collection[int] | None = None, at: datetime | None = None
) -> list[Note]:
    """Withdraw and log those notes of `by` with the form id `act` that may still be withdrawn at `at` (default: now).
    `people`: ids, only notes about them; None: all. Return the withdrawn notes.
    """
    at = at or timezone.now()
    notes = Note.objects.in_force().filter(act=act, by=by)
    if people is not None:
        notes = notes.filter(person__in=people)
    withdrawn = [
        each for each in notes.select_for_update(no_key=True).order_by("person") if each.may_be_withdrawn_by(by, at)
    ]
    for each in withdrawn:
        each.undone_at = at
    Note.objects.bulk_update(withdrawn, ["undone_at"])
    record_many([told("note-withdrawn", each, by, at) for each in withdrawn])
    return withdrawn


def told(verb: str, note: Note, by: User, at: datetime) -> NewEvent:
    return NewEvent(verb, subject_of(User, note.person_id), by, {"note": note.pk}, at)
