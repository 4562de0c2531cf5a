"""Due days in calendars: in the letter, and under a private address that its owner ends."""

import re
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from icalendar import Calendar

from courseware.evidence.models import Event
from courseware.learning.due_feeds import DueFeed
from courseware.learning.enrolling import enroll
from courseware.learning.models import Enrollment
from tests.language.samples import make_files
from tests.making import letters, make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
DUE = datetime(2098, 12, 10, tzinfo=ZoneInfo("Asia/Shanghai"))  # the first instant after the due day
ON = date(2098, 12, 9)


@pytest.fixture
def person(client):
    person = make_user(language="en")
    client.force_login(person)
    return person


def made(client):
    """Makes a calendar, and says its address on this site."""
    page = client.post("/due-days/", {"make": "1"}, headers={"accept-language": "en"})
    return urlsplit(re.search(r'value="(http[^"]+\.ics)"', page.text)[1]).path


def events(address):
    response = Client().get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    return [(str(each["SUMMARY"]), each["DTSTART"].dt) for each in Calendar.from_ical(response.content).walk("VEVENT")]


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
    assert events(made(client)) == [("截止：《茶水间守则》", ON)]


def test_a_new_address_ends_the_one_of_before_and_ending_it_ends_both(client, person):
    first = made(client)
    second = made(client)
    assert [Client().get(each).status_code for each in (first, second)] == [404, 200]
    for _ in range(2):
        assert client.post("/due-days/", {"end": "1"}).status_code == 302
    assert [Client().get(each).status_code for each in (first, second)] == [404, 404]
    verbs = Event.objects.filter(verb__startswith="due-feed").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["due-feed-made", "due-feed-made", "due-feed-ended"]


def test_whoever_left_has_none(client, person):
    address = made(client)
    type(person).objects.update(is_active=False)
    assert Client().get(address).status_code == 404


def test_the_address_is_shown_once_and_is_nowhere_in_the_database(client, person):
    secret = made(client).rpartition("/")[2].removesuffix(".ics")
    assert secret not in client.get("/due-days/").text
    assert secret not in DueFeed.objects.get().digest
    assert Client().get(f"/due-days/{DueFeed.objects.get().digest}.ics").status_code == 404


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
    [event] = Calendar.from_ical(content).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Due: Rules of the tea room"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (ON, ON + timedelta(days=1))
    assert str(event["UID"]).startswith("due-")


def test_a_letter_about_a_course_without_a_due_day_brings_none():
    assert letter_about().attachments == []
