"""Absences: nothing is due meanwhile, and due dates shift by the working days missed."""

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


def go_to(clock, day, hour=9):
    """Move the clock to this day and run the job."""
    clock.move_to(datetime.combine(day, time(hour), tzinfo=ZONE))
    settle_all()


def enroll_due(last_day, **fields):
    return make_enrollment(
        due_at=dates.due_instant(last_day, ZONE), enrolled_at=datetime(2026, 11, 2, tzinfo=UTC), **fields
    )


def due_on(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk).due_on


def state(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk).state_at()


def logged_shifts():
    """Shifts in the audit log, oldest first."""
    events = Event.objects.filter(verb="due-date-shifted").order_by("pk")
    return [(event.subject, day_of(event.data["from"]), day_of(event.data["to"])) for event in events]


def day_of(text):
    return dates.due_date(datetime.fromisoformat(text), ZONE)


# Calculation ---------------------------------------------------------------------------------------------------------


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
def test_due_date_shifts_by_working_days_of_absence(given_day, absences, today, expected):
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
def separate_spans(draw):
    day, spans = draw(DAYS), []
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=4)):
        first = day + gap * DAY
        spans.append((first, first + length * DAY))
        day = first + (length + 1) * DAY
    return spans


def as_days_away(spans, since):
    return [DaysAway(*span, since) for span in spans]


@given(DAYS, separate_spans(), DAYS, DAYS)
def test_due_date_never_shifts_back_or_by_more_days_than_absence(day, spans, since, today):
    moved, days = moved_on(day, as_days_away(spans, since), CHINA, today=today)
    away = {first + number * DAY for first, last in spans for number in range((last - first).days + 1)}
    assert moved >= day
    assert days <= sum(CHINA.is_working(each) for each in away if each >= since)


@given(DAYS, separate_spans())
def test_remaining_working_days_are_same_as_without_absence(day, spans):
    """Counted from 1 January."""
    begin = date(2026, 1, 1)
    moved, _days = moved_on(day, as_days_away(spans, begin), CHINA, today=begin)
    away = {first + number * DAY for first, last in spans for number in range((last - first).days + 1)}

    def left(until):
        return sum(CHINA.is_working(each) and each not in away for each in every_day(begin, until))

    if CHINA.is_working(day):
        assert left(moved) == left(day) + sum(CHINA.is_working(each) for each in every_day(begin, day) if each in away)


def every_day(first, last):
    return [first + number * DAY for number in range((last - first).days + 1)]


@given(DAYS, separate_spans())
def test_shifted_due_date_is_never_within_absence(day, spans):
    moved, _days = moved_on(day, as_days_away(spans, date(2026, 1, 1)), CHINA, today=date(2026, 1, 1))
    assert not any(first <= moved <= last for first, last in spans)


# Stored shifts -------------------------------------------------------------------------------------------------------


def test_absence_and_shift_are_logged(clock):
    learner, manager = make_user(), make_user()
    enrollment, _others = enroll_due(FRIDAY, learner=learner), enroll_due(FRIDAY)
    record_absence(learner, MONDAY, FRIDAY, why="training", by=manager)
    absence = Absence.objects.get()
    events = Event.objects.get(verb="away")
    assert (events.subject, events.actor, events.data) == (
        f"person:{learner.pk}", manager, {"away": absence.pk, "first_day": "2026-11-23", "last_day": "2026-11-27"}
    )  # fmt: skip
    assert logged_shifts() == [(f"enrollment:{enrollment.pk}", FRIDAY, december(4))]


def test_repeated_absence_and_repeated_job_shift_once(clock):
    learner = make_user()
    enrollment = enroll_due(FRIDAY, learner=learner)
    first = record_absence(learner, MONDAY, FRIDAY, by=None)
    assert record_absence(learner, MONDAY, FRIDAY, by=None) == first
    for day in (MONDAY, november(25), november(28), november(30)):
        go_to(clock, day)
        settle_all()
    assert due_on(enrollment) == december(4)
    assert len(logged_shifts()) == 1


def test_overlapping_absence_is_refused(clock):
    learner = make_user()
    absence = record_absence(learner, MONDAY, FRIDAY, by=None)
    with pytest.raises(AbsenceOverlap):
        record_absence(learner, FRIDAY, december(4), by=None)
    adjacent = record_absence(learner, november(28), december(4), by=None)
    with pytest.raises(AbsenceOverlap):
        change_absence(adjacent, FRIDAY, december(4), by=None)
    record_absence(make_user(), MONDAY, FRIDAY, by=None)
    assert set(Absence.objects.filter(person=learner)) == {absence, adjacent}


