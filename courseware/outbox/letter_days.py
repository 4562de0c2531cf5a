"""Who has a letter on which day. The rules over all letters of a sort to a person are held here, where one leaves.

A turn is a day of the reader on which one letter of a sort leaves, kept on the letter itself. That a day is given once
is a constraint, so of several workers one sends. Whoever dies in between leaves the turn with its letter.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseware.outbox import kinds
from courseware.outbox.kinds import LetterSort, ReaderHours, Wait
from courseware.outbox.models import Message, MessageState

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """So many letters in any so many days that follow one another, beside one a day."""

    letters: int
    days: int


LIMITS = {LetterSort.TRAINING: Limit(letters=3, days=14), LetterSort.SUBSCRIBED: Limit(letters=1, days=1)}


def take_turn(message: Message, sort: LetterSort) -> Wait | None:
    """None: it is this letter's turn, and no other's of the sort today. Else until when it waits, and why."""
    if sort not in kinds.HOURS:
        return None
    hours, now = kinds.HOURS[sort](message), timezone.now()
    today = day_of(hours, now)
    taken = days_taken(message, sort, today)
    if wait := wait_for(hours, now, taken, LIMITS[sort]):
        return wait
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk).update(turn_sort=sort, turn_on=today)
    except IntegrityError:  # another worker, at this very moment
        return wait_for(hours, now, {*taken, today}, LIMITS[sort])
    return None


def days_taken(message: Message, sort: LetterSort, today: date) -> set[date]:
    """On which other letters of the sort left for the person, or are about to. Runs one query."""
    others = Message.objects.filter(person=message.person_id, turn_sort=sort).exclude(pk=message.pk)
    found = others.filter(turn_on__range=days_that_count(today, sort)).values_list("turn_on", flat=True)
    return {day for day in found if day}


def days_that_count(today: date, sort: LetterSort) -> tuple[date, date]:
    """The first and the last. Tomorrow is where the reader was a zone further east; later is only by a wrong clock."""
    return today - (LIMITS[sort].days - 1) * DAY, today + DAY


def wait_for(hours: ReaderHours, now: datetime, taken: Collection[date], limit: Limit) -> Wait | None:
    """None where one may leave at once."""
    at, why = hours.opens_at(now), "letters leave from 8 to 20 on working days"
    while (day := free_day(day_of(hours, at), taken, limit)) > day_of(hours, at):
        at = hours.opens_at(datetime.combine(day, time.min, hours.zone))
        why = reason_of(limit, is_today=day_of(hours, now) in taken)
    return Wait(at, f"{why}: this one from {at.astimezone(hours.zone):%Y-%m-%d %H:%M}") if at > now else None


def day_of(hours: ReaderHours, at: datetime) -> date:
    return at.astimezone(hours.zone).date()


def free_day(day: date, taken: Collection[date], limit: Limit) -> date:
    """The first from `day` on that is not taken, and that leaves the limit whole."""
    while day in taken or sum(each > day - limit.days * DAY for each in taken) >= limit.letters:
        day += DAY
    return day


def reason_of(limit: Limit, *, is_today: bool) -> str:
    if is_today:
        return "the person had a letter today, and has one a day at most"
    return f"the person had {limit.letters} letters in {limit.days} days, and has no more"


def take_in(message: Message, sort: LetterSort) -> None:
    """Tell the subjects of all letters of the kind that wait for the person in this one, which has its turn.

    The others stay, and say where they were told: `let_go` is for what becomes of them where this one does not leave.
    """
    if sort not in LIMITS or "subjects" not in message.data:
        return
    with transaction.atomic():
        waiting = Message.objects.filter(kind=message.kind, person=message.person_id, state=MessageState.QUEUED)
        waiting = waiting.filter(turn_on=None).exclude(pk=message.pk)
        others = list(waiting.select_for_update(no_key=True).order_by("pk"))
        for other in others:
            new = [each for each in other.data["subjects"] if each not in message.data["subjects"]]
            message.data["subjects"] += new
        if others:
            # As where it is told together from the start: what was before has nothing to do with what it tells since.
            message.written_at = max(each.written_at for each in [message, *others])
            Message.objects.filter(pk=message.pk).update(data=message.data, written_at=message.written_at)
            Message.objects.filter(pk__in=[other.pk for other in others]).update(
                state=MessageState.SKIPPED,
                why=f"told in letter {message.pk}",
                told_in=message.pk,
                ended_at=timezone.now(),
            )


def let_go(message: Message) -> None:
    """What was told in this one, which reaches nobody, waits again, each letter for itself."""
    told = Message.objects.filter(told_in=message.pk, state=MessageState.SKIPPED)
    told.update(state=MessageState.QUEUED, why="", told_in=None, tries=0, next_at=timezone.now(), ended_at=None)
