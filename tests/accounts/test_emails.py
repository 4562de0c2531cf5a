"""Emails about an account that are no longer wanted when they are sent, and sending hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.accounts.calendar.working_days import Calendar, ListedDay
from courseware.accounts.models import CalendarDay, Deputy, Membership
from courseware.accounts.people.offboarding import leave
from courseware.accounts.sign_in.emails import EmailHours, hours_of, why_of_leaver
from courseware.accounts.sign_in.invitations import invite, mail_new_link
from courseware.accounts.teams.deputies import add_deputy, end_deputy
from courseware.lib.dates import site_day
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.making import join, letters, make_admin, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def now(time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    return now


def left():
    """(what, whether it was sent or why not) of all messages, the oldest first."""
    letters()
    return [(each.kind, each.why or each.state) for each in OutgoingEmail.objects.order_by("pk")]


def test_who_was_deactivated_or_has_signed_in_meanwhile_is_not_invited_any_more(now):
    gone, here, before = make_user(), make_user(), make_user(last_login=now - timedelta(days=1))
    for person in (gone, here, before):
        invite(person, by=make_admin())
    gone.is_active = False
    gone.save()
    here.last_login = now + timedelta(seconds=1)
    here.save()
    assert left() == [
        ("invitation", "the person can no longer sign in"),
        ("invitation", "the person signed in in the meantime"),
        ("invitation", DeliveryState.SENT),
    ]


def test_a_link_that_was_asked_for_long_ago_is_not_sent_any_more(now, time_machine):
    person = make_user()
    mail_new_link(person.email, [person], language="en")
    time_machine.move_to(now + timedelta(hours=24), tick=False)
    mail_new_link(person.email, [person], language="en")
    time_machine.move_to(now + timedelta(hours=25), tick=False)
    assert left() == [("new-link", "it was requested more than 1 day ago"), ("new-link", DeliveryState.SENT)]


def test_a_stranger_gets_letters_of_the_firm_sent_to_nobody_outside_it(settings):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    for address in ("a@example.com", "A@EXAMPLE.COM", "a@example.org", "a@sub.example.com"):
        mail_new_link(address, [], language="en")
    outside = "COMPANY_EMAIL_DOMAINS does not name the domain of this address"
    assert left() == [
        ("no-account", DeliveryState.SENT),
        ("no-account", "this address got one today"),
        ("no-account", outside),
        ("no-account", outside),
    ]


def test_strangers_together_get_a_hundred_letters_a_day(settings, now, time_machine):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    for number in range(102):
        mail_new_link(f"a{number}@example.com", [], language="en")
    assert [why for _, why in left()] == [DeliveryState.SENT] * 100 + ["100 of them were sent today"] * 2
    time_machine.move_to(now + timedelta(days=1), tick=False)
    mail_new_link("another@example.com", [], language="en")
    assert left()[-1] == ("no-account", DeliveryState.SENT)


def hours(listed=(), zone=BERLIN):
    return EmailHours(zone, Calendar(dict(listed)))


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


def test_who_has_left_is_told_nothing_from_the_day_after_the_last_one_on():
    today = site_day()
    people = {
        "here": make_user(),
        "last day today": make_user(leaves_on=today),
        "last day yesterday": make_user(leaves_on=today - timedelta(days=1)),
        "can no longer sign in": make_user(is_active=False),
        "a stranger": None,
    }
    assert {who: why_of_leaver(OutgoingEmail(kind="note", person=person)) for who, person in people.items()} == {
        "here": "",
        "last day today": "",
        "last day yesterday": "the person left the company",
        "can no longer sign in": "the person left the company",
        "a stranger": "the person left the company",
    }


DAYS = {"first_day": date(2099, 12, 1), "last_day": date(2099, 12, 24)}


@pytest.fixture
def lead():
    return make_team("Night shift", manager=make_user("Li Lin", language="en", email="li@example.com")).manager


@pytest.fixture
def substitute():
    return make_user("Bo Wu", language="zh-hans", email="bo@example.com")


def told():
    """Address → (subject, text)."""
    return {letter.to[0]: (letter.subject, letter.body) for letter in letters()}


def test_both_are_told_by_whom_in_their_own_language(lead, substitute):
    add_deputy(lead, substitute, **DAYS, by=make_hr(name="Hana"))
    found = told()
    assert found.keys() == {"li@example.com", "bo@example.com"}
    subject, text = found["li@example.com"]
    assert subject == "Bo Wu covers for you from 1 December 2099 to 24 December 2099"
    assert "Hana has named a deputy for you: Bo Wu, from 1 December 2099" in text
    subject, text = found["bo@example.com"]
    assert subject == "2099年12月1日至2099年12月24日，你代理Li Lin的主管工作"
    assert "Hana指定你为Li Lin的代理人" in text


def test_of_who_named_the_own_substitute_nobody_else_is_said_to_have_done_it(lead, substitute):
    add_deputy(lead, substitute, **DAYS, by=lead)
    found = told()
    assert "You have named a deputy: Bo Wu" in found["li@example.com"][1]
    assert "Li Lin指定你为代理人" in found["bo@example.com"][1]


def test_the_same_again_is_told_once(lead, substitute):
    for _ in range(2):
        add_deputy(lead, substitute, **DAYS, by=lead)
    assert (len(told()), OutgoingEmail.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lead, person: end_deputy(the_only(lead), by=lead), "it ended in the meantime"),
        (lambda lead, person: leave(person, by=None), "one of the two people can no longer sign in"),
        (
            lambda lead, person: lead.memberships.filter(role=Membership.Role.MANAGER).delete(),
            "the manager no longer manages",
        ),
    ],
    ids=["ended", "left", "leads nobody"],
)
def test_what_is_not_true_any_more_is_not_sent(lead, substitute, change, why):
    add_deputy(lead, substitute, **DAYS, by=lead)
    change(lead, substitute)
    assert told() == {}
    messages = OutgoingEmail.objects.filter(kind="deputy-added")
    assert {message.state for message in messages} == {"skipped"}
    assert all(why in message.why for message in messages)


def the_only(lead):
    return Deputy.objects.get(lead=lead)


def test_nor_when_its_days_are_over(lead, substitute, time_machine):
    today = site_day()
    add_deputy(lead, substitute, first_day=today, last_day=today, by=lead)
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert told() == {}
