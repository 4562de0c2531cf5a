"""Which due day was given by hand, by whom, and what it was before: absences never make anybody forget it."""

from datetime import date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.accounts.away import Away
from courseware.learning.adjusting import adjust, undo
from courseware.learning.adjustments import Adjustment
from courseware.learning.enrolling import extend
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.models import Enrollment
from courseware.learning.postponing import change_away, days_moved_on, mark_away, settle_all, take_back_away
from courseware.lib import dates
from courseware.reporting.consistency import differences
from tests.learning.test_postponing import FRIDAY, MONDAY, ZONE, december
from tests.making import make_course, make_enrollment, make_user


@pytest.fixture
def clock(db):
    make_course()
    with time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=ZONE), tick=True) as clock:
        yield clock


def due(last_day):
    return make_enrollment(due_at=dates.due_instant(last_day, ZONE))


def as_it_is(enrollment):
    """(the last day, who gave it by hand)"""
    enrollment = Enrollment.objects.get(pk=enrollment.pk)
    return enrollment.due_on, enrollment.due_given_by


def take_back(adjustment):
    done, _left = undo(adjustment, list(adjustment.lines.all()), by=None)
    return len(done)


def test_it_says_who_gave_the_last_day_that_stands(clock):
    run, lead, other = due(FRIDAY), make_user(), make_user()
    assert as_it_is(run) == (FRIDAY, None)
    extend(run, december(1), by=lead)
    second = extend(run, december(2), by=other)
    assert as_it_is(run) == (december(2), other)
    take_back(second)
    assert as_it_is(run) == (december(1), lead)


def test_the_records_are_compared_with_who_gave_which_day(clock):
    run, untouched = due(FRIDAY), due(FRIDAY)
    extend(run, december(1), by=make_user())
    take_back(extend(untouched, december(1), by=make_user()))
    assert list(differences()) == []
    Enrollment.objects.filter(pk=run.pk).update(due_given_at=None)
    assert list(differences()) == [f"enrollment {run.pk}: due_given_at is not that of the last day given by hand"]


def test_an_absence_that_is_followed_before_the_undo_makes_nobody_forget_the_day_of_before(clock):
    run, lead = due(FRIDAY), make_user()
    away = mark_away(run.learner, MONDAY, FRIDAY, by=None)
    assert as_it_is(run) == (december(4), None)
    adjustment = extend(run, december(15), by=lead)
    settle_all()
    assert as_it_is(run) == (december(15), lead)  # who gave it knew of the absence
    assert take_back(adjustment) == 1
    assert as_it_is(run) == (december(4), None)
    settle_all()
    take_back_away(away, by=None)
    assert as_it_is(run) == (FRIDAY, None)


def test_an_absence_noted_after_the_extension_does_not_stop_the_undo_and_counts_for_the_day_of_before(clock):
    run = due(FRIDAY)
    adjustment = extend(run, december(15), by=make_user())
    mark_away(run.learner, MONDAY, date(2026, 11, 24), by=None)
    assert as_it_is(run)[0] == december(17)
    assert take_back(adjustment) == 1
    assert as_it_is(run) == (december(1), None)
    assert days_moved_on(Enrollment.objects.get(pk=run.pk)) == 2


def test_an_absence_that_was_changed_meanwhile_counts_as_it_is_now(clock):
    run = due(FRIDAY)
    away = mark_away(run.learner, MONDAY, FRIDAY, by=None)
    adjustment = extend(run, december(15), by=make_user())
    change_away(away, MONDAY, MONDAY, by=None)
    assert as_it_is(run)[0] == december(15)
    take_back(adjustment)
    assert as_it_is(run)[0] == date(2026, 11, 30)


def test_the_day_to_which_an_absence_has_held_or_moved_a_due_day_is_another_one_when_it_is_given_by_hand(clock):
    late, moved = due(date(2026, 11, 19)), due(FRIDAY)
    of_moved = mark_away(moved.learner, MONDAY, FRIDAY, by=None)
    mark_away(late.learner, MONDAY, date(2026, 12, 11), by=None)
    clock.move_to(datetime(2026, 11, 24, 9, tzinfo=ZONE))
    settle_all()
    lead = make_user()
    for run, day in ((late, december(11)), (moved, december(4))):
        assert as_it_is(run) == (day, None)
        assert extend(run, day, by=lead)
        assert extend(run, day, by=lead) is None
        settle_all()
        assert extend(run, day, by=lead) is None
        assert as_it_is(run) == (day, lead)
    change_away(of_moved, MONDAY, MONDAY, by=None)
    clock.move_to(datetime(2026, 12, 14, 9, tzinfo=ZONE))
    settle_all()
    assert as_it_is(late) == (december(11), lead)
    assert as_it_is(moved) == (december(4), lead)
    assert list(differences()) == []


def test_taking_back_costs_as_many_statements_for_three_as_for_one(clock):
    def statements(people):
        runs = [due(FRIDAY) for _ in range(people)]
        for run in runs:
            mark_away(run.learner, MONDAY, FRIDAY, by=None)
        given = Adjustment(kind=Extend.kind, due_on=december(15), made_by=make_user())
        adjustment, _refused = adjust(runs, given)
        with CaptureQueriesContext(connection) as queries:
            assert take_back(adjustment) == people
        return len(queries)

    assert statements(1) == statements(3)


def test_an_absence_known_when_a_day_was_given_moves_it_by_the_days_more_at_either_end_and_never_by_those_known(clock):
    run = due(FRIDAY)
    mark_away(run.learner, MONDAY, FRIDAY, by=None)
    extend(run, december(10), by=None)
    for first, last, expected in [
        (date(2026, 11, 19), FRIDAY, december(14)),  # Thursday and Friday before
        (date(2026, 11, 21), FRIDAY, december(10)),  # a weekend is no day of work
        (MONDAY, december(1), december(14)),
        (date(2026, 11, 20), november_30 := date(2026, 11, 30), december(14)),
        (date(2026, 11, 25), date(2026, 11, 26), december(10)),
        (november_30, december(1), december(14)),  # others than those that were known
        (MONDAY, FRIDAY, december(10)),
    ]:
        change_away(Away.objects.get(), first, last, by=None)
        assert (first, last, as_it_is(run)[0]) == (first, last, expected)


def test_of_two_absences_that_were_known_the_earlier_one_counts_by_the_days_more(clock):
    run = due(FRIDAY)
    mark_away(run.learner, date(2026, 11, 18), date(2026, 11, 18), by=None)
    mark_away(run.learner, MONDAY, FRIDAY, by=None)
    extend(run, december(10), by=None)
    change_away(Away.objects.earliest("first_day"), date(2026, 11, 18), date(2026, 11, 19), by=None)
    assert as_it_is(run)[0] == december(11)
