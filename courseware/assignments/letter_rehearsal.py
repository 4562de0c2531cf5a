"""Which letters about the training a day would bring, to whom, and who gets none and why. Nothing is written.

It goes by how things are now: what is done or decided until then is not foreseen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.functional import Promise

from courseware.accounts.absences import last_days_away
from courseware.accounts.letter_hours import OPENS, LetterHours, why_of_leaver
from courseware.accounts.working_days import calendars_of_people
from courseware.assignments import ending_letters
from courseware.assignments.reminder_plans import planned_day
from courseware.assignments.reminding import DueReminder, reminders_due
from courseware.learning.adjusting import zones_of
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.outbox.kinds import MESSAGE_KINDS, LetterSort, ReaderHours
from courseware.outbox.letter_days import LIMITS, days_that_count, wait_for
from courseware.outbox.models import Message, MessageState

TRAINING = LetterSort.TRAINING
TOGETHER = "it is told in the same letter as another"
ANOTHER = "the person has another letter on that day"


@dataclass(frozen=True)
class Foreseen:
    """`why_not` is "" for a letter that leaves on the day."""

    message: Message
    why_not: str = ""

    @property
    def words(self) -> str | Promise:
        return self.message.words

    @property
    def name(self) -> str:
        return str(self.message.person)


def rehearse_letters(day: date) -> Iterator[Foreseen]:
    """What waits now, what is due to be reminded of on the day, whose certificate ends; a batch of people at a time."""
    at, leaving = datetime.combine(day, OPENS, timezone.get_default_timezone()), dict[int, str]()
    for messages in waiting():
        yield from foresee(list(zip(messages, hours_by_team(messages), strict=True)), day, at, leaving)
    for batch in reminders_due(at):
        yield from foresee([(each.message, each.hours) for each in batch if is_news(each, day)], day, at, leaving)
    for batch_of_runs in ending_letters.endings(day):
        runs = [run for run in batch_of_runs if is_new_ending(run, day)]
        calendars = calendars_of_people({run.learner_id for run in runs})
        letters = [ending_letters.letter_to(run, ending_letters.key_of(run, day)) for run in runs]
        hours = [LetterHours(run.zone, calendars[run.learner_id]) for run in runs]
        yield from foresee(list(zip(letters, hours, strict=True)), day, at, leaving)


def waiting() -> Iterator[list[Message]]:
    """Letters about the training that wait now, a batch at a time."""
    kinds = [name for name, kind in MESSAGE_KINDS.items() if kind.sort == TRAINING]
    letters = Message.objects.filter(state=MessageState.QUEUED, kind__in=kinds, person__isnull=False).select_related(
        "person"
    )
    last = 0
    while batch := list(letters.filter(pk__gt=last).order_by("pk")[: ending_letters.LETTERS_AT_ONCE]):
        last = batch[-1].pk
        yield batch


def hours_by_team(messages: Collection[Message]) -> list[LetterHours]:
    """Of letters to people. Runs three queries for any number of them."""
    readers = [message.person_id for message in messages if message.person_id]
    zones = {person.pk: zone for person, zone in zones_of(set(readers))}
    calendars = calendars_of_people(set(readers))
    site = timezone.get_default_timezone()
    return [LetterHours(zones.get(reader, site), calendars[reader]) for reader in readers]


def is_news(reminder: DueReminder, day: date) -> bool:
    """What a day before would have told is not told again on a day to come."""
    planned = planned_day(reminder.due_on, reminder.before, reminder.hours.calendar)
    return day <= site_day() or planned == reminder.hours.day_at(reminder.at)


def is_new_ending(run: Enrollment, day: date) -> bool:
    return day <= site_day() or (ending_letters.last_day_of(run) - day).days in ending_letters.DAYS_BEFORE


def foresee(
    letters: Collection[tuple[Message, ReaderHours]], day: date, at: datetime, leaving: dict[int, str]
) -> Iterator[Foreseen]:
    """`leaving` is filled: person → the kind of the letter that leaves. Runs three queries."""
    known = Message.objects.filter(key__in=[message.key for message, _hours in letters if message.key])
    told = set(known.values_list("key", flat=True))  # what has left, or is among those that wait
    people = {message.person_id for message, _hours in letters if message.person_id}
    away, taken = last_days_away(people, at), days_taken_by(people, day)
    for message, hours in letters:
        person = message.person_id
        if person is None or (message.pk is None and message.key in told):
            continue
        if person in leaving:
            yield Foreseen(message, TOGETHER if leaving[person] == message.kind else ANOTHER)
            continue
        why = why_waits(message, hours, away, taken[person], day, at)
        if not why:
            leaving[person] = message.kind
        yield Foreseen(message, why)


def why_waits(
    message: Message, hours: ReaderHours, away: Mapping[int, date], taken: set[date], day: date, at: datetime
) -> str:
    if reason := why_of_leaver(message):
        return reason
    if (until := away.get(message.person_id or 0)) is not None:
        return f"the person is away until {until}"
    if not message.address:
        return "the person has no address"
    wait = wait_for(hours, at, taken, LIMITS[TRAINING])
    return wait.why if wait and wait.until.astimezone(hours.zone).date() > day else ""


def days_taken_by(people: Iterable[int], day: date) -> dict[int, set[date]]:
    found: dict[int, set[date]] = defaultdict(set)
    days = days_that_count(day, TRAINING)
    sent = Message.objects.filter(person__in=people, turn_sort=TRAINING, turn_on__range=days)
    for person, turn in sent.values_list("person", "turn_on"):
        found[person].add(turn)  # type: ignore[arg-type]  # the filter leaves days alone
    return found
