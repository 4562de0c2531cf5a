"""Limits of emails per person, and sending hours in the person's time zone."""

from collections import defaultdict
from contextlib import suppress
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.accounts.models import CalendarDay
from courseware.notifications.email import delivery, delivery_batch, sending_limits
from courseware.notifications.email.delivery import deliver_due
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory
from courseware.notifications.email.queue import queue_email
from courseware.notifications.email.smtp_connection import PermanentFailure, SmtpConnection, TemporaryFailure
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.examples import only_deep
from tests.making import join, make_team, make_user
from tests.notifications.sinks import note_type, send_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours", "kinds")]
BERLIN = ZoneInfo("Europe/Berlin")
THURSDAY = datetime(2026, 11, 26, 9, tzinfo=BERLIN)
CATEGORIES = {"link": EmailCategory.IMMEDIATE, "lesson": EmailCategory.TRAINING, "due": EmailCategory.TRAINING}
CATEGORIES |= {"digest": EmailCategory.SUBSCRIBED, "question": EmailCategory.SUBSCRIBED}


@pytest.fixture
def kinds(monkeypatch, settings):
    settings.HOLIDAY_CALENDAR = ""  # only weekends are days off
    for name, category in CATEGORIES.items():
        monkeypatch.setitem(EMAIL_TYPES, name, note_type(category))


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(THURSDAY, tick=False)
    return time_machine


def recipient(zone="Europe/Berlin", **fields):
    person = make_user(**fields)
    join(make_team(time_zone=zone), person)
    return person


def send():
    """Send due emails; return their types in order."""
    before = set(OutgoingEmail.objects.handed_over().values_list("pk", flat=True))
    deliver_due()
    return list(
        OutgoingEmail.objects.handed_over().exclude(pk__in=before).order_by("pk").values_list("kind", flat=True)
    )


def waiting():
    return list(OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).order_by("pk").values_list("kind", "why"))


def test_only_immediate_emails_are_sent_at_night(clock):
    clock.move_to(THURSDAY.replace(hour=23), tick=False)
    person = recipient()
    for kind in CATEGORIES:
        queue_email(kind, person)
    assert send() == ["link"]
    why = "emails are sent from 8 to 20 on working days; planned for 2026-11-27 08:00"
    assert waiting() == [("lesson", why), ("due", why), ("digest", why), ("question", why)]


def test_limit_of_1_a_day_applies_per_category(clock):
    person, other = recipient(), recipient()
    for kind in ("lesson", "due", "digest", "question", "link", "link"):
        queue_email(kind, person)
    queue_email("lesson", other)
    assert send() == ["lesson", "digest", "link", "link", "lesson"]
    why = "the person had an email today, and gets at most one a day; planned for 2026-11-27 08:00"
    assert waiting() == [("due", why), ("question", why)]
    clock.move_to(THURSDAY + timedelta(hours=23), tick=False)
    assert send() == ["due", "question"]


@pytest.mark.slow
def test_training_emails_are_limited_to_3_in_14_days(clock):
    person = recipient()
    sent = {}
    for _ in range(20):
        day = timezone.now().astimezone(BERLIN).date()
        for kind in ("lesson", "digest"):
            queue_email(kind, person)
        sent[day] = send()
        clock.shift(timedelta(days=1))
    days = [date(2026, 11, 26) + timedelta(days=number) for number in range(20)]
    lessons = [date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 10), date(2026, 12, 11)]
    lessons.append(date(2026, 12, 14))
    assert [day for day in days if "lesson" in sent[day]] == lessons
    assert [day for day in days if "digest" in sent[day]] == [day for day in days if day.weekday() < 5]


def test_emails_sent_in_the_future_do_not_count(clock):
    person = recipient()
    for days in (365, 368, 369):
        clock.move_to(THURSDAY + timedelta(days=days), tick=False)
        queue_email("lesson", person)
        queue_email("digest", person)
        assert send() == ["lesson", "digest"]
    clock.move_to(THURSDAY, tick=False)
    queue_email("lesson", person)
    queue_email("digest", person)
    assert send() == ["lesson", "digest"]


def test_fourth_email_shows_when_it_will_be_sent(clock):
    person = recipient()
    for number in range(4):
        queue_email("lesson", person)
        clock.move_to(THURSDAY + timedelta(days=(0, 1, 4, 5)[number]), tick=False)
        send()
    assert waiting() == [
        ("lesson", "the person had 3 emails in 14 days, and gets no more; planned for 2026-12-10 08:00")
    ]


