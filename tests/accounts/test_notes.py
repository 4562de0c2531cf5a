import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.accounts.models import Note
from courseware.accounts.people.notes import withdraw_notes, write_note
from courseware.audit_log.models import Event
from courseware.hr.people.account_merge import merge, undo_merge
from courseware.reporting.integrity import audit_log
from tests.making import make_admin, make_team, make_user

pytestmark = pytest.mark.django_db
ACT, OTHER_ACT = uuid.UUID(int=1), uuid.UUID(int=2)
DAY = timedelta(days=1)


def logged():
    return [(event.verb, event.subject, event.data) for event in Event.objects.filter(verb__startswith="note-")]


def test_second_submit_adds_no_note_and_log_omits_text():
    one, two, manager = make_user("One"), make_user("Two"), make_team().manager
    [first] = write_note([one.pk], "Asked for nights.", act=ACT, by=manager)
    [second] = write_note([one.pk, two.pk], "Asked for nights.", act=ACT, by=manager)
    assert write_note([one.pk, two.pk], "Asked for nights.", act=ACT, by=manager) == []
    [third] = write_note([one.pk], "Asked for nights.", act=OTHER_ACT, by=manager)
    assert list(Note.objects.about(one)) == [third, first]
    assert list(Note.objects.about(two)) == [second]
    assert logged() == [
        ("note-written", f"person:{person.pk}", {"note": note.pk})
        for person, note in ((one, first), (two, second), (one, third))
    ]


def test_author_can_withdraw_note_within_1_day():
    one, two, manager, other = make_user(), make_user(), make_team().manager, make_team().manager
    now = timezone.now()
    notes = write_note([one.pk, two.pk], "Late.", act=ACT, by=manager, at=now)
    assert withdraw_notes(ACT, by=other, at=now) == []
    assert withdraw_notes(OTHER_ACT, by=manager, at=now) == []
    assert withdraw_notes(ACT, by=manager, people=[], at=now) == []
    assert withdraw_notes(ACT, by=manager, at=now + DAY + timedelta(seconds=1)) == []
    assert withdraw_notes(ACT, by=manager, people=[one.pk], at=now + DAY) == [notes[0]]
    assert (list(Note.objects.about(one)), list(Note.objects.about(two))) == ([], [notes[1]])
    assert withdraw_notes(ACT, by=manager, at=now + DAY) == [notes[1]]
    assert withdraw_notes(ACT, by=manager, at=now + DAY) == []
    taken = [("note-withdrawn", f"person:{note.person_id}", {"note": note.pk}) for note in notes]
    assert logged()[2:] == taken
    assert write_note([one.pk], "Late.", act=ACT, by=manager) == []  # the same form again


def test_notes_of_both_accounts_are_shown_until_undo():
    kept, other, admin, manager = make_user("Kept"), make_user("Other"), make_admin(), make_team().manager
    [of_kept] = write_note([kept.pk], "Here.", act=ACT, by=manager)
    [of_other] = write_note([other.pk], "There.", act=OTHER_ACT, by=manager)
    row = merge(kept, other, by=admin)
    assert list(Note.objects.about(kept)) == [of_other, of_kept]
    undo_merge(row, by=admin)
    assert list(Note.objects.about(kept)) == [of_kept]


def test_altered_note_is_reported_by_integrity_check():
    manager, person = make_team().manager, make_user()
    [note] = write_note([person.pk], "Here.", act=ACT, by=manager)
    withdraw_notes(ACT, by=manager)
    assert list(audit_log.differences()) == []
    Note.objects.update(undone_at=None)
    [found] = audit_log.differences()
    assert "note-withdrawn" in found
    Note.objects.all().delete()
    assert len(list(audit_log.differences())) == 2
    assert note.text not in str(list(Event.objects.values_list("data", flat=True)))
