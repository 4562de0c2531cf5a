"""A list brings people in, the rules enroll them at once, and each gets one letter."""

import pytest

from courseware.accounts.models import User
from courseware.accounts.rosters import applying
from courseware.accounts.rosters import roster as rosters
from courseware.accounts.rosters.roster import Roster
from courseware.assignments import nightly_list
from courseware.assignments.nightly_list import take_up
from courseware.jobs import working
from courseware.learning.models import Enrollment
from courseware.outbox.models import Message
from courseware.outbox.telling import tell
from tests.accounts.rosters.firms import bring_in, compared
from tests.assignments.rules import make_rule
from tests.jobs import doing
from tests.making import letters, make_admin, make_course, make_team

pytestmark = pytest.mark.django_db


def test_whom_a_rule_enrolls_gets_the_letter_about_the_course_and_who_else_came_an_invitation():
    desk = make_team("Desk")
    make_rule(make_course(), team_id=desk.pk)
    roster = bring_in(
        ["A1", "Li", "li@example.com", "Desk"], ["A2", "Wang", "wang@example.com", ""], by=make_admin(), invites=True
    )
    for _again in range(2):
        take_up.call(roster.pk)
    assert [each.learner.name for each in Enrollment.objects.select_related("learner")] == ["Li"]
    assert sorted(to for letter in letters() for to in letter.to) == ["li@example.com", "wang@example.com"]
    invited = Message.objects.filter(kind="invitation").values_list("person__name", flat=True)
    assert list(invited) == ["Wang"]


def test_a_letter_to_somebody_unknown_keeps_nobody_from_an_invitation():
    tell("no-account", None, address="unknown@example.com", language="en")
    take_up.call(bring_in(["A1", "Li", "li@example.com", ""], by=make_admin(), invites=True).pk)
    assert [each.person.name for each in Message.objects.filter(kind="invitation")] == ["Li"]


def test_a_list_nobody_said_yes_to_is_not_taken_up():
    roster = compared(["A1", "Li", "li@example.com", ""])
    take_up.call(roster.pk)
    assert (Roster.objects.get().finished_at, letters()) == (None, [])


def test_each_part_of_a_list_is_a_task_and_other_work_comes_between_two_parts(monkeypatch):
    """The order of a queue: what was enqueued while a part was done comes before the next part."""
    monkeypatch.setattr(rosters, "ROWS_A_PART", 1)
    monkeypatch.setattr(working, "enqueue_due", lambda: None)
    monkeypatch.setattr("django_tasks_db.management.commands.db_worker.close_old_connections", lambda: None)
    doing.done.clear()
    roster = compared(["A1", "Li", "", ""], ["A2", "Wang", "", ""], ["A3", "Zhao", "", ""])
    applying.begin_applying(roster, by=make_admin())
    honest = nightly_list.apply_next

    def apply_and_note(pk):
        doing.done.append("part")
        return honest(pk)

    monkeypatch.setattr(nightly_list, "apply_next", apply_and_note)
    nightly_list.take_up_next.enqueue(roster.pk)
    doing.note.enqueue("other work")
    working.WorkLoop(lambda: "").run(once=True)
    assert doing.done == ["part", "other work", "part", "part", "part"]
    roster.refresh_from_db()
    assert roster.finished_at
    assert set(User.objects.filter(staff_number__startswith="A").values_list("name", flat=True)) == {
        "Li",
        "Wang",
        "Zhao",
    }


def test_a_list_that_is_stopped_applies_no_further_part_and_ends(monkeypatch):
    monkeypatch.setattr(rosters, "ROWS_A_PART", 1)
    admin = make_admin()
    roster = compared(["A1", "Li", "li@example.com", ""], ["A2", "Wang", "", ""])
    applying.begin_applying(roster, by=admin, invites=True)
    nightly_list.take_up_next.call(roster.pk)
    assert [applying.stop_applying(roster.pk, by=admin) for _tab in range(2)] == [True, False]
    for _again in range(2):
        nightly_list.take_up_next.call(roster.pk)
    roster.refresh_from_db()
    assert (roster.finished_at is not None, roster.notes["stopped_by"]) == (True, admin.pk)
    assert [each.name for each in User.objects.filter(staff_number__startswith="A")] == ["Li"]
    assert [each.person.name for each in Message.objects.filter(kind="invitation")] == ["Li"]
    assert not applying.stop_applying(roster.pk, by=admin)
