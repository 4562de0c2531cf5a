"""Which letters about the training a day would bring, to whom, and who gets none and why. Nothing is written.

It goes by how things are now: what is done or decided until then is not foreseen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from django.utils import timezone
from django.utils.functional import Promise

from courseware.accounts.absences import last_days_away
from courseware.accounts.letter_hours import OPENS, hours_of, why_of_leaver
from courseware.assignments import ending_letters, reminder_letter
from courseware.assignments.reminder_plans import CAUGHT_UP, planned_day
from courseware.assignments.reminding import DueReminder, due_of_batch, plans_kept, runs_near
from courseware.learning.models import Enrollment
from courseware.lib.dates import site_day
from courseware.outbox.kinds import MESSAGE_KINDS, LetterSort, ReaderHours, kinds_of_sort
from courseware.outbox.letter_days import LIMITS, days_that_count, wait_for
from courseware.outbox.models import Message, MessageState

TRAINING = LetterSort.TRAINING
PEOPLE_AT_ONCE = 200
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


def rehearse_letters(day: date, *, after: int = 0) -> Iterator[Foreseen]:
    """What waits now, what is due to be reminded of on the day, whose certificate ends: person by person in the order
    of their keys, from behind that of `after`. As many queries for each so many people."""
    coming = ComingLetters(day)
    while people := coming.people(after):
        after = people[-1]
        yield from coming.foresee(people)


class ComingLetters:
    """Of a day. Whoever might be told something is found by what an index serves; only of them it is worked out."""

    def __init__(self, day: date) -> None:
        self.day, self.at = day, datetime.combine(day, OPENS, timezone.get_default_timezone())
        self.plans = plans_kept()
        # What a day before would have told is not told again on a day to come.
        self.near = runs_near(self.at, self.plans, caught_up=CAUGHT_UP if day <= site_day() else 0)
        self.ending = ending_letters.runs_ending(day)
        kinds = kinds_of_sort(TRAINING)
        self.waiting = Message.objects.filter(state=MessageState.QUEUED, kind__in=kinds).select_related("person")

    def people(self, after: int) -> list[int]:
        """The next keys. Runs three queries."""
        found: set[int] = set()
        for rows, who in ((self.waiting, "person"), (self.near, "learner"), (self.ending, "learner")):
            keys = rows.filter(**{f"{who}__gt": after}).order_by(who).values_list(who, flat=True).distinct()
            found |= set(keys[:PEOPLE_AT_ONCE])
        return sorted(found)[:PEOPLE_AT_ONCE]

    def foresee(self, people: Collection[int]) -> Iterator[Foreseen]:
        waiting = list(self.waiting.filter(person__in=people).order_by("pk"))
        near = list(self.near.filter(learner__in=people).order_by("pk"))
        reminders = [each.message for each in due_of_batch(near, self.plans, self.at) if is_news(each, self.day)]
        ending = [run for run in self.ending.filter(learner__in=people).order_by("pk") if is_new_ending(run, self.day)]
        endings = [ending_letters.letter_to(run, ending_letters.key_of(run, self.day)) for run in ending]
        letters = sorted([*waiting, *reminders, *endings], key=attrgetter("person_id"))  # else in this order
        asking = reminder_letter.asked_about([run.pk for run in near])
        held = {each.key: reminder_letter.ASKS for each in reminders if each.data["subjects"][0][0] in asking}
        return foresee(letters, unwanted(waiting), held, self.day, self.at)


def unwanted(messages: Collection[Message]) -> dict[int, str]:
    """Key of each that waits → why it is not to leave any more; "" where it is."""
    found: dict[int, str] = {}
    for name, of_kind in groupby(sorted(messages, key=attrgetter("kind")), key=attrgetter("kind")):
        found |= MESSAGE_KINDS[name].why_unwanted(list(of_kind))
    return found


def is_news(reminder: DueReminder, day: date) -> bool:
    """What a day before would have told is not told again on a day to come."""
    planned = planned_day(reminder.due_on, reminder.before, reminder.hours.calendar)
    return day <= site_day() or planned == reminder.hours.day_at(reminder.at)


def is_new_ending(run: Enrollment, day: date) -> bool:
    return day <= site_day() or (ending_letters.last_day_of(run) - day).days in ending_letters.DAYS_BEFORE


def foresee(
    letters: Collection[Message], unwanted: Mapping[int, str], held: Mapping[str, str], day: date, at: datetime
) -> Iterator[Foreseen]:
    """`held`: key of what is not written yet → why. Runs five queries."""
    known = Message.objects.filter(key__in=[message.key for message in letters if message.key])
    told = set(known.values_list("key", flat=True))  # what has left, or is among those that wait
    people = {message.person_id for message in letters if message.person_id}
    away, taken, hours = last_days_away(people, at), days_taken_by(people, day), hours_of(people)
    leaving: dict[int, str] = {}  # person → the kind of the letter that leaves
    for message in letters:
        person = message.person_id
        if person is None or (message.pk is None and message.key in told):
            continue
        if why := unwanted.get(message.pk) or held.get(message.key):
            yield Foreseen(message, why)
            continue
        if person in leaving:
            yield Foreseen(message, TOGETHER if leaving[person] == message.kind else ANOTHER)
            continue
        why = why_waits(message, hours[person], away, taken[person], day, at)
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
