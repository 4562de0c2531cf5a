"""What a rule or somebody did is taken back, and the run is one of two accounts that were merged since."""

import pytest

from courseware.assignments.acting import act
from courseware.assignments.merging import merge, undo_merge
from courseware.assignments.switching import runs_that_stay, take_back_deeds
from courseware.learning.adjusting import enroll_people, undo
from courseware.learning.adjustments import Adjustment
from courseware.learning.enrolling import enroll
from courseware.learning.manager_actions import ENROLL
from courseware.learning.manager_actions.manager_action import Stays
from courseware.learning.models import Enrollment
from courseware.outbox.models import Message, MessageState
from courseware.reporting.consistency import differences
from tests.assignments.rules import make_rule
from tests.making import join, make_admin, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept():
    return make_user("王小明")


@pytest.fixture
def other():
    return make_user("王晓明")


@pytest.fixture
def rule(course, other):
    """By which the other account is enrolled."""
    team = make_team("Night shift")
    join(team, other)
    rule = make_rule(course, team_id=team.pk)
    assert act() == "enroll: 1"
    return rule


def runs():
    """Each run: whether it is the newest, whether it is excused."""
    rows = Enrollment.objects.order_by("pk").values_list("is_newest", "waived_at")
    return [(is_newest, waived is not None) for is_newest, waived in rows]


def test_a_run_that_stands_for_another_account_is_not_taken_back_with_its_rule(kept, other, course, rule, hr):
    enroll(kept, course, by=hr)
    merge(kept, other, by=hr)
    assert runs() == [(True, False), (False, True)]
    assert take_back_deeds(rule, by=hr) == 0
    assert runs() == [(True, False), (False, True)]
    assert runs_that_stay(rule, make_hr()).count() == 1


def test_a_run_that_was_brought_alone_is_taken_back_with_its_rule(kept, other, rule, hr):
    row = merge(kept, other, by=hr)
    assert take_back_deeds(rule, by=hr) == 1
    assert runs() == []
    undo_merge(row, by=hr)
    assert list(differences()) == []


def test_once_the_merge_is_undone_the_run_goes_with_its_rule(kept, other, course, rule, hr):
    enroll(kept, course, by=hr)
    undo_merge(merge(kept, other, by=hr), by=hr)
    assert take_back_deeds(rule, by=hr) == 1
    assert runs() == [(True, False)]


def test_who_was_told_of_the_run_in_the_other_account_is_excused_and_not_left_wondering(kept, other, rule, hr):
    assert Message.objects.filter(person=other).update(state=MessageState.SENT) == 1
    merge(kept, other, by=hr)
    assert take_back_deeds(rule, by=hr) == 1
    assert runs() == [(True, True)]


def test_who_was_enrolled_by_mistake_stays_so_where_that_run_goes_on_for_the_other_account(kept, other, course, hr):
    mistake = Adjustment(kind=ENROLL.kind, course=course, made_by=hr)
    mistake, _refused = enroll_people([other.pk], mistake)
    enroll(kept, course, by=make_admin())
    merge(kept, other, by=hr)
    done, left = undo(mistake, list(mistake.lines.all()), by=hr)
    assert done == []
    assert [each.why for each in left] == [Stays.LATER]
    assert runs() == [(True, False), (False, True)]
