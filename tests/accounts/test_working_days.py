"""Which days are worked, by the files that ship, the list of the site and those of the teams."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.management.commands.write_days import table
from courseware.accounts.models import CalendarDay
from courseware.accounts.working_days import (
    SHIPPED,
    Calendar,
    ListedDay,
    calendar_of,
    calendars_of_people,
    shipped,
    years_known,
)
from tests.making import join, make_team, make_user

DAY = timedelta(days=1)
MADE_UP = {  # by the notices of the State Council
    2025: [(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)],
    2026: [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)],
    2027: [],
}
CHINA = Calendar(shipped("cn"))


def days_of(year):
    return [date(year, 1, 1) + number * DAY for number in range(366) if (date(year, 1, 1) + number * DAY).year == year]


def list_day(day, team=None, *, is_free=True, name=""):
    return CalendarDay.objects.create(team=team, day=day, is_free=is_free, name=name)


@pytest.mark.parametrize("year", MADE_UP)
def test_every_day_of_the_years_that_ship_is_worked_or_free_as_another_calendar_says(year):
    oracle = holidays.China(years=year)
    wrong = [day for day in days_of(year) if CHINA.is_working(day) != oracle.is_working_day(day)]
    assert wrong == []


@pytest.mark.parametrize("year", MADE_UP)
def test_the_weekend_days_that_are_worked_are_those_of_the_notice(year):
    worked = [(day.month, day.day) for day in days_of(year) if day.weekday() > 4 and CHINA.is_working(day)]
    assert worked == MADE_UP[year]


def test_the_files_are_what_the_command_writes():
    files = sorted(SHIPPED.glob("*.csv"))
    assert [path.name for path in files] == [f"cn-{year}.csv" for year in MADE_UP]
    for path in files:
        assert path.read_text(encoding="utf-8") == table(int(path.stem.removeprefix("cn-")))


def test_a_year_without_days_to_be_made_up_for_is_known_by_its_statutory_days_only():
    assert years_known(CHINA) == {2025: True, 2026: True, 2027: False}


def test_a_free_day_says_why_and_a_working_day_nothing():
    asked = [date(2026, 10, 1), date(2026, 10, 4), date(2026, 10, 8), date(2026, 10, 10)]
    assert [CHINA.why_free(day) for day in asked] == ["National Day", "Sunday", "", ""]


def test_days_on_and_back_pass_over_the_holidays_and_count_the_days_made_up():
    assert CHINA.working_day_before(date(2026, 10, 8)) == date(2026, 9, 30)
    assert CHINA.working_day_after(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CHINA.add_working_days(date(2026, 9, 30), 3) == date(2026, 10, 10)  # a Saturday that is worked
    assert CHINA.working_days_between(date(2026, 9, 28), date(2026, 10, 11)) == 6
    assert CHINA.working_days_between(date(2026, 10, 11), date(2026, 10, 10)) == 0
    assert CHINA.add_working_days(date(2026, 10, 4), 0) == date(2026, 10, 4)


ANY_DAY = st.dates(date(2024, 12, 1), date(2027, 12, 31))
CALENDARS = st.builds(Calendar, st.dictionaries(ANY_DAY, st.builds(ListedDay, st.booleans()), max_size=40))


@given(CALENDARS, ANY_DAY, st.integers(1, 60))
def test_so_many_days_on_are_so_many_days_between(calendar, day, number):
    after = calendar.add_working_days(day, number)
    assert calendar.is_working(after)
    assert calendar.working_days_between(day + DAY, after) == number
    assert calendar.add_working_days(after, -number) <= day
    if calendar.is_working(day):
        assert calendar.add_working_days(after, -number) == day


@given(CALENDARS, ANY_DAY, st.integers(1, 30), st.integers(1, 30))
def test_days_on_may_be_taken_in_two_steps(calendar, day, first, second):
    in_two = calendar.add_working_days(calendar.add_working_days(day, first), second)
    assert calendar.add_working_days(day, first + second) == in_two


@pytest.mark.django_db
def test_the_list_of_a_team_wins_over_those_above_and_these_over_the_sites():
    above = make_team()
    team, beside = make_team(parent=above), make_team(parent=above)
    first, second, third, fourth = (date(2026, 12, day) for day in (1, 2, 3, 4))
    for day in (first, second, third):
        list_day(day, name="of the site")
    list_day(second, above, name="of the team above")
    list_day(third, above, name="of the team above")
    list_day(third, team, is_free=False)

    def said(calendar):
        return [calendar.why_free(day) for day in (first, second, third, fourth)]

    assert said(calendar_of(None)) == ["of the site", "of the site", "of the site", ""]
    assert said(calendar_of(beside)) == ["of the site", "of the team above", "of the team above", ""]
    assert said(calendar_of(team)) == ["of the site", "of the team above", "", ""]


@pytest.mark.django_db
def test_the_list_of_the_site_wins_over_the_file():
    list_day(date(2026, 10, 1), is_free=False)
    assert calendar_of(None).is_working(date(2026, 10, 1))
    assert not calendar_of(None).is_working(date(2026, 10, 2))


@pytest.mark.django_db
def test_a_site_without_holidays_has_weekends_alone(settings):
    settings.WORKING_DAYS = ""
    assert [day.day for day in days_of(2026)[:14] if not calendar_of(None).is_working(day)] == [3, 4, 10, 11]


@pytest.mark.django_db
@pytest.mark.parametrize("people", [1, 3])
def test_people_have_the_calendar_of_the_team_they_learn_in_first(people, django_assert_num_queries):
    day = date(2026, 12, 1)
    first, second, led = make_team(), make_team(), make_team()
    list_day(day, first, name="of the first")
    list_day(day, second, name="of the second")
    list_day(day, led, name="of the team that is led")
    learners = [make_user() for _ in range(people)]
    for each in learners:
        join(led, each, "manager")
        join(first, each)
        join(second, each)
    alone = make_user()
    with django_assert_num_queries(2):
        found = calendars_of_people([each.pk for each in (*learners, alone)])
    said = [found[each.pk].why_free(day) for each in (*learners, alone)]
    assert said == ["of the first"] * people + [""]
