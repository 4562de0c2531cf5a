"""Account emails: cancellation before sending, sending hours, deputies."""

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
from tests.making import join, make_admin, make_hr, make_team, make_user, sent_emails

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def now(time_machine):
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    return now


def outcomes():
    """(email type, state or reason for not sending) of all emails, oldest first."""
    sent_emails()
    return [(each.kind, each.why or each.state) for each in OutgoingEmail.objects.order_by("pk")]


def test_invitation_is_cancelled_if_deactivated_or_signed_in(now):
    gone, here, before = make_user(), make_user(), make_user(last_login=now - timedelta(days=1))
    for person in (gone, here, before):
        invite(person, by=make_admin())
    gone.is_active = False
    gone.save()
    here.last_login = now + timedelta(seconds=1)
    here.save()
    assert outcomes() == [
        ("invitation", "the person can no longer sign in"),
        ("invitation", "the person has already signed in"),
        ("invitation", DeliveryState.SENT),
    ]


def test_link_requested_over_1_day_ago_is_not_sent(now, time_machine):
    person = make_user()
    mail_new_link(person.email, [person], language="en")
    time_machine.move_to(now + timedelta(hours=24), tick=False)
    mail_new_link(person.email, [person], language="en")
    time_machine.move_to(now + timedelta(hours=25), tick=False)
    assert outcomes() == [("new-link", "the link was requested more than 1 day ago"), ("new-link", DeliveryState.SENT)]


def test_no_account_email_goes_once_to_company_addresses_only(settings):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    for address in ("a@example.com", "A@EXAMPLE.COM", "a@example.org", "a@sub.example.com"):
        mail_new_link(address, [], language="en")
    outside = "COMPANY_EMAIL_DOMAINS does not name the domain of this address"
    assert outcomes() == [
        ("no-account", DeliveryState.SENT),
        ("no-account", "this address got one today"),
        ("no-account", outside),
        ("no-account", outside),
    ]


@pytest.mark.slow
def test_no_account_emails_are_limited_to_100_a_day(settings, now, time_machine):
    settings.COMPANY_EMAIL_DOMAINS = ["example.com"]
    for number in range(102):
        mail_new_link(f"a{number}@example.com", [], language="en")
    assert [why for _, why in outcomes()] == [DeliveryState.SENT] * 100 + ["100 of them were sent today"] * 2
    time_machine.move_to(now + timedelta(days=1), tick=False)
    mail_new_link("another@example.com", [], language="en")
    assert outcomes()[-1] == ("no-account", DeliveryState.SENT)


def hours(listed=(), zone=BERLIN):
    return EmailHours(zone, Calendar(dict(listed)))


def opens(at, **calendar):
    """Next sending time by the recipient's clock; `at` is by the same clock."""
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
        ("2026-03-28 12:00", "2026-03-30 08:00"),  # across the start of summer time
        ("2026-10-24 12:00", "2026-10-26 08:00"),  # across its end
    ],
)
def test_emails_are_sent_8_to_20_on_working_days(at, first):
    assert opens(at) == first


def test_holidays_and_working_saturdays_are_respected():
    listed = {date(2026, 11, 26): ListedDay(is_free=True), date(2026, 11, 28): ListedDay(is_free=False)}
    assert [opens("2026-11-26 12:00", listed=listed), opens("2026-11-28 12:00", listed=listed)] == [
        "2026-11-27 08:00",
        "2026-11-28 12:00",
    ]


