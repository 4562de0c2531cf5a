"""Lists of days as people have them are read, or it is said of each line why not; what is put in is put in once."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.day_lists import DayProblem, decoded, put_in, read_days, take_out
from courseware.accounts.models import CalendarDay
from courseware.accounts.working_days import ListedDay, calendar_of
from courseware.evidence.models import Event
from tests.making import make_admin, make_team

NATIONAL = date(2026, 10, 1)
FREE, WORKED = ListedDay(True, "国庆"), ListedDay(False, "")


@pytest.mark.parametrize(
    "line",
    [
        "2026-10-01,free,国庆", "2026/10/1;休;国庆", "2026年10月1日\t放假\t国庆", "20261001,Free,国庆",
        "２０２６－１０－０１，休息，国庆", "2026-10-01,,国庆", ' 2026-10-1 , holiday ,"国庆"',
    ],
)  # fmt: skip
def test_a_day_is_read_however_it_is_written(line):
    assert read_days(line) == ({NATIONAL: FREE}, [])


def test_headings_and_empty_lines_are_passed_over_and_the_rest_is_counted_as_the_file_counts():
    text = "日期,类型,名称\n\n2026-10-01,休,国庆\n2026-10-10,补班\nnever,休\n"
    assert read_days(text) == (
        {NATIONAL: FREE, date(2026, 10, 10): WORKED},
        [DayProblem(5, "never", "Expected a day such as 2026-10-01.")],
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2026-02-30,free", DayProblem(1, "2026-02-30", "Expected a day such as 2026-10-01.")),
        ("1026-02-03,free", DayProblem(1, "1026-02-03", "Expected a day such as 2026-10-01.")),
        ("01.10.2026,free", DayProblem(1, "01.10.2026", "Expected a day such as 2026-10-01.")),
        ("2026-10-01,perhaps", DayProblem(1, "perhaps", "Expected free or working.")),
        (f"2026-10-01,free,{'x' * 61}", DayProblem(1, "free", "Expected a name of at most 60 characters.")),
        ("=1+1,free", DayProblem(1, "=1+1", "Expected a day such as 2026-10-01.")),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line_and_what_was_expected(line, problem):
    assert read_days(line) == ({}, [problem])


def test_a_day_twice_is_one_day_and_a_day_that_is_two_things_a_mistake():
    twice = "2026-10-01,free,国庆\n"
    assert read_days(twice * 2) == ({NATIONAL: FREE}, [])
    days, problems = read_days(f"{twice}2026-10-01,working")
    assert (days, [each.line for each in problems]) == ({NATIONAL: FREE}, [2])


def test_a_file_of_any_length_ends_in_a_sentence():
    days, problems = read_days("2026-10-01,free\n" * 3000)
    assert problems == [DayProblem(2001, "", "At most 2000 lines.")]
    assert list(days) == [NATIONAL]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_file_is_read_in_the_encodings_of_spreadsheets(encoding):
    assert decoded("2026-10-01,休,国庆".encode(encoding)) == "2026-10-01,休,国庆"


@given(st.one_of(st.text(), st.text("2026-01,;\t\"'\r\n\0年月日班休１")))
def test_no_text_breaks_the_reading(text):
    days, problems = read_days(text)
    assert all(isinstance(day, date) for day in days)
    assert all(problem.expected for problem in problems)


@given(st.binary())
def test_no_file_breaks_the_reading(data):
    read_days(decoded(data))


@pytest.mark.django_db
def test_days_are_put_in_once_and_one_that_is_there_is_replaced():
    admin, team = make_admin(), make_team()
    assert put_in(None, {NATIONAL: FREE}, by=admin) == 1
    assert put_in(None, {NATIONAL: FREE}, by=admin) == 0
    assert put_in(team, {NATIONAL: WORKED}, by=admin) == 1
    assert (calendar_of(None).why_free(NATIONAL), calendar_of(team).why_free(NATIONAL)) == ("国庆", "")
    assert put_in(None, {NATIONAL: WORKED}, by=admin) == 1
    assert CalendarDay.objects.count() == 2
    said = Event.objects.filter(verb="days-listed").order_by("pk").values_list("subject", "actor")
    assert list(said) == [("days:site", admin.pk), (f"team:{team.pk}", admin.pk), ("days:site", admin.pk)]


@pytest.mark.django_db
def test_a_year_is_taken_out_of_one_list_and_of_no_other():
    admin, team = make_admin(), make_team()
    put_in(None, {NATIONAL: FREE, date(2027, 10, 1): FREE}, by=admin)
    put_in(team, {NATIONAL: FREE}, by=admin)
    assert [take_out(None, 2026, by=admin), take_out(None, 2026, by=admin)] == [1, 0]
    assert set(CalendarDay.objects.values_list("team", "day")) == {(None, date(2027, 10, 1)), (team.pk, NATIONAL)}
    assert Event.objects.filter(verb="days-unlisted").count() == 1
