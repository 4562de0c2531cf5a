"""Working days by holiday files, site and team calendars, and calendar import."""

from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.calendar.calendar_import import DayProblem, add_days, decoded, read_days, remove_days
from courseware.accounts.calendar.working_days import (
    SHIPPED,
    Calendar,
    ListedDay,
    calendar_of,
    calendars_of_people,
    shipped,
    years_known,
)
from courseware.accounts.management.commands.generate_holidays import table
from courseware.accounts.models import CalendarDay
from courseware.audit_log.models import Event
from tests.making import join, make_admin, make_team, make_user

DAY = timedelta(days=1)
MAKE_UP_DAYS = {  # from the notices of the State Council
    2025: [(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)],
    2026: [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)],
    2027: [],
}
CHINA = Calendar(shipped("cn"))


def days_of(year):
    return [date(year, 1, 1) + number * DAY for number in range(366) if (date(year, 1, 1) + number * DAY).year == year]


def list_day(day, team=None, *, is_free=True, name=""):
    return CalendarDay.objects.create(team=team, day=day, is_free=is_free, name=name)


@pytest.mark.parametrize("year", MAKE_UP_DAYS)
def test_shipped_holidays_match_another_calendar(year):
    oracle = holidays.China(years=year)
    wrong = [day for day in days_of(year) if CHINA.is_working(day) != oracle.is_working_day(day)]
    assert wrong == []


@pytest.mark.parametrize("year", MAKE_UP_DAYS)
def test_working_weekends_match_official_notice(year):
    worked = [(day.month, day.day) for day in days_of(year) if day.weekday() > 4 and CHINA.is_working(day)]
    assert worked == MAKE_UP_DAYS[year]


def test_shipped_files_match_output_of_command():
    files = sorted(SHIPPED.glob("*.csv"))
    assert [path.name for path in files] == [f"cn-{year}.csv" for year in MAKE_UP_DAYS]
    for path in files:
        assert path.read_text(encoding="utf-8") == table(int(path.stem.removeprefix("cn-")))


def test_year_without_notice_has_statutory_days_only():
    assert years_known(CHINA) == {2025: True, 2026: True, 2027: False}


def test_day_off_has_reason():
    asked = [date(2026, 10, 1), date(2026, 10, 4), date(2026, 10, 8), date(2026, 10, 10)]
    assert [CHINA.why_free(day) for day in asked] == ["National Day", "Sunday", "", ""]


def test_working_days_skip_holidays_and_count_make_up_days():
    assert CHINA.working_day_before(date(2026, 10, 8)) == date(2026, 9, 30)
    assert CHINA.working_day_after(date(2026, 9, 30)) == date(2026, 10, 8)
    assert CHINA.add_working_days(date(2026, 9, 30), 3) == date(2026, 10, 10)  # a Saturday that is worked
    assert CHINA.working_days_between(date(2026, 9, 28), date(2026, 10, 11)) == 6
    assert CHINA.working_days_between(date(2026, 10, 11), date(2026, 10, 10)) == 0
    assert CHINA.add_working_days(date(2026, 10, 4), 0) == date(2026, 10, 4)


ANY_DAY = st.dates(date(2024, 12, 1), date(2027, 12, 31))
CALENDARS = st.builds(Calendar, st.dictionaries(ANY_DAY, st.builds(ListedDay, st.booleans()), max_size=40))


@given(CALENDARS, ANY_DAY, st.integers(1, 60))
def test_adding_working_days_matches_counting_them(calendar, day, number):
    after = calendar.add_working_days(day, number)
    assert calendar.is_working(after)
    assert calendar.working_days_between(day + DAY, after) == number
    assert calendar.add_working_days(after, -number) <= day
    if calendar.is_working(day):
        assert calendar.add_working_days(after, -number) == day


@given(CALENDARS, ANY_DAY, st.integers(1, 30), st.integers(1, 30))
def test_working_days_can_be_added_in_two_steps(calendar, day, first, second):
    in_two = calendar.add_working_days(calendar.add_working_days(day, first), second)
    assert calendar.add_working_days(day, first + second) == in_two


@pytest.mark.django_db
def test_team_calendar_overrides_ancestors_and_site():
    above = make_team()
    team, beside = make_team(parent=above), make_team(parent=above)
    first, second, third, fourth = (date(2026, 12, day) for day in (1, 2, 3, 4))
    for day in (first, second, third):
        list_day(day, name="of the site")
    list_day(second, above, name="of the team above")
    list_day(third, above, name="of the team above")
    list_day(third, team, is_free=False)

    def reasons(calendar):
        return [calendar.why_free(day) for day in (first, second, third, fourth)]

    assert reasons(calendar_of(None)) == ["of the site", "of the site", "of the site", ""]
    assert reasons(calendar_of(beside)) == ["of the site", "of the team above", "of the team above", ""]
    assert reasons(calendar_of(team)) == ["of the site", "of the team above", "", ""]


@pytest.mark.django_db
def test_site_calendar_overrides_holiday_file():
    list_day(date(2026, 10, 1), is_free=False)
    assert calendar_of(None).is_working(date(2026, 10, 1))
    assert not calendar_of(None).is_working(date(2026, 10, 2))


@pytest.mark.django_db
def test_site_without_holidays_has_weekends_only(settings):
    settings.HOLIDAY_CALENDAR = ""
    assert [day.day for day in days_of(2026)[:14] if not calendar_of(None).is_working(day)] == [3, 4, 10, 11]


