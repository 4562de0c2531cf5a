"""A list brings people in, the rules enroll them at once, and each gets one letter."""

import pytest

from courseware.accounts.rosters.roster import Roster
from courseware.assignments.taking_up import take_up
from courseware.learning.models import Enrollment
from courseware.outbox.models import Message
from courseware.outbox.telling import tell
from tests.accounts.rosters.firms import bring_in, compared
from tests.assignments.rules import make_rule
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