def test_nobody_is_overdue_during_absence(clock):
    learner = make_user()
    enrollment = enroll_due(november(20), learner=learner)
    go_to(clock, MONDAY)
    assert state(enrollment) is State.OVERDUE
    record_absence(learner, MONDAY, FRIDAY, by=None)
    for day in every_day(MONDAY, FRIDAY):
        go_to(clock, day, hour=23)
        assert state(enrollment) is not State.OVERDUE
    clock.move_to(datetime(2026, 11, 28, tzinfo=ZONE))
    assert state(enrollment) is State.OVERDUE  # before any job runs
    go_to(clock, november(28))
    # 2 days late without the absence: the weekend before it.
    assert (state(enrollment), due_on(enrollment)) == (State.OVERDUE, FRIDAY)


def test_future_absence_does_not_shift_earlier_due_date(clock):
    learner = make_user()
    enrollment = enroll_due(november(20), learner=learner)
    record_absence(learner, MONDAY, FRIDAY, by=None)
    assert due_on(enrollment) == november(20)
    go_to(clock, MONDAY)
    assert due_on(enrollment) == FRIDAY


def test_shortened_absence_shifts_by_actual_days(clock):
    learner = make_user()
    enrollment = enroll_due(FRIDAY, learner=learner)
    absence = record_absence(learner, MONDAY, FRIDAY, by=None)
    go_to(clock, november(25))
    assert change_absence(absence, MONDAY, november(24), by=None)
    assert due_on(enrollment) == december(1)
    assert not change_absence(absence, MONDAY, november(24), by=None)
    assert change_absence(Absence.objects.get(), MONDAY, december(2), by=None)
    assert due_on(enrollment) == december(9)


def test_undone_absence_restores_exact_due_instant(clock):
    learner = make_user()
    enrollment = enroll_due(november(29), learner=learner)  # a Sunday, which cannot be recomputed from working days
    absence = record_absence(learner, MONDAY, december(4), by=None)
    assert due_on(enrollment) == december(11)
    assert undo_absence(absence, by=None)
    assert Enrollment.objects.get(pk=enrollment.pk).due_at == enrollment.due_at
    assert not undo_absence(absence, by=None)
    assert [event.verb for event in Event.objects.filter(subject=f"person:{learner.pk}").order_by("pk")] == [
        "away", "absence-undone",
    ]  # fmt: skip


def test_undone_absence_cannot_be_changed(clock):
    absence = record_absence(enroll_due(november(20)).learner, november(9), november(13), by=None)
    undo_absence(absence, by=None)
    assert change_absence(absence, november(9), november(10), by=None) is False


def test_enrollment_during_absence_shifts_by_remaining_days(clock):
    learner = make_user()
    record_absence(learner, MONDAY, FRIDAY, by=None)
    go_to(clock, november(26))
    new_enrollment = make_enrollment(learner=learner, due_at=dates.due_instant(december(4), ZONE))
    assert is_any_not_settled()
    settle_all()
    assert due_on(new_enrollment) == december(8)
    assert not is_any_not_settled()


def test_closed_or_undated_enrollments_are_not_shifted(clock):
    learner = make_user()
    undated = make_enrollment(learner=learner)
    record_absence(learner, MONDAY, FRIDAY, by=None)
    assert due_on(undated) is None
    exempt_enrollment = enroll_due(FRIDAY)
    exempt(exempt_enrollment, "moved", by=None)
    record_absence(exempt_enrollment.learner, MONDAY, FRIDAY, by=None)
    done = enroll_due(FRIDAY, completed_at=datetime(2026, 11, 2, tzinfo=UTC))
    record_absence(done.learner, MONDAY, FRIDAY, by=None)
    assert (due_on(exempt_enrollment), due_on(done)) == (FRIDAY, FRIDAY)
    assert logged_shifts() == []
    with pytest.raises(EnrollmentClosed):
        extend(exempt_enrollment, december(4), by=None)


def test_absence_uses_time_zone_and_calendar_of_team(clock):
    team, learner = make_team(time_zone="America/New_York"), make_user()
    join(team, learner)
    zone = ZoneInfo("America/New_York")
    CalendarDay.objects.create(team=team, day=november(26), is_free=True, name="Thanksgiving")
    enrollment = make_enrollment(learner=learner, due_at=dates.due_instant(FRIDAY, zone))
    absence = record_absence(learner, november(25), november(26), by=None)
    assert (absence.begins_at, absence.ends_at) == (
        datetime(2026, 11, 25, tzinfo=zone), datetime(2026, 11, 27, tzinfo=zone)
    )  # fmt: skip
    assert due_on(enrollment) == november(30)  # 1 working day: Thanksgiving is a day off


