"""One letter of a sort a day, three about the training in any fourteen days, in the hours of the reader."""

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
from tests.notifications.sinks import note_kind, send_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("letter_hours", "kinds")]
BERLIN = ZoneInfo("Europe/Berlin")
THURSDAY = datetime(2026, 11, 26, 9, tzinfo=BERLIN)
SORTS = {"link": EmailCategory.IMMEDIATE, "lesson": EmailCategory.TRAINING, "due": EmailCategory.TRAINING}
SORTS |= {"digest": EmailCategory.SUBSCRIBED, "question": EmailCategory.SUBSCRIBED}


@pytest.fixture
def kinds(monkeypatch, settings):
    settings.HOLIDAY_CALENDAR = ""  # weekends alone are free
    for name, sort in SORTS.items():
        monkeypatch.setitem(EMAIL_TYPES, name, note_kind(sort))


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(THURSDAY, tick=False)
    return time_machine


def reader(zone="Europe/Berlin", **fields):
    person = make_user(**fields)
    join(make_team(time_zone=zone), person)
    return person


def send():
    """What is due; returns the kinds that left, the first first."""
    before = set(OutgoingEmail.objects.handed_over().values_list("pk", flat=True))
    deliver_due()
    return list(
        OutgoingEmail.objects.handed_over().exclude(pk__in=before).order_by("pk").values_list("kind", flat=True)
    )


def waiting():
    return list(OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).order_by("pk").values_list("kind", "why"))


def test_at_night_only_what_was_asked_for_leaves(clock):
    clock.move_to(THURSDAY.replace(hour=23), tick=False)
    person = reader()
    for kind in SORTS:
        queue_email(kind, person)
    assert send() == ["link"]
    why = "emails are sent from 8 to 20 on working days; planned for 2026-11-27 08:00"
    assert waiting() == [("lesson", why), ("due", why), ("digest", why), ("question", why)]


def test_one_letter_of_a_sort_leaves_a_day_and_the_sorts_do_not_count_each_other(clock):
    person, other = reader(), reader()
    for kind in ("lesson", "due", "digest", "question", "link", "link"):
        queue_email(kind, person)
    queue_email("lesson", other)
    assert send() == ["lesson", "digest", "link", "link", "lesson"]
    why = "the person had an email today, and gets at most one a day; planned for 2026-11-27 08:00"
    assert waiting() == [("due", why), ("question", why)]
    clock.move_to(THURSDAY + timedelta(hours=23), tick=False)
    assert send() == ["due", "question"]


def test_three_letters_about_the_training_leave_in_fourteen_days_and_of_those_by_office_one_each_day(clock):
    person = reader()
    left = {}
    for _ in range(20):
        day = timezone.now().astimezone(BERLIN).date()
        for kind in ("lesson", "digest"):
            queue_email(kind, person)
        left[day] = send()
        clock.shift(timedelta(days=1))
    days = [date(2026, 11, 26) + timedelta(days=number) for number in range(20)]
    lessons = [date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30), date(2026, 12, 10), date(2026, 12, 11)]
    lessons.append(date(2026, 12, 14))
    assert [day for day in days if "lesson" in left[day]] == lessons
    assert [day for day in days if "digest" in left[day]] == [day for day in days if day.weekday() < 5]


def test_letters_that_left_by_a_clock_of_next_year_keep_none_back_once_it_is_right(clock):
    person = reader()
    for days in (365, 368, 369):
        clock.move_to(THURSDAY + timedelta(days=days), tick=False)
        queue_email("lesson", person)
        queue_email("digest", person)
        assert send() == ["lesson", "digest"]
    clock.move_to(THURSDAY, tick=False)
    queue_email("lesson", person)
    queue_email("digest", person)
    assert send() == ["lesson", "digest"]


def test_a_fourth_letter_says_until_when_it_waits(clock):
    person = reader()
    for number in range(4):
        queue_email("lesson", person)
        clock.move_to(THURSDAY + timedelta(days=(0, 1, 4, 5)[number]), tick=False)
        send()
    assert waiting() == [
        ("lesson", "the person had 3 emails in 14 days, and gets no more; planned for 2026-12-10 08:00")
    ]


def test_what_the_mail_server_refuses_has_taken_no_turn_and_what_it_puts_off_keeps_its_own(clock, monkeypatch):
    person = reader()
    refused, postpone_email, later = (queue_email("lesson", person) for _ in range(3))
    answers = {refused.pk: PermanentFailure("550 no"), postpone_email.pk: TemporaryFailure("451 busy")}
    monkeypatch.setattr(SmtpConnection, "send", lambda self, message, *rest: raise_(answers[message.pk]))
    assert send_all([refused.pk, postpone_email.pk, later.pk]) == {"refused": 1, "queued": 2}
    assert list(OutgoingEmail.objects.order_by("pk").values_list("state", "sending_day")) == [
        ("refused", None),
        ("queued", date(2026, 11, 26)),
        ("queued", None),
    ]


def raise_(error):
    raise error


def test_whoever_dies_while_sending_leaves_the_turn_with_the_letter(clock, monkeypatch):
    person = reader()
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


