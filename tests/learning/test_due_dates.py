"""Due dates on days off, and due dates in calendar files."""

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
from tests.making import join, make_course, make_enrollment, make_team, make_user, sent_emails

pytestmark = pytest.mark.django_db
CHINA = Calendar(shipped("cn"))
DAY_OFF = date(2027, 10, 1)  # National Day, a Friday
WORKING_DAY = date(2027, 9, 30)


def test_rule_due_date_on_day_off_moves_to_previous_working_day():
    assert day_for(date(2026, 9, 30), CHINA).day == date(2026, 9, 30)
    assert day_for(date(2026, 10, 10), CHINA).day == date(2026, 10, 10)  # a Saturday that is a working day
    assert [day_for(date(2026, 10, day), CHINA).day for day in range(1, 8)] == [date(2026, 9, 30)] * 7


def test_moved_due_date_states_reason():
    moved = day_for(date(2026, 10, 1), CHINA)
    assert moved.words == "Thursday 1 October is a day off (National Day), so the due date is Wednesday 30 September"
    assert day_for(date(2026, 12, 5), CHINA).words.startswith("Saturday 5 December is a day off (Saturday)")
    assert day_for(date(2026, 9, 30), CHINA).words == ""


def test_rule_due_date_is_not_before_rule_acts():
    rule_day = date(2026, 10, 3)
    assert day_for(date(2026, 10, 3), CHINA, earliest=rule_day).day == date(2026, 10, 8)
    assert day_for(date(2026, 10, 3), CHINA, earliest=date(2026, 9, 30)).day == date(2026, 9, 30)


@given(st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.integers(0, 20))
def test_rule_due_date_is_working_day_not_before_start(requested, days_before):
    given_day = day_for(requested, CHINA, earliest=requested - timedelta(days=days_before)).day
    assert CHINA.is_working(given_day)
    assert given_day >= requested - timedelta(days=days_before)


def test_manual_due_date_on_day_off_stays_with_note():
    enrollment = make_enrollment()
    extend(enrollment, DAY_OFF, by=None)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, why_due_day_is_free(enrollment)) == (DAY_OFF, "National Day")
    extend(enrollment, WORKING_DAY, by=None)
    enrollment.refresh_from_db()
    assert (enrollment.due_on, why_due_day_is_free(enrollment)) == (WORKING_DAY, "")


def test_day_off_is_read_from_team_calendar():
    team, enrollment = make_team(), make_enrollment()
    join(team, enrollment.learner)
    CalendarDay.objects.create(team=team, day=WORKING_DAY, is_free=True, name="Moving house")
    extend(enrollment, WORKING_DAY, by=None)
    enrollment.refresh_from_db()
    assert why_due_day_is_free(enrollment) == "Moving house"
    assert calendar_of(None).why_free(WORKING_DAY) == ""


def test_closed_or_undated_enrollment_has_no_note():
    assert why_due_day_is_free(make_enrollment()) == ""
    done = make_enrollment(due_at=dates.due_instant(DAY_OFF, ZoneInfo("Asia/Shanghai")))
    assert why_due_day_is_free(done) == "National Day"
    done.completed_at = done.due_at
    assert why_due_day_is_free(done) == ""


def test_person_page_marks_due_date_on_day_off(client, time_machine):
    time_machine.move_to("2026-11-25T03:00Z")
    team, enrollment = make_team(), make_enrollment()
    join(team, enrollment.learner)
    client.force_login(team.manager)
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": DAY_OFF.isoformat()})
    assert "a day off: National Day" in client.get(f"/team/people/{enrollment.pk}/").text
    client.post(f"/team/people/{enrollment.pk}/extend/", {"due_on": WORKING_DAY.isoformat()})
    assert "a day off" not in client.get(f"/team/people/{enrollment.pk}/").text


DUE = datetime(2098, 12, 10, tzinfo=ZoneInfo("Asia/Shanghai"))  # the first instant after the due day
ON = date(2098, 12, 9)


@pytest.fixture
def person(client):
    person = make_user(language="en")
    client.force_login(person)
    return person


def create_calendar(client):
    """Create a calendar; return its path."""
    page = client.post("/calendar/", {"make": "1"}, headers={"accept-language": "en"})
    return urlsplit(re.search(r'value="(http[^"]+\.ics)"', page.text)[1]).path


def events(address):
    response = Client().get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return [
        (str(each["SUMMARY"]), each["DTSTART"].dt) for each in CalendarFile.from_ical(response.content).walk("VEVENT")
    ]


def test_calendar_lists_open_due_dates_of_its_owner_only(client, person):
    make_enrollment(person, due_at=DUE)
    make_enrollment(make_user(), due_at=DUE)
    address = create_calendar(client)
    assert events(address) == [("Due: Rules of the tea room", ON)]
    Enrollment.objects.filter(learner=person).update(due_at=DUE + timedelta(days=7))
    assert events(address) == [("Due: Rules of the tea room", ON + timedelta(days=7))]
    Enrollment.objects.filter(learner=person).update(due_at=None)
    assert events(address) == []


def test_calendar_uses_language_of_owner(client, person):
    make_enrollment(person, due_at=DUE)
    type(person).objects.update(language="zh-hans")
    assert events(create_calendar(client)) == [("截止日期：《茶水间守则》", ON)]


def test_new_calendar_url_replaces_old_and_end_removes_all(client, person):
    first = create_calendar(client)
    second = create_calendar(client)
    assert [Client().get(each).status_code for each in (first, second)] == [404, 200]
    for _ in range(2):
        assert client.post("/calendar/", {"end": "1"}).status_code == 302
    assert [Client().get(each).status_code for each in (first, second)] == [404, 404]
    verbs = Event.objects.filter(verb__startswith="calendar-feed").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["calendar-feed-created", "calendar-feed-created", "calendar-feed-ended"]


def test_person_who_left_has_no_calendar(client, person):
    address = create_calendar(client)
    type(person).objects.update(is_active=False)
    assert Client().get(address).status_code == 404


def test_calendar_url_is_shown_once_and_not_stored(client, person):
    secret = create_calendar(client).rpartition("/")[2].removesuffix(".ics")
    assert secret not in client.get("/calendar/").text
    assert secret not in CalendarFeed.objects.get().digest
    assert Client().get(f"/calendar/{CalendarFeed.objects.get().digest}.ics").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_calendar_costs_same_queries_for_1_and_3_due_dates(client, person, number, django_assert_num_queries):
    for each in range(number):
        files = make_files()
        if each:
            files = {name: text.replace(b"id: tea-room", b"id: tea-room-%d" % each) for name, text in files.items()}
        make_enrollment(person, make_course(files), due_at=DUE)
    address = create_calendar(client)
    events(address)
    with django_assert_num_queries(2):
        assert len(events(address)) == number


def enrollment_email(**fields):
    enroll(make_user(language="en", password=None), make_course(), by=None, **fields)
    [email] = sent_emails()
    return email


def test_first_email_attaches_due_dates():
    [(name, content, kind)] = enrollment_email(due_at=DUE).attachments
    assert (name, kind) == ("due-days.ics", "text/calendar")
    [event] = CalendarFile.from_ical(content).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Due: Rules of the tea room"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (ON, ON + timedelta(days=1))
    assert str(event["UID"]).startswith("due-")


def test_email_without_due_date_has_no_attachment():
    assert enrollment_email().attachments == []