@pytest.mark.slow
def test_result_is_same_in_any_order_of_absences(clock):
    spans = [(november(9), november(10)), (MONDAY, FRIDAY), (december(7), december(8))]
    found = []
    for order in (spans, spans[::-1], [spans[1], spans[2], spans[0]]):
        clock.move_to(datetime(2026, 11, 2, 9, tzinfo=ZONE))
        learner = make_user()
        one = enroll_due(november(12), learner=learner)
        wrong = record_absence(learner, december(21), december(24), by=None)
        for span in order:
            record_absence(learner, *span, by=None)
        undo_absence(wrong, by=None)
        found.append([due_on(one), *(go_to(clock, day) or due_on(one) for day in (MONDAY, december(1), december(9)))])
    # 2 working days for the first, 5 for the second; late from the 17th; away again in December.
    assert found == [[november(16), FRIDAY, november(23), november(25)]] * 3


def undo_extra_time(enrollment):
    adjustment = Adjustment.objects.get()
    undo(adjustment, list(adjustment.lines.all()), by=None)


def give_extra_time(enrollment):
    alone(enrollment, Adjustment(kind=SetExtraTime.kind, time="2"))


CHANGES = {"given": give_extra_time, "withdrawn": undo_extra_time}


def is_anybody_waiting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("change", CHANGES)
def test_extra_time_change_does_not_deadlock_with_shift(change, transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer: nothing is changed at once")
    enrollment = make_enrollment(due_at=days(9))
    record_absence(enrollment.learner, site_day(), site_day(), by=None)
    if change == "withdrawn":
        give_extra_time(enrollment)

    def change_in_own_connection():
        try:
            CHANGES[change](enrollment)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_person(enrollment.learner)
            future = pool.submit(change_in_own_connection)
            wait_until(is_anybody_waiting, "nobody waits")
            settle(enrollment.learner, None, timezone.now())
        future.result(60)
    assert User.objects.get(pk=enrollment.learner_id).extra_time == ("2" if change == "given" else "")


@pytest.fixture
def ticking_clock(db):
    make_course()
    with time_machine.travel(datetime(2026, 11, 16, 9, tzinfo=ZONE), tick=True) as ticking_clock:
        yield ticking_clock


def make_due(last_day):
    return make_enrollment(due_at=dates.due_instant(last_day, ZONE))


def due_date_and_author(enrollment):
    """(due date, who set it manually)"""
    enrollment = Enrollment.objects.get(pk=enrollment.pk)
    return enrollment.due_on, enrollment.due_given_by


def undo_all(adjustment):
    done, _left = undo(adjustment, list(adjustment.lines.all()), by=None)
    return len(done)


def test_manual_due_date_names_its_last_author(ticking_clock):
    enrollment, manager, other = make_due(FRIDAY), make_user(), make_user()
    assert due_date_and_author(enrollment) == (FRIDAY, None)
    extend(enrollment, december(1), by=manager)
    second = extend(enrollment, december(2), by=other)
    assert due_date_and_author(enrollment) == (december(2), other)
    undo_all(second)
    assert due_date_and_author(enrollment) == (december(1), manager)


def test_integrity_check_reports_wrong_author_of_due_date(ticking_clock):
    one, untouched = make_due(FRIDAY), make_due(FRIDAY)
    extend(one, december(1), by=make_user())
    undo_all(extend(untouched, december(1), by=make_user()))
    assert list(differences()) == []
    Enrollment.objects.filter(pk=one.pk).update(due_given_at=None)
    assert list(differences()) == [f"enrollment {one.pk}: due_given_at differs from that of the latest manual due date"]


def test_undo_after_absence_restores_shifted_due_date(ticking_clock):
    enrollment, manager = make_due(FRIDAY), make_user()
    absence = record_absence(enrollment.learner, MONDAY, FRIDAY, by=None)
    assert due_date_and_author(enrollment) == (december(4), None)
    adjustment = extend(enrollment, december(15), by=manager)
    settle_all()
    assert due_date_and_author(enrollment) == (december(15), manager)  # the manager knew of the absence
    assert undo_all(adjustment) == 1
    assert due_date_and_author(enrollment) == (december(4), None)
    settle_all()
    undo_absence(absence, by=None)
    assert due_date_and_author(enrollment) == (FRIDAY, None)


def test_undo_of_extension_applies_later_absence_to_old_due_date(ticking_clock):
    enrollment = make_due(FRIDAY)
    adjustment = extend(enrollment, december(15), by=make_user())
    record_absence(enrollment.learner, MONDAY, date(2026, 11, 24), by=None)
    assert due_date_and_author(enrollment)[0] == december(17)
    assert undo_all(adjustment) == 1
    assert due_date_and_author(enrollment) == (december(1), None)
    assert shifted_days(Enrollment.objects.get(pk=enrollment.pk)) == 2


def test_undo_uses_changed_absence(ticking_clock):
    enrollment = make_due(FRIDAY)
    absence = record_absence(enrollment.learner, MONDAY, FRIDAY, by=None)
    adjustment = extend(enrollment, december(15), by=make_user())
    change_absence(absence, MONDAY, MONDAY, by=None)
    assert due_date_and_author(enrollment)[0] == december(15)
    undo_all(adjustment)
    assert due_date_and_author(enrollment)[0] == date(2026, 11, 30)


def test_extension_to_shifted_date_counts_as_manual(ticking_clock):
    late, moved = make_due(date(2026, 11, 19)), make_due(FRIDAY)
    absence_of_moved = record_absence(moved.learner, MONDAY, FRIDAY, by=None)
    record_absence(late.learner, MONDAY, date(2026, 12, 11), by=None)
    ticking_clock.move_to(datetime(2026, 11, 24, 9, tzinfo=ZONE))
    settle_all()
    manager = make_user()
    for enrollment, day in ((late, december(11)), (moved, december(4))):
        assert due_date_and_author(enrollment) == (day, None)
        assert extend(enrollment, day, by=manager)
        assert extend(enrollment, day, by=manager) is None
        settle_all()
        assert extend(enrollment, day, by=manager) is None
        assert due_date_and_author(enrollment) == (day, manager)
    change_absence(absence_of_moved, MONDAY, MONDAY, by=None)
    ticking_clock.move_to(datetime(2026, 12, 14, 9, tzinfo=ZONE))
    settle_all()
    assert due_date_and_author(late) == (december(11), manager)
    assert due_date_and_author(moved) == (december(4), manager)
    assert list(differences()) == []


def test_undo_costs_same_queries_for_3_as_for_1(ticking_clock):
    def statements(people):
        enrollments = [make_due(FRIDAY) for _ in range(people)]
        for enrollment in enrollments:
            record_absence(enrollment.learner, MONDAY, FRIDAY, by=None)
        extension = Adjustment(kind=Extend.kind, due_on=december(15), made_by=make_user())
        adjustment, _refused = adjust(enrollments, extension)
        with CaptureQueriesContext(connection) as queries:
            assert undo_all(adjustment) == people
        return len(queries)

    assert statements(1) == statements(3)


def test_due_date_shifts_only_by_days_added_to_known_absence(
    ticking_clock,
):
    enrollment = make_due(FRIDAY)
    record_absence(enrollment.learner, MONDAY, FRIDAY, by=None)
    extend(enrollment, december(10), by=None)
    for first, last, expected in [
        (date(2026, 11, 19), FRIDAY, december(14)),  # Thursday and Friday before
        (date(2026, 11, 21), FRIDAY, december(10)),  # a weekend
        (MONDAY, december(1), december(14)),
        (date(2026, 11, 20), november_30 := date(2026, 11, 30), december(14)),
        (date(2026, 11, 25), date(2026, 11, 26), december(10)),
        (november_30, december(1), december(14)),  # not the days known before
        (MONDAY, FRIDAY, december(10)),
    ]:
        change_absence(Absence.objects.get(), first, last, by=None)
        assert (first, last, due_date_and_author(enrollment)[0]) == (first, last, expected)


def test_earlier_known_absence_shifts_by_added_days(ticking_clock):
    enrollment = make_due(FRIDAY)
    record_absence(enrollment.learner, date(2026, 11, 18), date(2026, 11, 18), by=None)
    record_absence(enrollment.learner, MONDAY, FRIDAY, by=None)
    extend(enrollment, december(10), by=None)
    change_absence(Absence.objects.earliest("first_day"), date(2026, 11, 18), date(2026, 11, 19), by=None)
    assert due_date_and_author(enrollment)[0] == december(11)
