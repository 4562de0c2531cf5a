"""Who has a letter on which day. The rules over all letters of a sort to a person are held here, where one leaves.

A turn is a day of the reader on which one letter of a sort leaves, kept on the letter itself. That a day is given once
is a constraint, so of several workers one sends. Whoever dies in between leaves the turn with its letter.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import IntegrityError, transaction

from courseware.lib.clock import now
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


def take_turns(messages: Sequence[Message], sort: LetterSort) -> dict[int, Wait]:
    """Of letters to as many people: key of each that waits → until when, and why. Of the others it is the turn, and of
    no other letter of the sort to the same person today.

    Runs one query, one statement for each day that it is for readers, and what asking for their hours takes.
    """
    if sort not in kinds.HOURS or not messages:
        return {}
    at, readers = now(), {reader_of(message) for message in messages}
    hours = kinds.HOURS[sort](readers)
    today = {reader: day_of(each, at) for reader, each in hours.items()}
    taken, waits, granted = turns_taken(readers, sort, set(today.values())), {}, defaultdict(list)
    for message in messages:
        reader = reader_of(message)
        first, last = days_that_count(today[reader], sort)
        days = {day for key, day in taken[reader] if key != message.pk and first <= day <= last}
        if wait := wait_for(hours[reader], at, days, LIMITS[sort]):
            waits[message.pk] = wait
        else:
            granted[today[reader]].append(message)
    for day, letters in granted.items():
        for message in given_by_another(letters, sort, day):
            reader = reader_of(message)
            days = {day, *(each for key, each in taken[reader] if key != message.pk)}
            if wait := wait_for(hours[reader], at, days, LIMITS[sort]):
                waits[message.pk] = wait
    return waits


def reader_of(message: Message) -> int:
    if message.person_id is None:
        raise ValueError(f"letter {message.pk} is about a training, and to nobody")
    return message.person_id


def given_by_another(letters: Sequence[Message], sort: LetterSort, day: date) -> list[Message]:
    """Give these the day; returns those whose reader's was given to another letter, by a worker at this very moment."""
    try:
        with transaction.atomic():
            Message.objects.filter(pk__in=[letter.pk for letter in letters]).update(turn_sort=sort, turn_on=day)
    except IntegrityError:
        if len(letters) == 1:
            return list(letters)
        return [found for letter in letters for found in given_by_another([letter], sort, day)]
    return []


def turns_taken(people: Collection[int], sort: LetterSort, days: Collection[date]) -> dict[int, list[tuple[int, date]]]:
    """Person → which letters of the sort left or are about to, and on which day. Runs one query."""
    found: dict[int, list[tuple[int, date]]] = defaultdict(list)
    span = (days_that_count(min(days), sort)[0], days_that_count(max(days), sort)[1])
    letters = Message.objects.filter(person__in=people, turn_sort=sort, turn_on__range=span)
    for person, key, day in letters.values_list("person", "pk", "turn_on"):
        found[person].append((key, day))  # type: ignore[arg-type]  # the filter leaves out who has none
    return found


def days_that_count(today: date, sort: LetterSort) -> tuple[date, date]:
    """The first and the last. Tomorrow is where the reader was a zone further east; later is only by a wrong clock."""
    return today - (LIMITS[sort].days - 1) * DAY, today + DAY


def wait_for(hours: ReaderHours, since: datetime, taken: Collection[date], limit: Limit) -> Wait | None:
    """None where one may leave at once."""
    at, why = hours.opens_at(since), "letters leave from 8 to 20 on working days"
    while (day := free_day(day_of(hours, at), taken, limit)) > day_of(hours, at):
        at = hours.opens_at(datetime.combine(day, time.min, hours.zone))
        why = reason_of(limit, is_today=day_of(hours, since) in taken)
    return Wait(at, f"{why}: this one from {at.astimezone(hours.zone):%Y-%m-%d %H:%M}") if at > since else None


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


def take_in_what_waits(messages: Sequence[Message]) -> None:
    """Tell in these, which have their turn, what waits of their kind for their reader. Runs one query where nothing
    does, as nearly always.

    Not in one that was tried before: the server may have taken it, and a second letter of one Message-ID, which says
    more, is not shown by every mailbox.
    """
    telling = [message for message in messages if "subjects" in message.data and message.tries <= 1]
    waiting = Message.objects.filter(state=MessageState.QUEUED, turn_on=None)
    waiting = waiting.filter(kind__in={each.kind for each in telling}, person__in={each.person_id for each in telling})
    others = waiting.exclude(pk__in=[each.pk for each in telling]).values_list("kind", "person")
    pairs = set(others) if telling else set()
    for message in telling:
        if (message.kind, message.person_id) in pairs:
            take_in(message)


def take_in(message: Message) -> None:
    """The others stay, and say where they were told. What becomes of them where this one does not leave is
    `put_back_told`."""
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
                ended_at=now(),
            )


def put_back_told(message: Message) -> None:
    """What was told in this one, which reaches nobody, waits again, each letter for itself."""
    told = Message.objects.filter(told_in=message.pk, state=MessageState.SKIPPED)
    told.update(state=MessageState.QUEUED, why="", told_in=None, tries=0, next_at=now(), ended_at=None)
