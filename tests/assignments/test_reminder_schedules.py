"""Days on which a schedule reminds, and schedules that exceed the email limits."""

from datetime import date, timedelta

import pytest

from courseware.accounts.calendar.working_days import Calendar, ListedDay
from courseware.assignments.reminders.schedules import days_of_schedule, planned_day, reminder_on, with_repeats

FRIDAY = date(2026, 12, 11)
LONG_AGO = date(2026, 1, 1)
WEEKENDS = Calendar({})


def reminders(due_on, schedule, *, calendar=WEEKENDS, after=LONG_AGO):
    """Day → entry of the schedule, if checked every day."""
    days = [due_on + timedelta(days=number) for number in range(-20, 20)]
    found = {day: reminder_on(day, due_on, schedule, calendar, after=after) for day in days}
    return {day.isoformat(): before for day, before in found.items() if before is not None}


def first_days(*arguments, **more):
    found = {}
    for day, before in reminders(*arguments, **more).items():
        found.setdefault(before, day)
    return found


def test_schedule_counts_working_days_from_due_date():
    assert first_days(FRIDAY, [7, 1, 0, -3]) == {7: "2026-12-02", 1: "2026-12-10", 0: "2026-12-11", -3: "2026-12-16"}


def test_due_date_on_day_off_counts_like_any():
    saturday = FRIDAY + timedelta(days=1)
    assert [planned_day(saturday, before, WEEKENDS).isoformat() for before in (1, 0, -1)] == [
        "2026-12-11",
        "2026-12-11",
        "2026-12-14",
    ]


def test_holidays_are_skipped_and_extra_working_days_count():
    calendar = Calendar({date(2026, 12, 10): ListedDay(is_free=True), date(2026, 12, 12): ListedDay(is_free=False)})
    assert first_days(FRIDAY, [1, -1], calendar=calendar) == {1: "2026-12-09", -1: "2026-12-12"}


def test_missed_day_is_caught_up_within_2_working_days():
    assert reminders(FRIDAY, [1]) == dict.fromkeys(["2026-12-10", "2026-12-11"], 1)
    assert reminders(FRIDAY, [-1]) == dict.fromkeys(["2026-12-14", "2026-12-15"], -1)


def test_only_later_of_2_missed_days_is_sent():
    assert reminders(FRIDAY, [2, 1]) == {"2026-12-09": 2, "2026-12-10": 1, "2026-12-11": 1}


def test_days_up_to_enrollment_are_skipped():
    assert first_days(FRIDAY, [7, 1], after=date(2026, 12, 2)) == {1: "2026-12-10"}
    assert first_days(FRIDAY, [7, 1], after=date(2026, 12, 1)) == {7: "2026-12-02", 1: "2026-12-10"}


def test_reminders_repeat_for_1_year():
    assert with_repeats([7, 1, -3], 10)[:6] == [7, 1, -3, -13, -23, -33]
    assert with_repeats([7, 1, -3], 10)[-1] == -253
    assert with_repeats([7, 1], 10)[:4] == [7, 1, -10, -20]  # counted from the due day


def test_no_repeats_without_days_or_with_0():
    assert with_repeats([], 10) == []
    assert with_repeats([7, 1, -3], 0) == [7, 1, -3]


def test_repeated_reminder_is_caught_up_for_1_working_day():
    schedule = with_repeats([-3], 10)
    due_on = date(2026, 6, 5)
    days = [due_on + timedelta(days=number) for number in range(400)]
    found = {day: before for day in days if (before := reminder_on(day, due_on, schedule, WEEKENDS, after=LONG_AGO))}
    for before in schedule:
        first = planned_day(due_on, before, WEEKENDS)
        assert next(day for day, entry in found.items() if entry == before) == first
        assert found[WEEKENDS.working_day_after(first)] == before
        assert WEEKENDS.add_working_days(first, 2) not in found


@pytest.mark.parametrize(
    "typed, days",
    [("7, 1, -3", [7, 1, -3]), ("-3，7、1,1", [7, 1, -3]), ("", []), ("9,2,1,-1", [9, 2, 1, -1]), ("−3", [-3])],
)
def test_schedule_is_comma_separated_numbers(typed, days):
    assert days_of_schedule(typed) == (days, "")


@pytest.mark.parametrize(
    "typed, error",
    [
        ("7; 1", "Enter whole numbers"),
        ("soon", "Enter whole numbers"),
        ("61", "Each reminder is at most 60 working days"),
        (",".join(map(str, range(60, 0, -5))), "Enter at most 10 numbers"),
        ("7,3,1,-2", "From day 7 to day -2, there are 4 reminders within 14 days."),
        ("30,7,3,1,-2", "From day 7 to day -2, there are 4 reminders within 14 days."),
    ],
)
def test_invalid_or_too_dense_schedule_is_refused(typed, error):
    assert error in days_of_schedule(typed)[1]
