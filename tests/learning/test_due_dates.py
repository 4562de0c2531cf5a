"""Due days on free days, and due days in calendar files."""

import re
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar as CalendarFile

from courseware.accounts.calendar.working_days import Calendar, calendar_of, shipped
from courseware.accounts.models import CalendarDay
from courseware.audit_log.models import Event
from courseware.learning.due_dates.calendar_feed import CalendarFeed
from courseware.learning.due_dates.due_dates import day_for, why_due_day_is_free
from courseware.learning.enrollments.enrollment import enroll, extend
from courseware.learning.models import Enrollment
from courseware.lib import dates
from tests.course_format.samples import make_files
from tests.making import join, letters, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
CHINA = Calendar(shipped("cn"))
TO_COME = date(2027, 10, 1)  # National Day, a Friday
WORKED = date(2027, 9, 30)


def test_a_working_day_of_a_rule_stays_and_a_free_one_is_the_working_day_before():
    assert day_for(date(2026, 9, 30), CHINA).day == date(2026, 9, 30)
    assert day_for(date(2026, 10, 10), CHINA).day == date(2026, 10, 10)  # a Saturday that is made up for
    assert [day_for(date(2026, 10, day), CHINA).day for day in range(1, 8)] == [date(2026, 9, 30)] * 7


def test_it_is_said_why_the_day_is_another_one_and_only_then():
    moved = day_for(date(2026, 10, 1), CHINA)
    assert moved.words == "Thursday 1 October is a day off (National Day), so the due date is Wednesday 30 September"
    assert day_for(date(2026, 12, 5), CHINA).words.startswith("Saturday 5 December is a day off (Saturday)")
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


def test_a_day_given_by_hand_stays_and_it_is_said_that_it_is_free():
    enrollment = make_enrollment()
    extend(enrollment, TO_COME, by=None)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, why_due_day_is_free(enrollment)) == (TO_COME, "National Day")
    extend(enrollment, WORKED, by=None)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, why_due_day_is_free(enrollment)) == (WORKED, "")


def test_whether_a_due_day_is_free_is_said_by_the_calendar_of_the_learners_team():
    team, enrollment = make_team(), make_enrollment()
    join(team, enrollment.learner)
    CalendarDay.objects.create(team=team, day=WORKED, is_free=True, name="Moving house")
    extend(enrollment, WORKED, by=None)
    enrollment.refresh_from_db()
    assert why_due_day_is_free(enrollment) == "Moving house"
    assert calendar_of(None).why_free(WORKED) == ""


def test_of_a_run_that_is_closed_or_without_a_day_nothing_is_said():
    assert why_due_day_is_free(make_enrollment()) == ""
    done = make_enrollment(due_at=dates.due_instant(TO_COME, ZoneInfo("Asia/Shanghai")))
    assert why_due_day_is_free(done) == "National Day"
    done.completed_at = done.due_at
    assert why_due_day_is_free(done) == ""


def test_the_page_of_a_person_says_that_the_due_day_is_free(client, time_machine):
    time_machine.move_to("2026-11-25T03:00Z")
    team, enrollment = make_team(), make_enrollment()
    join(team, enrollment.learner)
    client.force_login(team.manager)
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": TO_COME.isoformat()})
    assert "a day off: National Day" in client.get(f"/team/people/{enrollment.pk}/").text
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": WORKED.isoformat()})
    assert "a day off" not in client.get(f"/team/people/{enrollment.pk}/").text


DUE = datetime(2098, 12, 10, tzinfo=ZoneInfo("Asia/Shanghai"))  # the first instant after the due day
ON = date(2098, 12, 9)


@pytest.fixture
def person(client):
    person = make_user(language="en")
    client.force_login(person)
    return person


def made(client):
    """Makes a calendar, and says its address on this site."""
    page = client.post("/calendar/", {"make": "1"}, headers={"accept-language": "en"})
    return urlsplit(re.search(r'value="(http[^"]+\.ics)"', page.text)[1]).path


def events(address):
    response = Client().get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return [
        (str(each["SUMMARY"]), each["DTSTART"].dt) for each in CalendarFile.from_ical(response.content).walk("VEVENT")
    ]


def test_it_has_the_open_runs_with_a_due_day_and_of_nobody_else(client, person):
    make_enrollment(person, due_at=DUE)
    make_enrollment(make_user(), due_at=DUE)
    address = made(client)
    assert events(address) == [("Due: Rules of the tea room", ON)]
    Enrollment.objects.filter(learner=person).update(due_at=DUE + timedelta(days=7))
    assert events(address) == [("Due: Rules of the tea room", ON + timedelta(days=7))]
    Enrollment.objects.filter(learner=person).update(due_at=None)
    assert events(address) == []


def test_it_speaks_the_language_of_its_owner(client, person):
    make_enrollment(person, due_at=DUE)
    type(person).objects.update(language="zh-hans")
    assert events(made(client)) == [("截止日期：《茶水间守则》", ON)]


def test_a_new_address_ends_the_one_of_before_and_ending_it_ends_both(client, person):
    first = made(client)
    second = made(client)
    assert [Client().get(each).status_code for each in (first, second)] == [404, 200]
    for _ in range(2):
        assert client.post("/calendar/", {"end": "1"}).status_code == 302
    assert [Client().get(each).status_code for each in (first, second)] == [404, 404]
    verbs = Event.objects.filter(verb__startswith="calendar-feed").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["calendar-feed-created", "calendar-feed-created", "calendar-feed-ended"]


def test_whoever_left_has_none(client, person):
    address = made(client)
    type(person).objects.update(is_active=False)
    assert Client().get(address).status_code == 404


def test_the_address_is_shown_once_and_is_nowhere_in_the_database(client, person):
    secret = made(client).rpartition("/")[2].removesuffix(".ics")
    assert secret not in client.get("/calendar/").text
    assert secret not in CalendarFeed.objects.get().digest
    assert Client().get(f"/calendar/{CalendarFeed.objects.get().digest}.ics").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_a_calendar_costs_the_same_for_one_day_and_for_three(client, person, number, django_assert_num_queries):
    for each in range(number):
        files = make_files()
        if each:
            files = {name: text.replace(b"id: tea-room", b"id: tea-room-%d" % each) for name, text in files.items()}
        make_enrollment(person, make_course(files), due_at=DUE)
    address = made(client)
    events(address)
    with django_assert_num_queries(2):
        assert len(events(address)) == number


def letter_about(**fields):
    enroll(make_user(language="en", password=None), make_course(), by=None, **fields)
    [letter] = letters()
    return letter


def test_the_first_letter_brings_its_due_days_along_as_a_file():
    [(name, content, kind)] = letter_about(due_at=DUE).attachments
    assert (name, kind) == ("due-days.ics", "text/calendar")
    [event] = CalendarFile.from_ical(content).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Due: Rules of the tea room"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (ON, ON + timedelta(days=1))
    assert str(event["UID"]).startswith("due-")


def test_a_letter_about_a_course_without_a_due_day_brings_none():
    assert letter_about().attachments == []
