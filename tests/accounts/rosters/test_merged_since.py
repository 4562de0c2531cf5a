"""A list that was compared, and then accounts were merged, or a merge undone, before somebody said yes to it."""

import pytest

from courseware.accounts.models import User
from courseware.assignments.merging import merge, undo_merge
from tests.accounts.rosters.firms import apply, compared, outcomes
from tests.making import make_hr, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr():
    return make_hr(name="He Ran", staff_number="H1")


@pytest.fixture
def kept():
    return make_user("王小明", staff_number="A12")


@pytest.fixture
def other():
    return make_user("王晓明", staff_number="B7")


def test_nobody_leaves_whose_other_name_is_in_the_list(kept, other, hr):
    roster = compared(["B7", "王晓明", "", ""], ["H1", "He Ran", "", ""], is_whole_firm=True)
    merge(kept, other, by=hr)
    assert outcomes(apply(roster)) == {"conflict": ["王小明"]}
    assert User.objects.get(pk=kept.pk).is_active


def test_nobody_is_changed_by_a_row_with_a_name_that_is_somebody_elses_again(kept, other, hr):
    row = merge(kept, other, by=hr)
    roster = compared(["B7", "Wang Xiaoming", "", ""])
    undo_merge(row, by=hr)
    assert outcomes(apply(roster)) == {"conflict": [2]}
    assert User.objects.get(pk=kept.pk).name == "王小明"


def test_what_was_merged_before_is_no_conflict(kept, other, hr):
    merge(kept, other, by=hr)
    assert outcomes(apply(compared(["B7", "Wang Xiaoming", "", ""]))) == {"done": [2]}
    assert User.objects.get(pk=kept.pk).name == "Wang Xiaoming"