@pytest.mark.django_db
@pytest.mark.parametrize("people", [1, 3])
def test_calendar_follows_first_team_learned_in(people, django_assert_num_queries):
    day = date(2026, 12, 1)
    first, second, managed = make_team(), make_team(), make_team()
    list_day(day, first, name="of the first")
    list_day(day, second, name="of the second")
    list_day(day, managed, name="of the team that is led")
    learners = [make_user() for _ in range(people)]
    for each in learners:
        join(managed, each, "manager")
        join(first, each)
        join(second, each)
    alone = make_user()
    with django_assert_num_queries(2):
        found = calendars_of_people([each.pk for each in (*learners, alone)])
    reasons = [found[each.pk].why_free(day) for each in (*learners, alone)]
    assert reasons == ["of the first"] * people + [""]


NATIONAL = date(2026, 10, 1)
FREE, WORKED = ListedDay(True, "国庆"), ListedDay(False, "")


@pytest.mark.parametrize(
    "line",
    [
        "2026-10-01,free,国庆", "2026/10/1;休;国庆", "2026年10月1日\t放假\t国庆", "20261001,Free,国庆",
        "２０２６－１０－０１，休息，国庆", "2026-10-01,,国庆", ' 2026-10-1 , holiday ,"国庆"',
    ],
)  # fmt: skip
def test_day_is_read_in_any_notation(line):
    assert read_days(line) == ({NATIONAL: FREE}, [])


def test_headings_and_empty_lines_are_skipped():
    text = "日期,类型,名称\n\n2026-10-01,休,国庆\n2026-10-10,补班\nnever,休\n"
    assert read_days(text) == (
        {NATIONAL: FREE, date(2026, 10, 10): WORKED},
        [DayProblem(5, "never", "Enter a date such as 2026-10-01.")],
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2026-02-30,free", DayProblem(1, "2026-02-30", "Enter a date such as 2026-10-01.")),
        ("1026-02-03,free", DayProblem(1, "1026-02-03", "Enter a date such as 2026-10-01.")),
        ("01.10.2026,free", DayProblem(1, "01.10.2026", "Enter a date such as 2026-10-01.")),
        ("2026-10-01,perhaps", DayProblem(1, "perhaps", "Enter “free” for a day off, or “working” for a working day.")),
        (f"2026-10-01,free,{'x' * 61}", DayProblem(1, "free", "Enter a name of at most 60 characters.")),
        ("=1+1,free", DayProblem(1, "=1+1", "Enter a date such as 2026-10-01.")),
    ],
)
def test_unreadable_line_is_reported_with_expected_format(line, problem):
    assert read_days(line) == ({}, [problem])


def test_repeated_day_is_merged_and_contradiction_reported():
    twice = "2026-10-01,free,国庆\n"
    assert read_days(twice * 2) == ({NATIONAL: FREE}, [])
    days, problems = read_days(f"{twice}2026-10-01,working")
    assert (days, [each.line for each in problems]) == ({NATIONAL: FREE}, [2])


def test_file_is_limited_to_2000_lines():
    days, problems = read_days("2026-10-01,free\n" * 3000)
    assert problems == [DayProblem(2001, "", "At most 2000 lines.")]
    assert list(days) == [NATIONAL]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_file_is_read_in_spreadsheet_encodings(encoding):
    assert decoded("2026-10-01,休,国庆".encode(encoding)) == "2026-10-01,休,国庆"


@given(st.one_of(st.text(), st.text("2026-01,;\t\"'\r\n\0年月日班休１")))
def test_any_text_can_be_parsed(text):
    days, problems = read_days(text)
    assert all(isinstance(day, date) for day in days)
    assert all(problem.expected for problem in problems)


@given(st.binary())
def test_any_file_can_be_parsed(data):
    read_days(decoded(data))


@pytest.mark.django_db
def test_adding_days_replaces_existing_ones():
    admin, team = make_admin(), make_team()
    assert add_days(None, {NATIONAL: FREE}, by=admin) == 1
    assert add_days(None, {NATIONAL: FREE}, by=admin) == 0
    assert add_days(team, {NATIONAL: WORKED}, by=admin) == 1
    assert (calendar_of(None).why_free(NATIONAL), calendar_of(team).why_free(NATIONAL)) == ("国庆", "")
    assert add_days(None, {NATIONAL: WORKED}, by=admin) == 1
    assert CalendarDay.objects.count() == 2
    events = Event.objects.filter(verb="days-listed").order_by("pk").values_list("subject", "actor")
    assert list(events) == [("days:site", admin.pk), (f"team:{team.pk}", admin.pk), ("days:site", admin.pk)]


@pytest.mark.django_db
def test_year_is_removed_from_one_calendar_only():
    admin, team = make_admin(), make_team()
    add_days(None, {NATIONAL: FREE, date(2027, 10, 1): FREE}, by=admin)
    add_days(team, {NATIONAL: FREE}, by=admin)
    assert [remove_days(None, 2026, by=admin), remove_days(None, 2026, by=admin)] == [1, 0]
    assert set(CalendarDay.objects.values_list("team", "day")) == {(None, date(2027, 10, 1)), (team.pk, NATIONAL)}
    assert Event.objects.filter(verb="days-unlisted").count() == 1
