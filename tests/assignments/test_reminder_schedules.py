"""On which days a plan reminds, and which plans the rules of letters leave no room for."""

from datetime import date, timedelta

import pytest

from courseware.accounts.calendar.working_days import Calendar, ListedDay
from courseware.assignments.reminders.schedules import days_of_schedule, planned_day, reminder_on, with_repeats

FRIDAY = date(2026, 12, 11)
LONG_AGO = date(2026, 1, 1)
WEEKENDS = Calendar({})


def told(due_on, plan, *, calendar=WEEKENDS, after=LONG_AGO):
    """Day → day of the plan, where somebody looks each day."""
    days = [due_on + timedelta(days=number) for number in range(-20, 20)]
    found = {day: reminder_on(day, due_on, plan, calendar, after=after) for day in days}
    return {day.isoformat(): before for day, before in found.items() if before is not None}


def first_told(*arguments, **more):
    found = {}
    for day, before in told(*arguments, **more).items():
        found.setdefault(before, day)
    return found


def test_days_are_working_days_before_the_due_day_and_after_it():
    assert first_told(FRIDAY, [7, 1, 0, -3]) == {7: "2026-12-02", 1: "2026-12-10", 0: "2026-12-11", -3: "2026-12-16"}


def test_from_a_due_day_that_is_free_the_days_are_counted_as_from_any():
    saturday = FRIDAY + timedelta(days=1)
    assert [planned_day(saturday, before, WEEKENDS).isoformat() for before in (1, 0, -1)] == [
        "2026-12-11",
        "2026-12-11",
        "2026-12-14",
    ]


def test_holidays_count_for_nothing_and_days_made_up_for_are_worked():
    calendar = Calendar({date(2026, 12, 10): ListedDay(is_free=True), date(2026, 12, 12): ListedDay(is_free=False)})
    assert first_told(FRIDAY, [1, -1], calendar=calendar) == {1: "2026-12-09", -1: "2026-12-12"}


def test_a_day_on_which_nobody_looked_is_told_within_two_working_days_and_then_no_more():
    assert told(FRIDAY, [1]) == dict.fromkeys(["2026-12-10", "2026-12-11"], 1)
    assert told(FRIDAY, [-1]) == dict.fromkeys(["2026-12-14", "2026-12-15"], -1)


def test_of_two_days_that_were_missed_only_the_later_is_told():
    assert told(FRIDAY, [2, 1]) == {"2026-12-09": 2, "2026-12-10": 1, "2026-12-11": 1}


def test_days_up_to_that_of_enrolling_are_passed_over():
    assert first_told(FRIDAY, [7, 1], after=date(2026, 12, 2)) == {1: "2026-12-10"}
    assert first_told(FRIDAY, [7, 1], after=date(2026, 12, 1)) == {7: "2026-12-02", 1: "2026-12-10"}


def test_after_the_last_day_a_reminder_follows_every_so_many_working_days_for_a_year():
    assert with_repeats([7, 1, -3], 10)[:6] == [7, 1, -3, -13, -23, -33]
    assert with_repeats([7, 1, -3], 10)[-1] == -253
    assert with_repeats([7, 1], 10)[:4] == [7, 1, -10, -20]  # counted from the due day


def test_without_days_or_with_0_no_reminder_is_repeated():
    assert with_repeats([], 10) == []
    assert with_repeats([7, 1, -3], 0) == [7, 1, -3]


def test_a_repeated_reminder_is_told_on_its_working_day_and_caught_up_for_one_more():
    plan = with_repeats([-3], 10)
    due_on = date(2026, 6, 5)
    days = [due_on + timedelta(days=number) for number in range(400)]
    found = {day: before for day in days if (before := reminder_on(day, due_on, plan, WEEKENDS, after=LONG_AGO))}
    for before in plan:
        first = planned_day(due_on, before, WEEKENDS)
        assert next(day for day, told in found.items() if told == before) == first
        assert found[WEEKENDS.working_day_after(first)] == before
        assert WEEKENDS.add_working_days(first, 2) not in found


@pytest.mark.parametrize(
    "typed, days",
    [("7, 1, -3", [7, 1, -3]), ("-3，7、1,1", [7, 1, -3]), ("", []), ("9,2,1,-1", [9, 2, 1, -1]), ("−3", [-3])],
)
def test_a_plan_is_numbers_between_commas(typed, days):
    assert days_of_schedule(typed) == (days, "")


@pytest.mark.parametrize(
    "typed, said",
    [
        ("7; 1", "Enter whole numbers"),
        ("soon", "Enter whole numbers"),
        ("61", "Each day is at most 60 working days"),
        (",".join(map(str, range(60, 0, -5))), "Enter at most 10 days"),
        ("7,3,1,-2", "From 7 to -2 there are 4 reminders within 14 days."),
        ("30,7,3,1,-2", "From 7 to -2 there are 4 reminders within 14 days."),
    ],
)
def test_a_plan_that_the_rules_of_letters_leave_no_room_for_says_so(typed, said):
    assert said in days_of_schedule(typed)[1]
