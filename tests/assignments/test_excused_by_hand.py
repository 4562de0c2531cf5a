"""Human resources make rules: none of these excuses whom they may not excuse themselves."""

from datetime import date

import pytest

from courseware.accounts.models import Membership
from courseware.assignments import acting
from courseware.assignments.fitting import Because, Why
from courseware.assignments.models import AssignmentRule
from courseware.assignments.rehearsal import rehearse_rule
from courseware.learning.models import Enrollment
from tests.assignments.rules import make_rule
from tests.making import join, make_admin, make_auditor, make_course, make_editor, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 30)
WHO = {
    "HR": make_hr,
    "auditor": make_auditor,
    "editor": make_editor,
    "admin": make_admin,
    "learner": make_user,
    "manager": lambda: make_team(manager=make_user()).manager,
}
EXCUSED_BY_A_RULE = {"learner", "manager"}


def test_a_rule_enrolls_everybody_and_excuses_only_who_is_no_staff_no_auditor_and_not_of_human_resources():
    team, people = make_team(), {name: make() for name, make in WHO.items()}
    for person in people.values():
        join(team, person)
    make_rule(make_course(), team_id=team.pk, excuses=True)
    assert acting.act(MONDAY) == "enroll: 6"
    Membership.objects.filter(team=team, role="learner").delete()
    rehearsal = rehearse_rule(AssignmentRule.objects.get(), MONDAY)
    assert rehearsal.number == 2
    assert rehearsal.outside[Because(Why.BY_HAND)] == 4
    assert acting.act(MONDAY) == "excuse: 2"
    excused = set(Enrollment.objects.exclude(waived_at=None).values_list("learner", flat=True))
    assert excused == {people[name].pk for name in EXCUSED_BY_A_RULE}
    assert acting.act(MONDAY) == ""