def test_of_two_workers_that_looked_at_once_the_second_waits(clock, monkeypatch):
    person = reader()
    one, two = queue_email("lesson", person), queue_email("due", person)
    third = queue_email("due", reader())
    assert sending_limits.assign_sending_days([one], EmailCategory.TRAINING) == {}
    monkeypatch.setattr(sending_limits, "taken_sending_days", lambda *arguments: defaultdict(list))  # as both saw it
    waits = sending_limits.assign_sending_days([two, third], EmailCategory.TRAINING)
    assert {key: wait.until for key, wait in waits.items()} == {two.pk: THURSDAY.replace(hour=8) + timedelta(days=1)}
    assert dict(OutgoingEmail.objects.values_list("pk", "sending_day")) == {
        one.pk: date(2026, 11, 26),
        two.pk: None,
        third.pk: date(2026, 11, 26),
    }


def test_what_waits_of_one_kind_is_told_in_the_letter_that_leaves_first(clock):
    person, other = reader(), reader()
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
def test_what_was_told_in_a_letter_that_reaches_nobody_leaves_by_itself(clock, monkeypatch, error, state):
    person = reader()
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


def test_a_letter_that_is_tried_again_keeps_what_it_has_taken_in(clock, monkeypatch):
    person = reader()
    first, second = (queue_email("due", person, data={"subjects": [number]}) for number in (1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(SmtpConnection, "send", lambda *arguments: raise_(TemporaryFailure("451 busy")))
        send()
    second.refresh_from_db()
    assert (second.state, second.combined_into) == (DeliveryState.SKIPPED, first)
    clock.shift(timedelta(minutes=5))
    assert send() == ["due"]


def test_a_letter_that_is_tried_again_takes_in_nothing_more_for_the_server_may_have_it_as_it_was(clock, monkeypatch):
    person = reader()
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


def test_a_letter_that_tells_of_a_later_one_counts_as_written_with_it(clock):
    person = reader()
    first = queue_email("due", person, data={"subjects": [1]})
    clock.shift(timedelta(hours=1))
    queue_email("due", person, data={"subjects": [2]})
    send()
    first.refresh_from_db()
    assert first.written_at == THURSDAY + timedelta(hours=1)


def test_a_letter_that_was_taken_in_meanwhile_is_not_laid_by(clock):
    person = reader()
    first, second = (queue_email("due", person, data={"subjects": [number]}) for number in (1, 2))
    [mine] = delivery.claimed([second.pk])
    send_all([first.pk])
    delivery_batch.set_aside_now(mine, sending_limits.Wait(timezone.now() + timedelta(hours=1), "later"))
    second.refresh_from_db()
    assert (second.state, second.why) == (DeliveryState.SKIPPED, f"combined with email {first.pk}")


def test_who_leaves_while_a_letter_waits_is_told_nothing(clock):
    clock.move_to(THURSDAY.replace(hour=23), tick=False)
    person = reader()
    queue_email("lesson", person)
    assert send() == []
    person.is_active = False
    person.save()
    clock.move_to(THURSDAY + timedelta(days=1), tick=False)
    assert send() == []
    assert OutgoingEmail.objects.get().why == "the person left the company"


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
def test_over_weeks_of_letters_and_dying_workers_a_plain_model_finds_nothing_wrong(
    clock, monkeypatch, mailoutbox, zone, seed
):
    """Around both change nights. The model looks at the letters that left, and knows no rule of the product."""
    random, there = Random(f"{zone}{seed}"), ZoneInfo(zone)
    clock.move_to(datetime(2026, random.choice([3, 10]), 16, tzinfo=there), tick=False)
    people = [reader(zone), reader(zone)]
    CalendarDay.objects.create(team=None, day=timezone.now().date() + timedelta(days=9), is_free=True)
    holiday = timezone.now().date() + timedelta(days=9)
    left = []
    honest = SmtpConnection.send

    def door(self, message, *rest):
        if random.random() < 0.2:
            raise random.choice([KeyboardInterrupt(), TemporaryFailure("451 busy")])
        honest(self, message, *rest)
        left.append((message.person_id, message.kind, message.pk, timezone.now().astimezone(there)))
        if random.random() < 0.1:  # after the server's yes: this one is sent again
            raise KeyboardInterrupt

    monkeypatch.setattr(SmtpConnection, "send", door)
    for _ in range(200):
        if random.random() < 0.3:
            queue_email(random.choice(list(SORTS)), random.choice(people))
        with suppress(KeyboardInterrupt):
            deliver_due()
        clock.shift(timedelta(minutes=random.randrange(20, 400)))
    assert len(left) > 20
    for person in people:
        for sort in (EmailCategory.TRAINING, EmailCategory.SUBSCRIBED):
            check([each for each in left if each[0] == person.pk and SORTS[each[1]] == sort], sort, holiday)


def check(letters, sort, holiday):
    at = [each[3] for each in letters]
    assert [each for each in at if not (8 <= each.hour < 20 and each.weekday() < 5 and each.date() != holiday)] == []
    for day in {each.date() for each in at}:
        assert len({pk for _, _, pk, each in letters if each.date() == day}) == 1
        fortnight = {pk for _, _, pk, each in letters if day <= each.date() < day + timedelta(days=14)}
        assert sort != EmailCategory.TRAINING or len(fortnight) <= 3
