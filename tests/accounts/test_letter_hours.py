"""Letters about the training leave by day, on working days, where their reader is; change nights included."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from courseware.accounts.letters import LetterHours, hours_of, why_of_leaver
from courseware.accounts.models import CalendarDay, Membership
from courseware.accounts.working_days import Calendar, ListedDay
from courseware.lib.dates import site_day
from courseware.outbox.models import Message
from tests.making import join, make_team, make_user

BERLIN = ZoneInfo("Europe/Berlin")


def hours(listed=(), zone=BERLIN):
    return LetterHours(zone, Calendar(dict(listed)))


def opens(at, **calendar):
    """At which time by the reader's clock, where `at` is a time by it, too."""
    clock = datetime.fromisoformat(at).replace(tzinfo=calendar.get("zone", BERLIN))
    return hours(**calendar).opens_at(clock.astimezone(UTC)).astimezone(clock.tzinfo).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    "at, first",
    [
        ("2026-11-26 07:59", "2026-11-26 08:00"),  # a Thursday
        ("2026-11-26 08:00", "2026-11-26 08:00"),
        ("2026-11-26 19:59", "2026-11-26 19:59"),
        ("2026-11-26 20:00", "2026-11-27 08:00"),
        ("2026-11-27 20:00", "2026-11-30 08:00"),
        ("2026-11-28 12:00", "2026-11-30 08:00"),
        ("2026-03-28 12:00", "2026-03-30 08:00"),  # over the night in which an hour is left out
        ("2026-10-24 12:00", "2026-10-26 08:00"),  # and over the one that has an hour twice
    ],
)
def test_letters_leave_from_eight_to_eight_on_working_days(at, first):
    assert opens(at) == first


def test_a_holiday_is_no_day_for_letters_and_a_saturday_that_is_worked_is_one():
    listed = {date(2026, 11, 26): ListedDay(is_free=True), date(2026, 11, 28): ListedDay(is_free=False)}
    assert [opens("2026-11-26 12:00", listed=listed), opens("2026-11-28 12:00", listed=listed)] == [
        "2026-11-27 08:00",
        "2026-11-28 12:00",
    ]


@pytest.mark.django_db
def test_it_goes_by_the_team_that_one_learns_in_else_leads_else_by_the_site(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    learner, lead, nobody = (make_user(email=f"{name}@example.com") for name in ("learner", "lead", "nobody"))
    join(make_team(time_zone="America/New_York"), learner, Membership.Role.MANAGER)
    join(make_team(time_zone="Europe/Berlin"), learner)
    led = make_team(time_zone="Asia/Tokyo", manager=lead)
    CalendarDay.objects.create(team=led, day=date(2026, 11, 26), is_free=True)
    people = [person.pk for person in (learner, lead, nobody)]
    hours = hours_of(people)
    found = [hours[person] for person in people]
    assert [str(each.zone) for each in found] == ["Europe/Berlin", "Asia/Tokyo", "Asia/Shanghai"]
    assert [each.calendar.is_working(date(2026, 11, 26)) for each in found] == [True, False, True]


@pytest.mark.django_db
def test_who_has_left_is_told_nothing_from_the_day_after_the_last_one_on():
    today = site_day()
    people = {
        "here": make_user(),
        "last day today": make_user(leaves_on=today),
        "last day yesterday": make_user(leaves_on=today - timedelta(days=1)),
        "may not sign in": make_user(is_active=False),
        "a stranger": None,
    }
    assert {who: why_of_leaver(Message(kind="note", person=person)) for who, person in people.items()} == {
        "here": "",
        "last day today": "",
        "last day yesterday": "the person has left",
        "may not sign in": "the person has left",
        "a stranger": "the person has left",
    }