def test_deferred_but_not_rejected_email_keeps_sending_day(clock, monkeypatch):
    person = recipient()
    refused, deferred, later = (queue_email("lesson", person) for _ in range(3))
    answers = {refused.pk: PermanentFailure("550 no"), deferred.pk: TemporaryFailure("451 busy")}
    monkeypatch.setattr(SmtpConnection, "send", lambda self, message, *rest: raise_(answers[message.pk]))
    assert send_all([refused.pk, deferred.pk, later.pk]) == {"refused": 1, "queued": 2}
    assert list(OutgoingEmail.objects.order_by("pk").values_list("state", "sending_day")) == [
        ("refused", None),
        ("queued", date(2026, 11, 26)),
        ("queued", None),
    ]


def raise_(error):
    raise error


def test_killed_worker_leaves_sending_day_with_email(clock, monkeypatch):
    person = recipient()
    queue_email("lesson", person)
    queue_email("due", person)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SmtpConnection, "send", lambda *arguments: raise_(KeyboardInterrupt()))
        send()
    assert send() == []
    clock.shift(delivery.CLAIMED_FOR)
    assert send() == ["lesson"]
    clock.shift(timedelta(days=1))
    assert send() == ["due"]


def test_concurrent_workers_assign_one_sending_day(clock, monkeypatch):
    person = recipient()
    one, two = queue_email("lesson", person), queue_email("due", person)
    third = queue_email("due", recipient())
    assert sending_limits.assign_sending_days([one], EmailCategory.TRAINING) == {}
    monkeypatch.setattr(sending_limits, "taken_sending_days", lambda *arguments: defaultdict(list))  # as both saw it
    waits = sending_limits.assign_sending_days([two, third], EmailCategory.TRAINING)
    assert {key: wait.until for key, wait in waits.items()} == {two.pk: THURSDAY.replace(hour=8) + timedelta(days=1)}
    assert dict(OutgoingEmail.objects.values_list("pk", "sending_day")) == {
        one.pk: date(2026, 11, 26),
        two.pk: None,
        third.pk: date(2026, 11, 26),
    }


def test_waiting_emails_of_one_type_are_combined(clock):
    person, other = recipient(), recipient()
    first = queue_email("due", person, data={"subjects": [1, 2]})
    queue_email("due", person, data={"subjects": [2, 3]})
    queue_email("lesson", person, data={"subjects": [4]})
    queue_email("due", other, data={"subjects": [5]})
    assert send() == ["due", "due"]
    assert list(OutgoingEmail.objects.order_by("pk").values_list("state", "why", "data")) == [
        ("sent", "", {"subjects": [1, 2, 3]}),
        ("skipped", f"combined with email {first.pk}", {"subjects": [2, 3]}),
        (
            "queued",
            "the person had an email today, and gets at most one a day; planned for 2026-11-27 08:00",
            {"subjects": [4]},
        ),
        ("sent", "", {"subjects": [5]}),
    ]


@pytest.mark.parametrize(
    ("error", "state"), [(PermanentFailure("552 too large"), "refused"), (ValueError("no such day"), "given-up")]
)
def test_failed_email_releases_combined_emails(clock, monkeypatch, error, state):
    person = recipient()
    first, second, third = (queue_email("due", person, data={"subjects": [number]}) for number in (1, 2, 3))
    queue_email("lesson", person)
    with monkeypatch.context() as patch:
        patch.setattr(SmtpConnection, "send", lambda *arguments: raise_(error))
        send_all([first.pk])
    assert list(
        OutgoingEmail.objects.filter(kind="due").order_by("pk").values_list("state", "combined_into", "ended_at")
    ) == [
        (state, None, THURSDAY),
        ("queued", None, None),
        ("queued", None, None),
    ]
    clock.shift(timedelta(hours=1))
    assert send_all([second.pk]) == {"sent": 1}
    found = OutgoingEmail.objects.in_bulk([second.pk, third.pk])
    assert found[second.pk].data == {"subjects": [2, 3]}
    assert (found[third.pk].state, found[third.pk].combined_into) == (DeliveryState.SKIPPED, found[second.pk])


