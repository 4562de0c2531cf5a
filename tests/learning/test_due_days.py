"""Days that rules give, and days given by hand, where they are free."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.accounts.models import CalendarDay
from courseware.accounts.working_days import Calendar, calendar_of, shipped
from courseware.learning.due import day_for, why_due_day_is_free
from courseware.learning.enrolling import extend
from courseware.lib import dates
from tests.making import join, make_enrollment, make_team

CHINA = Calendar(shipped("cn"))
TO_COME = date(2027, 10, 1)  # National Day, a Friday
WORKED = date(2027, 9, 30)
NIGHTS = {  # in which clocks change, or leave midnight out
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Africa/Cairo": [date(2026, 4, 23), date(2026, 4, 24), date(2026, 10, 29)],
    "Asia/Beirut": [date(2026, 3, 28), date(2026, 3, 29)],
    "Asia/Shanghai": [date(2026, 3, 29)],
}


def test_a_working_day_of_a_rule_stays_and_a_free_one_is_the_working_day_before():
    assert day_for(date(2026, 9, 30), CHINA).day == date(2026, 9, 30)
    assert day_for(date(2026, 10, 10), CHINA).day == date(2026, 10, 10)  # a Saturday that is made up for
    assert [day_for(date(2026, 10, day), CHINA).day for day in range(1, 8)] == [date(2026, 9, 30)] * 7


def test_it_is_said_why_the_day_is_another_one_and_only_then():
    moved = day_for(date(2026, 10, 1), CHINA)
    assert moved.words == "Thursday 1 October is a free day (National Day): the due day is Wednesday 30 September"
    assert day_for(date(2026, 12, 5), CHINA).words.startswith("Saturday 5 December is a free day (Saturday)")
    assert day_for(date(2026, 9, 30), CHINA).words == ""


def test_nobody_is_late_on_the_day_on_which_the_rule_acts():
    acts_on = date(2026, 10, 3)
    assert day_for(date(2026, 10, 3), CHINA, earliest=acts_on).day == date(2026, 10, 8)
    assert day_for(date(2026, 10, 3), CHINA, earliest=date(2026, 9, 30)).day == date(2026, 9, 30)


@given(st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.integers(0, 20))
def test_a_day_of_a_rule_is_worked_and_never_before_it_acts(asked, before):
    given_day = day_for(asked, CHINA, earliest=asked - timedelta(days=before)).day
    assert CHINA.is_working(given_day)
    assert given_day >= asked - timedelta(days=before)


@pytest.mark.parametrize("zone", NIGHTS)
def test_the_day_that_is_told_is_the_day_that_was_given_also_in_nights_of_clock_changes(zone):
    zone = ZoneInfo(zone)
    around = [night + timedelta(days=days) for night in NIGHTS[str(zone)] for days in (-1, 0, 1)]
    assert [dates.due_day(dates.due_instant(day, zone), zone) for day in around] == around


@pytest.mark.django_db
def test_a_day_given_by_hand_stays_and_it_is_said_that_it_is_free():
    enrollment = make_enrollment()
    extend(enrollment, TO_COME, by=None)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, why_due_day_is_free(enrollment)) == (TO_COME, "National Day")
    extend(enrollment, WORKED, by=None)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, why_due_day_is_free(enrollment)) == (WORKED, "")


@pytest.mark.django_db
def test_whether_a_due_day_is_free_is_said_by_the_calendar_of_the_learners_team():
    team, enrollment = make_team(), make_enrollment()
    join(team, enrollment.learner)
    CalendarDay.objects.create(team=team, day=WORKED, is_free=True, name="Moving house")
    extend(enrollment, WORKED, by=None)
    enrollment.refresh_from_db()
    assert why_due_day_is_free(enrollment) == "Moving house"
    assert calendar_of(None).why_free(WORKED) == ""


@pytest.mark.django_db
def test_of_a_run_that_is_closed_or_without_a_day_nothing_is_said():
    assert why_due_day_is_free(make_enrollment()) == ""
    done = make_enrollment(due_at=dates.due_instant(TO_COME, ZoneInfo("Asia/Shanghai")))
    assert why_due_day_is_free(done) == "National Day"
    done.completed_at = done.due_at
    assert why_due_day_is_free(done) == ""


@pytest.mark.django_db
def test_the_page_of_a_person_says_that_the_due_day_is_free(client, time_machine):
    time_machine.move_to("2026-11-25T03:00Z")
    team, enrollment = make_team(), make_enrollment()
    join(team, enrollment.learner)
    client.force_login(team.manager)
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": TO_COME.isoformat()})
    assert "a free day: National Day" in client.get(f"/team/people/{enrollment.pk}/").text
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": WORKED.isoformat()})
    assert "a free day" not in client.get(f"/team/people/{enrollment.pk}/").text
