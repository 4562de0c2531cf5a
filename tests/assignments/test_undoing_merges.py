"""A merge of two accounts that is undone: everything is as before, and what was done since stays where it was done."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.assignments.merging import CannotUndo, StaysMerged, merge, undo_merge
from courseware.evidence.models import Event
from courseware.learning.models import Enrollment
from tests.assignments.two_accounts import another_course, assert_all_agrees, facts, make_run, runs, state
from tests.making import make_user
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db


def test_undone_within_the_day_everything_reads_as_before(kept, other, course, hr):
    second = another_course(b"coffee-room")
    make_run(kept, course)
    finish_lessons(make_run(other, course))
    complete_course(make_run(other, second))
    make_run(kept, second)
    before = state()
    row = merge(kept, other, by=hr)
    assert state() != before
    assert undo_merge(row, by=hr).undone_by == hr
    assert state() == before
    assert_all_agrees()
    again = merge(kept, other, by=hr)
    assert_all_agrees()
    undo_merge(again, by=hr)
    assert state() == before
    assert_all_agrees()


def test_what_was_done_since_stays_where_it_was_done(kept, other, course, hr):
    own, brought = make_run(kept, course), make_run(other, course)
    finish_lessons(brought)
    row = merge(kept, other, by=hr)
    complete_course(Enrollment.objects.get(pk=brought.pk))
    done = facts()
    undo_merge(row, by=hr)
    assert facts() == done
    assert [(name, waived) for name, _newest, waived in runs()] == [("王小明", False), ("王晓明", False)]
    assert Enrollment.objects.get(pk=own.pk).is_open
    assert_all_agrees()


def test_what_the_merge_closed_stays_closed_where_another_run_was_opened_since(kept, other, course, hr):
    make_run(kept, course)
    finish_lessons(make_run(other, course))
    row = merge(kept, other, by=hr)
    complete_course(Enrollment.objects.get(is_newest=True))
    make_run(kept, course)
    undo_merge(row, by=hr)
    assert runs() == [("王小明", False, True), ("王晓明", True, False), ("王小明", True, False)]
    assert_all_agrees()


def test_who_had_left_before_has_left_again(kept, other, hr):
    other.is_active = False
    other.save()
    undo_merge(merge(kept, other, by=hr), by=hr)
    other.refresh_from_db()
    assert not other.is_active


def test_repeated_it_is_the_same_row_and_changes_nothing(kept, other, course, hr):
    make_run(other, course)
    row = merge(kept, other, by=hr)
    events = Event.objects.count()
    assert merge(kept, other, by=hr) == row
    assert Event.objects.count() == events
    undo_merge(row, by=hr)
    with pytest.raises(CannotUndo) as refused:
        undo_merge(row, by=hr)
    assert refused.value.why == StaysMerged.UNDONE


def test_a_day_later_it_stays(kept, other, hr):
    now = timezone.now()
    row = merge(kept, other, by=hr, at=now)
    with pytest.raises(CannotUndo) as refused:
        undo_merge(row, by=hr, at=now + timedelta(days=1, seconds=1))
    assert refused.value.why == StaysMerged.LATE
    undo_merge(row, by=hr, at=now + timedelta(days=1))


def test_of_two_merges_the_later_one_is_undone_first(kept, other, course, hr):
    third = make_user("Wang Xiaoming")
    for person in (kept, other, third):
        make_run(person, course)
    before = state()
    first, second = merge(kept, other, by=hr), merge(kept, third, by=hr)
    assert_all_agrees()
    with pytest.raises(CannotUndo) as refused:
        undo_merge(first, by=hr)
    assert refused.value.why == StaysMerged.LATER
    undo_merge(second, by=hr)
    assert_all_agrees()
    undo_merge(first, by=hr)
    assert state() == before
    assert_all_agrees()
