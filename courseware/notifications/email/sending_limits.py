"""Sending limits: how many emails of a category a person gets per day and per period."""

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
    """At most `emails` emails in any `days` consecutive days, and at most one a day."""

    emails: int
    days: int


LIMITS = {EmailCategory.TRAINING: Limit(emails=3, days=14), EmailCategory.SUBSCRIBED: Limit(emails=1, days=1)}


def assign_sending_days(emails: Sequence[OutgoingEmail], category: EmailCategory) -> dict[int, Wait]:
    """Reserve today for each email as far as the limits allow; return email id → wait for the others.
    A sending day is a date in the recipient's time zone. All emails have different recipients; raise ValueError for one
    without a person. Categories without sending hours have no limit.
    """
    if category not in email_types.HOURS or not emails:
        return {}
    at, recipients = now(), {reader_of(email) for email in emails}
    hours = email_types.HOURS[category](recipients)
    today = {recipient: day_of(each, at) for recipient, each in hours.items()}
    reserved, waits, granted = taken_sending_days(recipients, category, set(today.values())), {}, defaultdict(list)
    for email in emails:
        recipient = reader_of(email)
        first, last = days_that_count(today[recipient], category)
        days = {day for email_id, day in reserved[recipient] if email_id != email.pk and first <= day <= last}
        if wait := wait_for(hours[recipient], at, days, LIMITS[category]):
            waits[email.pk] = wait
        else:
            granted[today[recipient]].append(email)
    for day, day_emails in granted.items():
        for email in reserve_day(day_emails, category, day):
            recipient = reader_of(email)
            days = {day, *(each for email_id, each in reserved[recipient] if email_id != email.pk)}
            if wait := wait_for(hours[recipient], at, days, LIMITS[category]):
                waits[email.pk] = wait
    return waits


def reader_of(email: OutgoingEmail) -> int:
    """Return the id of the recipient. Raise ValueError for an email without a person."""
    if email.person_id is None:
        raise ValueError(f"email {email.pk} is about a training, and to nobody")
    return email.person_id


def reserve_day(emails: Sequence[OutgoingEmail], category: EmailCategory, day: date) -> list[OutgoingEmail]:
    """Reserve the day for the emails; return those whose day another worker has just given to another email."""
    try:
        with transaction.atomic():
            OutgoingEmail.objects.filter(pk__in=[email.pk for email in emails]).update(
                limit_category=category, sending_day=day
            )
    except IntegrityError:
        if len(emails) == 1:
            return list(emails)
        return [found for email in emails for found in reserve_day([email], category, day)]
    return []


def taken_sending_days(
    person_ids: Collection[int], category: EmailCategory, days: Collection[date]
) -> dict[int, list[tuple[int, date]]]:
    """Return person id → [(email id, reserved day)] in the period that counts on any of `days` (at least 1), or []."""
    found: dict[int, list[tuple[int, date]]] = defaultdict(list)
    span = (days_that_count(min(days), category)[0], days_that_count(max(days), category)[1])
    emails = OutgoingEmail.objects.filter(person__in=person_ids, limit_category=category, sending_day__range=span)
    for person_id, email_id, day in emails.values_list("person", "pk", "sending_day"):
        found[person_id].append((email_id, day))  # type: ignore[arg-type]  # filtered by person, so never None
    return found


def days_that_count(today: date, category: EmailCategory) -> tuple[date, date]:
    """Return the first and last date that count on `today`: up to tomorrow, as recipients may have moved west."""
    return today - (LIMITS[category].days - 1) * DAY, today + DAY


def wait_for(hours: RecipientHours, since: datetime, taken: Collection[date], limit: Limit) -> Wait | None:
    """Return until when an email must wait, and why; None if it may be sent at `since`. `taken`: reserved dates."""
    at, reason = hours.opens_at(since), "emails are sent from 8 to 20 on working days"
    while (day := free_day(day_of(hours, at), taken, limit)) > day_of(hours, at):
        at = hours.opens_at(datetime.combine(day, time.min, hours.zone))
        reason = reason_of(limit, is_today=day_of(hours, since) in taken)
    return Wait(at, f"{reason}; planned for {at.astimezone(hours.zone):%Y-%m-%d %H:%M}") if at > since else None


def day_of(hours: RecipientHours, at: datetime) -> date:
    return at.astimezone(hours.zone).date()


def free_day(day: date, taken: Collection[date], limit: Limit) -> date:
    """Return the first date from `day` on that is not reserved and within the limit."""
    while day in taken or sum(each > day - limit.days * DAY for each in taken) >= limit.emails:
        day += DAY
    return day


def reason_of(limit: Limit, *, is_today: bool) -> str:
    if is_today:
        return "the person had an email today, and gets at most one a day"
    return f"the person had {limit.emails} emails in {limit.days} days, and gets no more"


def combine_waiting_emails(emails: Sequence[OutgoingEmail]) -> None:
    """Combine queued emails of the same type and recipient into each email that has `subjects` and is not a retry.
    `emails`: claimed, with a reserved day, at most one per person.
    """
    # A server may have accepted a first attempt, and mailboxes hide a second email with the same Message-ID.
    combinable = [email for email in emails if "subjects" in email.data and email.tries <= 1]
    waiting = OutgoingEmail.objects.filter(state=DeliveryState.QUEUED, sending_day=None)
    waiting = waiting.filter(
        kind__in={each.kind for each in combinable}, person__in={each.person_id for each in combinable}
    )
    others = waiting.exclude(pk__in=[each.pk for each in combinable]).values_list("kind", "person")
    pairs = set(others) if combinable else set()
    for email in combinable:
        if (email.kind, email.person_id) in pairs:
            combine_into(email)


def combine_into(email: OutgoingEmail) -> None:
    """Combine the queued emails of the same type and recipient into `email`. `release_combined` undoes it."""
    with transaction.atomic():
        waiting = OutgoingEmail.objects.filter(kind=email.kind, person=email.person_id, state=DeliveryState.QUEUED)
        waiting = waiting.filter(sending_day=None).exclude(pk=email.pk)
        others = list(waiting.select_for_update(no_key=True).order_by("pk"))
        for other in others:
            new = [each for each in other.data["subjects"] if each not in email.data["subjects"]]
            email.data["subjects"] += new
        if others:
            email.written_at = max(each.written_at for each in [email, *others])
            OutgoingEmail.objects.filter(pk=email.pk).update(data=email.data, written_at=email.written_at)
            OutgoingEmail.objects.filter(pk__in=[other.pk for other in others]).update(
                state=DeliveryState.SKIPPED,
                why=f"combined with email {email.pk}",
                combined_into=email.pk,
                ended_at=now(),
            )


def release_combined(email: OutgoingEmail) -> None:
    """Requeue the emails that were combined into this one, because it was not delivered."""
    combined = OutgoingEmail.objects.filter(combined_into=email.pk, state=DeliveryState.SKIPPED)
    combined.update(state=DeliveryState.QUEUED, why="", combined_into=None, tries=0, next_at=now(), ended_at=None)
