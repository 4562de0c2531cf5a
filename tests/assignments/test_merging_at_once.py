"""Two merges in one moment, and a merge while the person learns: whoever comes second sees what the first has done."""

from contextlib import suppress

import pytest

from courseware.accounts.mergeable import CannotMerge
from courseware.accounts.merges import Merge
from courseware.assignments.merging import CannotUndo, merge, undo_merge
from courseware.learning.enrolling import enroll
from courseware.learning.models import Enrollment
from courseware.reporting.consistency import differences
from tests.making import join, make_admin, make_course, make_hr, make_team, make_user
from tests.site.test_chains import postgres, together  # noqa: F401 - a fixture
from tests.world import finish_lessons

ROUNDS = 4


@pytest.fixture
def pairs(postgres):  # noqa: F811
    """Two accounts of one person, enrolled in one course, as often as there are rounds."""
    course, team, admin = make_course(), make_team(), make_admin()
    found = []
    for _round in range(ROUNDS):
        kept, other = make_user(), make_user()
        join(team, kept)
        join(team, other)
        found.append((kept, other, enroll(kept, course, by=admin), enroll(other, course, by=admin)))
    return found


def refused_or_done(act, *args, **kwargs):
    with suppress(CannotMerge, CannotUndo):
        return act(*args, **kwargs)


def test_of_two_merges_of_the_same_two_one_is_done(pairs):
    for kept, other, *_runs in pairs:
        one, two = make_hr(), make_hr()
        together(
            lambda kept=kept, other=other, one=one: refused_or_done(merge, kept, other, by=one),
            lambda kept=kept, other=other, two=two: refused_or_done(merge, other, kept, by=two),
        )
    assert Merge.objects.standing().count() == len(pairs)
    assert list(differences()) == []


def test_the_same_merge_twice_is_one_row_and_undone_twice_is_undone_once(pairs):
    hr = make_hr()
    for kept, other, *_runs in pairs:
        rows = together(*[lambda kept=kept, other=other: merge(kept, other, by=hr)] * 2)
        assert rows[0] == rows[1]
        undone = together(*[lambda row=rows[0]: refused_or_done(undo_merge, row, by=hr)] * 2)
        assert sorted(each is None for each in undone) == [False, True]
    assert list(differences()) == []


@pytest.mark.parametrize("place", [2, 3])
def test_who_learns_meanwhile_loses_nothing(pairs, place):
    hr = make_hr()
    for row in pairs:
        kept, other, run = row[0], row[1], row[place]
        together(lambda run=run: learn(run), lambda kept=kept, other=other: merge(kept, other, by=hr))
        assert Enrollment.objects.filter(learner=kept, is_newest=True, waived_at=None).count() == 1
    assert list(differences()) == []
    for merged in Merge.objects.all():
        undo_merge(merged, by=hr)
    assert list(differences()) == []
    assert Enrollment.objects.open().count() == 2 * len(pairs)


def learn(run):
    finish_lessons(run)


def test_who_is_enrolled_in_one_moment_with_it_waits_or_is_brought_along(pairs):
    hr, admin = make_hr(), make_admin()
    for kept, other, own, theirs in pairs:
        Enrollment.objects.filter(pk__in=[own.pk, theirs.pk]).delete()
        course = own.course
        together(
            lambda other=other, course=course: enroll(other, course, by=admin),
            lambda kept=kept, other=other: merge(kept, other, by=hr),
        )
        left = Enrollment.objects.filter(learner=other)  # where it came after the merge, it is named
        said = [line for line in differences() if "another name" in line and f"person {other.pk}" in line]
        assert len(said) == left.count()