def test_retried_email_keeps_combined_emails(clock, monkeypatch):
    person = recipient()
    first, second = (queue_email("due", person, data={"subjects": [number]}) for number in (1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(SmtpConnection, "send", lambda *arguments: raise_(TemporaryFailure("451 busy")))
        send()
    second.refresh_from_db()
    assert (second.state, second.combined_into) == (DeliveryState.SKIPPED, first)
    clock.shift(timedelta(minutes=5))
    assert send() == ["due"]


def test_retried_email_combines_no_further_emails(clock, monkeypatch):
    """The server may already have accepted it."""
    person = recipient()
    first = queue_email("due", person, data={"subjects": [1]})
    with monkeypatch.context() as patch:
        patch.setattr(SmtpConnection, "send", lambda *arguments: raise_(TemporaryFailure("TimeoutError: timed out")))
        send()
    second = queue_email("due", person, data={"subjects": [2]})
    clock.shift(timedelta(minutes=5))
    assert send() == ["due"]
    found = OutgoingEmail.objects.in_bulk([first.pk, second.pk])
    assert found[first.pk].data == {"subjects": [1]}
    assert (found[second.pk].state, found[second.pk].data) == (DeliveryState.QUEUED, {"subjects": [2]})


def test_combined_email_takes_latest_written_at(clock):
    person = recipient()
    first = queue_email("due", person, data={"subjects": [1]})
    clock.shift(timedelta(hours=1))
    queue_email("due", person, data={"subjects": [2]})
    send()
    first.refresh_from_db()
    assert first.written_at == THURSDAY + timedelta(hours=1)


def test_combined_email_is_not_postponed(clock):
    person = recipient()
    first, second = (queue_email("due", person, data={"subjects": [number]}) for number in (1, 2))
    [mine] = delivery.claimed([second.pk])
    send_all([first.pk])
    delivery_batch.set_aside_now(mine, sending_limits.Wait(timezone.now() + timedelta(hours=1), "later"))
    second.refresh_from_db()
    assert (second.state, second.why) == (DeliveryState.SKIPPED, f"combined with email {first.pk}")


def test_waiting_email_is_skipped_if_person_leaves(clock):
    clock.move_to(THURSDAY.replace(hour=23), tick=False)
    person = recipient()
    queue_email("lesson", person)
    assert send() == []
    person.is_active = False
    person.save()
    clock.move_to(THURSDAY + timedelta(days=1), tick=False)
    assert send() == []
    assert OutgoingEmail.objects.get().why == "the person left the company"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("zone", "seed"),
    [
        ("Europe/Berlin", 0),
        ("America/New_York", 1),
        only_deep("Europe/Berlin", 1),
        only_deep("America/New_York", 0),
        only_deep("Asia/Shanghai", 0),
        only_deep("Asia/Shanghai", 1),
    ],
)
def test_random_weeks_keep_limits_of_plain_model(clock, monkeypatch, mailoutbox, zone, seed):
    """Around both changes of daylight saving time. The model shares no code with the product."""
    random, there = Random(f"{zone}{seed}"), ZoneInfo(zone)
    clock.move_to(datetime(2026, random.choice([3, 10]), 16, tzinfo=there), tick=False)
    people = [recipient(zone), recipient(zone)]
    CalendarDay.objects.create(team=None, day=timezone.now().date() + timedelta(days=9), is_free=True)
    holiday = timezone.now().date() + timedelta(days=9)
    sent = []
    original = SmtpConnection.send

    def send_unreliably(self, message, *rest):
        if random.random() < 0.2:
            raise random.choice([KeyboardInterrupt(), TemporaryFailure("451 busy")])
        original(self, message, *rest)
        sent.append((message.person_id, message.kind, message.pk, timezone.now().astimezone(there)))
        if random.random() < 0.1:  # after the server accepted it, so it is sent again
            raise KeyboardInterrupt

    monkeypatch.setattr(SmtpConnection, "send", send_unreliably)
    for _ in range(200):
        if random.random() < 0.3:
            queue_email(random.choice(list(CATEGORIES)), random.choice(people))
        with suppress(KeyboardInterrupt):
            deliver_due()
        clock.shift(timedelta(minutes=random.randrange(20, 400)))
    assert len(sent) > 20
    for person in people:
        for category in (EmailCategory.TRAINING, EmailCategory.SUBSCRIBED):
            check(
                [each for each in sent if each[0] == person.pk and CATEGORIES[each[1]] == category], category, holiday
            )


def check(emails, category, holiday):
    at = [each[3] for each in emails]
    assert [each for each in at if not (8 <= each.hour < 20 and each.weekday() < 5 and each.date() != holiday)] == []
    for day in {each.date() for each in at}:
        assert len({pk for _, _, pk, each in emails if each.date() == day}) == 1
        fortnight = {pk for _, _, pk, each in emails if day <= each.date() < day + timedelta(days=14)}
        assert category != EmailCategory.TRAINING or len(fortnight) <= 3
