"""Who is away is not late, and comes back to due days that have waited."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.calendar.working_days import Calendar, shipped
from courseware.accounts.models import Absence, CalendarDay, User
from courseware.audit_log.models import Event
from courseware.learning.due_dates.absence_shifts import (
    AbsenceOverlap,
    DaysAway,
    change_absence,
    is_any_not_settled,
    lock_person,
    moved_on,
    record_absence,
    settle,
    settle_all,
    shifted_days,
    undo_absence,
)
from courseware.learning.enrollments.adjustments import adjust, undo
from courseware.learning.enrollments.enrollment import EnrollmentClosed, alone, exempt, extend
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.extra_time import SetExtraTime
from courseware.learning.models import Adjustment, Enrollment
from courseware.learning.status.states import State
from courseware.lib import dates
from courseware.lib.dates import site_day
from courseware.reporting.integrity.check_all import differences
from tests.faults.sites import wait_until
from tests.making import days, join, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
CHINA = Calendar(shipped("cn"))
DAY = timedelta(days=1)
# November 2026 begins on a Sunday and has no holiday.
MONDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 27)


def november(day):
    return date(2026, 11, day)


def december(day):
    return date(2026, 12, day)


@pytest.fixture
def clock(db):
    make_course()
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=ZONE), tick=False) as clock:
        yield clock


def on(clock, day, hour=9):
    """The morning of that day, and what the job does by then."""
    clock.move_to(datetime.combine(day, time(hour), tzinfo=ZONE))
    settle_all()


def due(last_day, **fields):
    return make_enrollment(
        due_at=dates.due_instant(last_day, ZONE), enrolled_at=datetime(2026, 11, 2, tzinfo=UTC), **fields
    )


def due_on(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk).due_on


def state(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk).state_at()


def moves():
    """What the log says, oldest first."""
    said = Event.objects.filter(verb="due-date-shifted").order_by("pk")
    return [(event.subject, day_of(event.data["from"]), day_of(event.data["to"])) for event in said]


def day_of(text):
    return dates.due_date(datetime.fromisoformat(text), ZONE)


# The rule ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_day", "absences", "today", "expected"),
    [
        ("a due day behind the absence", [(23, 27)], 2, (december(7), 5)),
        ("within it", [(30, 30)], 2, (december(1), 1)),
        ("a free day within it", [(28, 30)], 2, (december(1), 1)),
        ("before it, and it has not begun", [(24, 27)], 2, (november(23), 0)),
        ("before it, and it has begun", [(24, 27)], 24, (november(27), 4)),
        ("two of them", [(16, 17), (19, 19)], 2, (december(3), 3)),
        ("the second is reached by the first alone", [(26, 27), (30, 30)], 2, (december(2), 3)),
        ("only a weekend", [(21, 22)], 2, (november(30), 0)),
        ("it was over before the day was given", [(3, 4)], 20, (november(30), 0)),
        ("it had begun before the day was given", [(3, 6)], 20, (december(1), 1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_due_day_moves_on_by_the_working_days_away(given_day, absences, today, expected):
    given_days = {
        "within it": november(30), "a free day within it": november(28),
        "before it, and it has not begun": MONDAY, "before it, and it has begun": MONDAY,
        "the second is reached by the first alone": november(27),
    }  # fmt: skip
    day = given_days.get(given_day, november(30))
    spans = [DaysAway(november(first), november(last), since=november(6)) for first, last in absences]
    assert moved_on(day, spans, CHINA, today=november(today)) == expected


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def spans_apart(draw):
    day, spans = draw(DAYS), []
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=4)):
        first = day + gap * DAY
        spans.append((first, first + length * DAY))
        day = first + (length + 1) * DAY
    return spans


def counted(spans, since):
    return [DaysAway(*span, since) for span in spans]


@given(DAYS, spans_apart(), DAYS, DAYS)
def test_no_due_day_gets_nearer_and_none_is_moved_by_more_days_than_somebody_was_away(day, spans, since, today):
    moved, days = moved_on(day, counted(spans, since), CHINA, today=today)
    away = {first + number * DAY for first, last in spans for number in range((last - first).days + 1)}
    assert moved >= day
    assert days <= sum(CHINA.is_working(each) for each in away if each >= since)


@given(DAYS, spans_apart())
def test_as_many_working_days_are_left_as_without_the_absences(day, spans):
    """Counted from the first of January: what an absence takes, the moved day gives back."""
    begin = date(2026, 1, 1)
    moved, _days = moved_on(day, counted(spans, begin), CHINA, today=begin)
    away = {first + number * DAY for first, last in spans for number in range((last - first).days + 1)}

    def left(until):
        return sum(CHINA.is_working(each) and each not in away for each in every_day(begin, until))

    if CHINA.is_working(day):
        assert left(moved) == left(day) + sum(CHINA.is_working(each) for each in every_day(begin, day) if each in away)


def every_day(first, last):
    return [first + number * DAY for number in range((last - first).days + 1)]


@given(DAYS, spans_apart())
def test_nobody_who_left_in_time_comes_back_late(day, spans):
    moved, _days = moved_on(day, counted(spans, date(2026, 1, 1)), CHINA, today=date(2026, 1, 1))
    assert not any(first <= moved <= last for first, last in spans)


# Kept ----------------------------------------------------------------------------------------------------------------


def test_the_log_says_who_is_away_and_which_day_was_moved(clock):
    learner, lead = make_user(), make_user()
    mine, _others = due(FRIDAY, learner=learner), due(FRIDAY)
    record_absence(learner, MONDAY, FRIDAY, why="training", by=lead)
    away = Absence.objects.get()
    said = Event.objects.get(verb="away")
    assert (said.subject, said.actor, said.data) == (
        f"person:{learner.pk}", lead, {"away": away.pk, "first_day": "2026-11-23", "last_day": "2026-11-27"}
    )  # fmt: skip
    assert moves() == [(f"enrollment:{mine.pk}", FRIDAY, december(4))]


def test_the_same_days_again_are_the_same_absence_and_a_job_that_runs_twice_moves_nothing(clock):
    learner = make_user()
    mine = due(FRIDAY, learner=learner)
    first = record_absence(learner, MONDAY, FRIDAY, by=None)
    assert record_absence(learner, MONDAY, FRIDAY, by=None) == first
    for day in (MONDAY, november(25), november(28), november(30)):
        on(clock, day)
        settle_all()
    assert due_on(mine) == december(4)
    assert len(moves()) == 1


def test_days_of_another_absence_are_refused(clock):
    learner = make_user()
    away = record_absence(learner, MONDAY, FRIDAY, by=None)
    with pytest.raises(AbsenceOverlap):
        record_absence(learner, FRIDAY, december(4), by=None)
    beside = record_absence(learner, november(28), december(4), by=None)
    with pytest.raises(AbsenceOverlap):
        change_absence(beside, FRIDAY, december(4), by=None)
    record_absence(make_user(), MONDAY, FRIDAY, by=None)
    assert set(Absence.objects.filter(person=learner)) == {away, beside}


def test_nobody_is_overdue_while_away_and_who_was_before_is_again_afterwards(clock):
    learner = make_user()
    mine = due(november(20), learner=learner)
    on(clock, MONDAY)
    assert state(mine) is State.OVERDUE
    record_absence(learner, MONDAY, FRIDAY, by=None)
    for day in every_day(MONDAY, FRIDAY):
        on(clock, day, hour=23)
        assert state(mine) is not State.OVERDUE
    clock.move_to(datetime(2026, 11, 28, tzinfo=ZONE))
    assert state(mine) is State.OVERDUE  # at once, before any job
    on(clock, november(28))
    # Two days late without the week away: Saturday and Sunday of before.
    assert (state(mine), due_on(mine)) == (State.OVERDUE, FRIDAY)


def test_an_absence_to_come_leaves_alone_what_is_due_before_it(clock):
    learner = make_user()
    mine = due(november(20), learner=learner)
    record_absence(learner, MONDAY, FRIDAY, by=None)
    assert due_on(mine) == november(20)
    on(clock, MONDAY)
    assert due_on(mine) == FRIDAY


def test_who_comes_back_earlier_has_the_due_day_moved_by_the_days_really_away(clock):
    learner = make_user()
    mine = due(FRIDAY, learner=learner)
    away = record_absence(learner, MONDAY, FRIDAY, by=None)
    on(clock, november(25))
    assert change_absence(away, MONDAY, november(24), by=None)
    assert due_on(mine) == december(1)
    assert not change_absence(away, MONDAY, november(24), by=None)
    assert change_absence(Absence.objects.get(), MONDAY, december(2), by=None)
    assert due_on(mine) == december(9)


def test_an_absence_taken_back_gives_the_day_of_before_to_the_very_instant(clock):
    learner = make_user()
    mine = due(november(29), learner=learner)  # a Sunday, which no counting of working days finds again
    away = record_absence(learner, MONDAY, december(4), by=None)
    assert due_on(mine) == december(11)
    assert undo_absence(away, by=None)
    assert Enrollment.objects.get(pk=mine.pk).due_at == mine.due_at
    assert not undo_absence(away, by=None)
    assert [event.verb for event in Event.objects.filter(subject=f"person:{learner.pk}").order_by("pk")] == [
        "away", "absence-undone",
    ]  # fmt: skip


def test_an_absence_that_is_taken_back_while_somebody_changes_it_is_gone(clock):
    away = record_absence(due(november(20)).learner, november(9), november(13), by=None)
    undo_absence(away, by=None)
    assert change_absence(away, november(9), november(10), by=None) is False


def test_who_is_enrolled_while_away_has_the_due_day_moved_by_the_days_that_are_left(clock):
    learner = make_user()
    record_absence(learner, MONDAY, FRIDAY, by=None)
    on(clock, november(26))
    new = make_enrollment(learner=learner, due_at=dates.due_instant(december(4), ZONE))
    assert is_any_not_settled()
    settle_all()
    assert due_on(new) == december(8)
    assert not is_any_not_settled()


def test_what_is_completed_or_excused_or_has_no_day_is_left_alone(clock):
    learner = make_user()
    none = make_enrollment(learner=learner)
    record_absence(learner, MONDAY, FRIDAY, by=None)
    assert due_on(none) is None
    excused = due(FRIDAY)
    exempt(excused, "moved", by=None)
    record_absence(excused.learner, MONDAY, FRIDAY, by=None)
    done = due(FRIDAY, completed_at=datetime(2026, 11, 2, tzinfo=UTC))
    record_absence(done.learner, MONDAY, FRIDAY, by=None)
    assert (due_on(excused), due_on(done)) == (FRIDAY, FRIDAY)
    assert moves() == []
    with pytest.raises(EnrollmentClosed):
        extend(excused, december(4), by=None)


def test_the_days_are_those_of_the_persons_team_its_zone_and_its_holidays(clock):
    team, learner = make_team(time_zone="America/New_York"), make_user()
    join(team, learner)
    zone = ZoneInfo("America/New_York")
    CalendarDay.objects.create(team=team, day=november(26), is_free=True, name="Thanksgiving")
    mine = make_enrollment(learner=learner, due_at=dates.due_instant(FRIDAY, zone))
    away = record_absence(learner, november(25), november(26), by=None)
    assert (away.begins_at, away.ends_at) == (
        datetime(2026, 11, 25, tzinfo=zone), datetime(2026, 11, 27, tzinfo=zone)
    )  # fmt: skip
    assert due_on(mine) == november(30)  # one working day, for Thanksgiving is none


def test_absences_come_to_the_same_in_whichever_order_they_are_told_changed_and_followed(clock):
    spans = [(november(9), november(10)), (MONDAY, FRIDAY), (december(7), december(8))]
    found = []
    for order in (spans, spans[::-1], [spans[1], spans[2], spans[0]]):
        clock.move_to(datetime(2026, 11, 2, 9, tzinfo=ZONE))
        learner = make_user()
        mine = due(november(12), learner=learner)
        wrong = record_absence(learner, december(21), december(24), by=None)
        for span in order:
            record_absence(learner, *span, by=None)
        undo_absence(wrong, by=None)
        found.append([due_on(mine), *(on(clock, day) or due_on(mine) for day in (MONDAY, december(1), december(9)))])
    # Two working days for the first, five more for the second: late since the 17th, and away again in December.
    assert found == [[november(16), FRIDAY, november(23), november(25)]] * 3


def take_back(run):
    adjustment = Adjustment.objects.get()
    undo(adjustment, list(adjustment.lines.all()), by=None)


def give_time(run):
    alone(run, Adjustment(kind=SetExtraTime.kind, time="2"))


ACTS = {"given": give_time, "withdrawn": take_back}


def is_anybody_waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("act", ACTS)
def test_time_is_given_while_absences_move_due_days(act, transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nothing is changed at once")
    run = make_enrollment(due_at=days(9))
    record_absence(run.learner, site_day(), site_day(), by=None)
    if act == "withdrawn":
        give_time(run)

    def in_a_connection_of_its_own():
        try:
            ACTS[act](run)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_person(run.learner)
            acting = pool.submit(in_a_connection_of_its_own)
            wait_until(is_anybody_waiting, "nobody waits")
            settle(run.learner, None, timezone.now())
        acting.result(60)
    assert User.objects.get(pk=run.learner_id).extra_time == ("2" if act == "given" else "")


@pytest.fixture
def ticking(db):
    make_course()
    with time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=ZONE), tick=True) as ticking:
        yield ticking


def due_by(last_day):
    return make_enrollment(due_at=dates.due_instant(last_day, ZONE))


def as_it_is(enrollment):
    """(the last day, who gave it by hand)"""
    enrollment = Enrollment.objects.get(pk=enrollment.pk)
    return enrollment.due_on, enrollment.due_given_by


def undone(adjustment):
    done, _left = undo(adjustment, list(adjustment.lines.all()), by=None)
    return len(done)


def test_it_says_who_gave_the_last_day_that_stands(ticking):
    run, lead, other = due_by(FRIDAY), make_user(), make_user()
    assert as_it_is(run) == (FRIDAY, None)
    extend(run, december(1), by=lead)
    second = extend(run, december(2), by=other)
    assert as_it_is(run) == (december(2), other)
    undone(second)
    assert as_it_is(run) == (december(1), lead)


def test_the_records_are_compared_with_who_gave_which_day(ticking):
    run, untouched = due_by(FRIDAY), due_by(FRIDAY)
    extend(run, december(1), by=make_user())
    undone(extend(untouched, december(1), by=make_user()))
    assert list(differences()) == []
    Enrollment.objects.filter(pk=run.pk).update(due_given_at=None)
    assert list(differences()) == [f"enrollment {run.pk}: due_given_at differs from that of the latest manual due date"]


def test_an_absence_that_is_followed_before_the_undo_makes_nobody_forget_the_day_of_before(ticking):
    run, lead = due_by(FRIDAY), make_user()
    away = record_absence(run.learner, MONDAY, FRIDAY, by=None)
    assert as_it_is(run) == (december(4), None)
    adjustment = extend(run, december(15), by=lead)
    settle_all()
    assert as_it_is(run) == (december(15), lead)  # who gave it knew of the absence
    assert undone(adjustment) == 1
    assert as_it_is(run) == (december(4), None)
    settle_all()
    undo_absence(away, by=None)
    assert as_it_is(run) == (FRIDAY, None)


def test_an_absence_noted_after_the_extension_does_not_stop_the_undo_and_counts_for_the_day_of_before(ticking):
    run = due_by(FRIDAY)
    adjustment = extend(run, december(15), by=make_user())
    record_absence(run.learner, MONDAY, date(2026, 11, 24), by=None)
    assert as_it_is(run)[0] == december(17)
    assert undone(adjustment) == 1
    assert as_it_is(run) == (december(1), None)
    assert shifted_days(Enrollment.objects.get(pk=run.pk)) == 2


def test_an_absence_that_was_changed_meanwhile_counts_as_it_is_now(ticking):
    run = due_by(FRIDAY)
    away = record_absence(run.learner, MONDAY, FRIDAY, by=None)
    adjustment = extend(run, december(15), by=make_user())
    change_absence(away, MONDAY, MONDAY, by=None)
    assert as_it_is(run)[0] == december(15)
    undone(adjustment)
    assert as_it_is(run)[0] == date(2026, 11, 30)


def test_the_day_to_which_an_absence_has_held_or_moved_a_due_day_is_another_one_when_it_is_given_by_hand(ticking):
    late, moved = due_by(date(2026, 11, 19)), due_by(FRIDAY)
    of_moved = record_absence(moved.learner, MONDAY, FRIDAY, by=None)
    record_absence(late.learner, MONDAY, date(2026, 12, 11), by=None)
    ticking.move_to(datetime(2026, 11, 24, 9, tzinfo=ZONE))
    settle_all()
    lead = make_user()
    for run, day in ((late, december(11)), (moved, december(4))):
        assert as_it_is(run) == (day, None)
        assert extend(run, day, by=lead)
        assert extend(run, day, by=lead) is None
        settle_all()
        assert extend(run, day, by=lead) is None
        assert as_it_is(run) == (day, lead)
    change_absence(of_moved, MONDAY, MONDAY, by=None)
    ticking.move_to(datetime(2026, 12, 14, 9, tzinfo=ZONE))
    settle_all()
    assert as_it_is(late) == (december(11), lead)
    assert as_it_is(moved) == (december(4), lead)
    assert list(differences()) == []


def test_taking_back_costs_as_many_statements_for_three_as_for_one(ticking):
    def statements(people):
        runs = [due_by(FRIDAY) for _ in range(people)]
        for run in runs:
            record_absence(run.learner, MONDAY, FRIDAY, by=None)
        given = Adjustment(kind=Extend.kind, due_on=december(15), made_by=make_user())
        adjustment, _refused = adjust(runs, given)
        with CaptureQueriesContext(connection) as queries:
            assert undone(adjustment) == people
        return len(queries)

    assert statements(1) == statements(3)


def test_an_absence_known_when_a_day_was_given_moves_it_by_the_days_more_at_either_end_and_never_by_those_known(
    ticking,
):
    run = due_by(FRIDAY)
    record_absence(run.learner, MONDAY, FRIDAY, by=None)
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
        change_absence(Absence.objects.get(), first, last, by=None)
        assert (first, last, as_it_is(run)[0]) == (first, last, expected)


def test_of_two_absences_that_were_known_the_earlier_one_counts_by_the_days_more(ticking):
    run = due_by(FRIDAY)
    record_absence(run.learner, date(2026, 11, 18), date(2026, 11, 18), by=None)
    record_absence(run.learner, MONDAY, FRIDAY, by=None)
    extend(run, december(10), by=None)
    change_absence(Absence.objects.earliest("first_day"), date(2026, 11, 18), date(2026, 11, 19), by=None)
    assert as_it_is(run)[0] == december(11)