def test_sending_hours_follow_own_then_managed_team_then_site(settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    learner, manager, nobody = (make_user(email=f"{name}@example.com") for name in ("learner", "lead", "nobody"))
    join(make_team(time_zone="America/New_York"), learner, Membership.Role.MANAGER)
    join(make_team(time_zone="Europe/Berlin"), learner)
    managed = make_team(time_zone="Asia/Tokyo", manager=manager)
    CalendarDay.objects.create(team=managed, day=date(2026, 11, 26), is_free=True)
    people = [person.pk for person in (learner, manager, nobody)]
    hours = hours_of(people)
    found = [hours[person] for person in people]
    assert [str(each.zone) for each in found] == ["Europe/Berlin", "Asia/Tokyo", "Asia/Shanghai"]
    assert [each.calendar.is_working(date(2026, 11, 26)) for each in found] == [True, False, True]


def test_former_person_gets_no_email_after_last_day():
    today = site_day()
    people = {
        "here": make_user(),
        "last day today": make_user(leaves_on=today),
        "last day yesterday": make_user(leaves_on=today - timedelta(days=1)),
        "can no longer sign in": make_user(is_active=False),
        "a stranger": None,
    }
    assert {label: why_of_leaver(OutgoingEmail(kind="note", person=person)) for label, person in people.items()} == {
        "here": "",
        "last day today": "",
        "last day yesterday": "the person left the company",
        "can no longer sign in": "the person left the company",
        "a stranger": "the person left the company",
    }


DAYS = {"first_day": date(2099, 12, 1), "last_day": date(2099, 12, 24)}


@pytest.fixture
def manager():
    return make_team("Night shift", manager=make_user("Li Lin", language="en", email="li@example.com")).manager


@pytest.fixture
def deputy():
    return make_user("Bo Wu", language="zh-hans", email="bo@example.com")


def sent_texts():
    """Address → (subject, text)."""
    return {email.to[0]: (email.subject, email.body) for email in sent_emails()}


def test_manager_and_deputy_are_told_in_own_language(manager, deputy):
    add_deputy(manager, deputy, **DAYS, by=make_hr(name="Hana"))
    found = sent_texts()
    assert found.keys() == {"li@example.com", "bo@example.com"}
    subject, text = found["li@example.com"]
    assert subject == "Bo Wu is your deputy from 1 December 2099 to 24 December 2099"
    assert "Hana has named a deputy for you: Bo Wu, from 1 December 2099" in text
    subject, text = found["bo@example.com"]
    assert subject == "2099年12月1日至2099年12月24日，你代理Li Lin的主管工作"
    assert "Hana指定你为Li Lin的代理人" in text


def test_manager_who_named_own_deputy_is_named_alone(manager, deputy):
    add_deputy(manager, deputy, **DAYS, by=manager)
    found = sent_texts()
    assert "You have named a deputy: Bo Wu" in found["li@example.com"][1]
    assert "Li Lin指定你为代理人" in found["bo@example.com"][1]


def test_repeated_deputy_is_announced_once(manager, deputy):
    for _ in range(2):
        add_deputy(manager, deputy, **DAYS, by=manager)
    assert (len(sent_texts()), OutgoingEmail.objects.count()) == (2, 2)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda manager, person: end_deputy(deputy_of(manager), by=manager),
            "the deputy no longer acts for the manager",
        ),
        (lambda manager, person: leave(person, by=None), "the manager or the deputy can no longer sign in"),
        (
            lambda manager, person: manager.memberships.filter(role=Membership.Role.MANAGER).delete(),
            "the manager no longer manages",
        ),
    ],
    ids=["ended", "left", "leads nobody"],
)
def test_outdated_deputy_email_is_not_sent(manager, deputy, change, why):
    add_deputy(manager, deputy, **DAYS, by=manager)
    change(manager, deputy)
    assert sent_texts() == {}
    messages = OutgoingEmail.objects.filter(kind="deputy-added")
    assert {message.state for message in messages} == {"skipped"}
    assert all(why in message.why for message in messages)


def deputy_of(manager):
    return Deputy.objects.get(manager=manager)


def test_deputy_email_is_not_sent_after_last_day(manager, deputy, time_machine):
    today = site_day()
    add_deputy(manager, deputy, first_day=today, last_day=today, by=manager)
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert sent_texts() == {}
