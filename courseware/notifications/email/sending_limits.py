"""Limits emails per person and day. A sending day is stored with its email under a unique constraint."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction

from courseware.lib.dates import now
from courseware.notifications.email import email_types
from courseware.notifications.email.email_types import EmailCategory, RecipientHours, Wait
from courseware.notifications.models import DeliveryState, OutgoingEmail

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """At most `letters` in any `days` successive days, and one a day."""

    letters: int
    days: int


LIMITS = {EmailCategory.TRAINING: Limit(letters=3, days=14), EmailCategory.SUBSCRIBED: Limit(letters=1, days=1)}


def assign_sending_days(messages: Sequence[OutgoingEmail], sort: EmailCategory) -> dict[int, Wait]:
    """Give each email its sending day if the limits allow; all are to different people. Returns key → wait."""
    if sort not in email_types.HOURS or not messages:
        return {}
    at, readers = now(), {reader_of(message) for message in messages}
    hours = email_types.HOURS[sort](readers)
    today = {reader: day_of(each, at) for reader, each in hours.items()}
    taken, waits, granted = taken_sending_days(readers, sort, set(today.values())), {}, defaultdict(list)
    for message in messages:
        reader = reader_of(message)
        first, last = days_that_count(today[reader], sort)
        days = {day for key, day in taken[reader] if key != message.pk and first <= day <= last}
        if wait := wait_for(hours[reader], at, days, LIMITS[sort]):
            waits[message.pk] = wait
        else:
            granted[today[reader]].append(message)
    for day, letters in granted.items():
        for message in asked_by_another(letters, sort, day):
            reader = reader_of(message)
            days = {day, *(each for key, each in taken[reader] if key != message.pk)}
            if wait := wait_for(hours[reader], at, days, LIMITS[sort]):
                waits[message.pk] = wait
    return waits


def reader_of(message: OutgoingEmail) -> int:
    if message.person_id is None:
        raise ValueError(f"letter {message.pk} is about a training, and to nobody")
    return message.person_id


def asked_by_another(letters: Sequence[OutgoingEmail], sort: EmailCategory, day: date) -> list[OutgoingEmail]:
    """Store the day. Returns emails whose day another worker has just given to another email."""
    try:
        with transaction.atomic():
            OutgoingEmail.objects.filter(pk__in=[letter.pk for letter in letters]).update(
                limit_category=sort, sending_day=day
            )
    except IntegrityError:
        if len(letters) == 1:
            return list(letters)
        return [found for letter in letters for found in asked_by_another([letter], sort, day)]
    return []


def taken_sending_days(
    people: Collection[int], sort: EmailCategory, days: Collection[date]
) -> dict[int, list[tuple[int, date]]]:
    """Person → (email, sending day). Runs one query."""
    found: dict[int, list[tuple[int, date]]] = defaultdict(list)
    span = (days_that_count(min(days), sort)[0], days_that_count(max(days), sort)[1])
    letters = OutgoingEmail.objects.filter(person__in=people, limit_category=sort, sending_day__range=span)
    for person, key, day in letters.values_list("person", "pk", "sending_day"):
        found[person].append((key, day))  # type: ignore[arg-type]  # the filter leaves out who has none
    return found


def days_that_count(today: date, sort: EmailCategory) -> tuple[date, date]:
    """The first and the last. Tomorrow counts, for readers who have moved west; later days come from a wrong clock."""
    return today - (LIMITS[sort].days - 1) * DAY, today + DAY


def wait_for(hours: RecipientHours, since: datetime, taken: Collection[date], limit: Limit) -> Wait | None:
    at, why = hours.opens_at(since), "letters leave from 8 to 20 on working days"
    while (day := free_day(day_of(hours, at), taken, limit)) > day_of(hours, at):
        at = hours.opens_at(datetime.combine(day, time.min, hours.zone))
        why = reason_of(limit, is_today=day_of(hours, since) in taken)
    return Wait(at, f"{why}: this one from {at.astimezone(hours.zone):%Y-%m-%d %H:%M}") if at > since else None


def day_of(hours: RecipientHours, at: datetime) -> date:
    return at.astimezone(hours.zone).date()


def free_day(day: date, taken: Collection[date], limit: Limit) -> date:
    """The first day from `day` on that is free and within the limit."""
    while day in taken or sum(each > day - limit.days * DAY for each in taken) >= limit.letters:
        day += DAY
    return day


def reason_of(limit: Limit, *, is_today: bool) -> str:
    if is_today:
        return "the person had a letter today, and has one a day at most"
    return f"the person had {limit.letters} letters in {limit.days} days, and has no more"


def take_in_what_waits(messages: Sequence[OutgoingEmail]) -> None:
    """Add the subjects of waiting emails of the same type and reader, except to an email tried before.

    A server may have that one, and mailboxes may hide a second with the same Message-ID.
    """
    telling = [message for message in messages if "subjects" in message.data and message.tries <= 1]
    waiting = OutgoingEmail.objects.filter(state=DeliveryState.QUEUED, sending_day=None)
    waiting = waiting.filter(kind__in={each.kind for each in telling}, person__in={each.person_id for each in telling})
    others = waiting.exclude(pk__in=[each.pk for each in telling]).values_list("kind", "person")
    pairs = set(others) if telling else set()
    for message in telling:
        if (message.kind, message.person_id) in pairs:
            take_in(message)


def take_in(message: OutgoingEmail) -> None:
    """The others are skipped and point to this one; `release_combined` requeues them if it is not delivered."""
    with transaction.atomic():
        waiting = OutgoingEmail.objects.filter(kind=message.kind, person=message.person_id, state=DeliveryState.QUEUED)
        waiting = waiting.filter(sending_day=None).exclude(pk=message.pk)
        others = list(waiting.select_for_update(no_key=True).order_by("pk"))
        for other in others:
            new = [each for each in other.data["subjects"] if each not in message.data["subjects"]]
            message.data["subjects"] += new
        if others:
            message.written_at = max(each.written_at for each in [message, *others])
            OutgoingEmail.objects.filter(pk=message.pk).update(data=message.data, written_at=message.written_at)
            OutgoingEmail.objects.filter(pk__in=[other.pk for other in others]).update(
                state=DeliveryState.SKIPPED,
                why=f"told in letter {message.pk}",
                combined_into=message.pk,
                ended_at=now(),
            )


def release_combined(message: OutgoingEmail) -> None:
    """Requeue the emails that were added to this one, which reached nobody."""
    told = OutgoingEmail.objects.filter(combined_into=message.pk, state=DeliveryState.SKIPPED)
    told.update(state=DeliveryState.QUEUED, why="", combined_into=None, tries=0, next_at=now(), ended_at=None)
