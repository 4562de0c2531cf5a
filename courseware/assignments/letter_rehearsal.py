"""Which letters a day would bring, to whom and at what hour, and who gets none and why. Nothing is written.

It goes by how things are now: what is done or decided until then is not foreseen. Each person's letters of a sort are
asked one after the other, as the worker does (`outbox.rounds`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from heapq import heapify, heappop, heappush
from itertools import groupby
from operator import attrgetter

from django.utils import timezone
from django.utils.functional import Promise

from courseware.accounts.away import Away
from courseware.accounts.letter_hours import hours_of
from courseware.accounts.working_days import DAY
from courseware.assignments.mornings import MORNING_JOBS, PEOPLE_AT_ONCE, MorningLetters, mornings_before
from courseware.outbox.kinds import MESSAGE_KINDS, LetterSort, ReaderHours, Wait, kinds_of_sort, why_barred
from courseware.outbox.letter_days import LIMITS, days_that_count, wait_for
from courseware.outbox.models import Message, MessageState
from courseware.outbox.stopped_kinds import StoppedKind
from courseware.outbox.stopping import STOPPED

SORTS = (LetterSort.TRAINING, LetterSort.SUBSCRIBED)
TOGETHER = "it is told in the same letter as another"
EVER = datetime.min.replace(tzinfo=UTC)
Turns = dict[tuple[int | None, str], set[tuple[int | None, date]]]  # by person and sort: which left, and on which day


@dataclass(frozen=True)
class Foreseen:
    """`leaves_at` is None where it does not leave on the day, and `why_not` then says why."""

    message: Message
    leaves_at: datetime | None = None
    why_not: str = ""

    @property
    def words(self) -> str | Promise:
        return self.message.words

    @property
    def name(self) -> str:
        return str(self.message.person)


@dataclass(order=True)
class Asked:
    """A letter that a worker asks at an instant whether it may leave; of several at once, the one written first."""

    at: datetime
    place: int
    message: Message = field(compare=False)
    written_at: datetime = field(compare=False, default=EVER)
    why: str = field(compare=False, default="")  # it waited before


def rehearse_letters(day: date, *, after: int = 0) -> Iterator[Foreseen]:
    """What waits now and leaves on the day, and what would be written for it: person by person in the order of their
    keys, from behind that of `after`. As many queries for each so many people, but those about letters by office."""
    coming = ComingLetters(day)
    while people := coming.people(after):
        after = people[-1]
        for _person, foreseen in coming.foresee(people):
            yield from foreseen


class ComingLetters:
    """Of a day. Whoever might be told something is found by what an index serves; only of them it is worked out."""

    def __init__(self, day: date) -> None:
        zone = timezone.get_default_timezone()
        self.begins, self.ends = (datetime.combine(each, time.min, zone) for each in (day, day + DAY))
        now = timezone.now()
        self.now = now if now < self.ends else self.begins
        self.written: list[tuple[datetime, MorningLetters]] = [
            (at := morning.at(job.hour), job.opened(morning, at))
            for morning in mornings_before(day)
            for job in sorted(MORNING_JOBS.values(), key=attrgetter("hour"))
        ]
        kinds = [name for sort in SORTS for name in kinds_of_sort(sort)]
        self.waiting = Message.objects.filter(state=MessageState.QUEUED, kind__in=kinds).select_related("person")

    def people(self, after: int) -> list[int]:
        """The next keys. Runs a query for what waits, and those of the jobs."""
        waiting = self.waiting.filter(person__gt=after).order_by("person").values_list("person", flat=True).distinct()
        found = set(waiting[:PEOPLE_AT_ONCE])
        for _at, letters in self.written:
            found |= set(letters.readers(after))
        return sorted(found)[:PEOPLE_AT_ONCE]

    def foresee(self, people: Collection[int]) -> Iterator[tuple[int, list[Foreseen]]]:
        """Each of these people with what is foreseen; worked out when it is asked for."""
        waiting = list(self.waiting.filter(person__in=people).order_by("next_at", "pk"))
        unwanted = why_unwanted_now(waiting)
        asked = [Asked(max(each.next_at, self.now), each.pk, each) for each in waiting]
        place = max([each.pk for each in waiting], default=0)
        kept_back: dict[str, str] = {}
        for at, source in self.written:
            for message, why in source.letters(people):
                place += 1
                asked.append(Asked(max(message.next_at, self.now), place, message, at))
                kept_back[message.key] = why
        asked = without_known(asked)
        worker = ForeseenWorker(self, people, unwanted)
        for person in people:
            own = [each for each in asked if each.message.person_id == person]
            not_written = [
                Foreseen(each.message, None, why) for each in own if (why := kept_back.get(each.message.key, ""))
            ]
            written = [each for each in own if not kept_back.get(each.message.key)]
            yield person, [*not_written, *(line for sort in SORTS for line in worker.work(written, sort))]


def why_unwanted_now(messages: Collection[Message]) -> dict[int, str]:
    """Key of each of those about training that wait → why it is not to leave any more; "" where it is. Of those by
    office it is asked as of when they leave, where that makes a difference."""
    found: dict[int, str] = {}
    asked = [message for message in messages if not asks_as_of_then(message.kind)]
    for name, of_kind in groupby(sorted(asked, key=attrgetter("kind")), key=attrgetter("kind")):
        found |= MESSAGE_KINDS[name].why_unwanted(list(of_kind))
    return found


def asks_as_of_then(kind: str) -> bool:
    return kind in MORNING_JOBS and MORNING_JOBS[kind].why_not is not None


def without_known(asked: Collection[Asked]) -> list[Asked]:
    """Without what was written already, or would be by an earlier morning; but with what waits again."""
    known = Message.objects.filter(key__in={each.message.key for each in asked if each.message.pk is None} - {""})
    told = {
        key
        for key, kind, state, why, told_in in known.values_list("key", "kind", "state", "why", "told_in")
        if state != MessageState.SKIPPED or told_in or why not in MORNING_JOBS[kind].again
    }
    found = []
    for each in asked:
        if each.message.pk is None and each.message.key in told:
            continue
        told |= {each.message.key} - {""}
        found.append(each)
    return found


class ForeseenWorker:
    """Asks the letters of a person as a worker would until the day is over. Runs four queries for all people, and what
    letters by office ask as of when they leave."""

    def __init__(self, coming: ComingLetters, people: Collection[int], unwanted: Mapping[int, str]) -> None:
        self.begins, self.ends, self.unwanted = coming.begins, coming.ends, unwanted
        self.hours: dict[int, ReaderHours] = {**hours_of(people)}
        self.stopped = set(StoppedKind.objects.filter(person__in=people).values_list("person", "kind"))
        self.absences: dict[int, list[Away]] = defaultdict(list)
        for away in Away.objects.filter(person__in=people, ends_at__gt=coming.now):
            self.absences[away.person_id].append(away)
        self.turns = turns_of(people, min(coming.now, coming.begins), coming.ends)

    def work(self, letters: Collection[Asked], sort: LetterSort) -> Iterator[Foreseen]:
        queue = [each for each in letters if MESSAGE_KINDS[each.message.kind].sort == sort]
        heapify(queue)
        while queue and queue[0].at < self.ends:
            asked = heappop(queue)
            if why := self.why_not(asked, sort):
                if asked.at >= self.begins and why != unsaid_of(asked.message.kind):
                    yield Foreseen(asked.message, None, why)
            elif wait := self.wait(asked, sort):
                heappush(queue, Asked(wait.until, asked.place, asked.message, asked.written_at, wait.why))
            else:
                yield from self.leaves(asked, sort, queue)
        for asked in sorted(queue):
            if asked.why and not self.is_unsaid(asked):
                yield Foreseen(asked.message, None, asked.why)

    def why_not(self, asked: Asked, sort: LetterSort) -> str:
        """In the order in which a worker asks: see `outbox.rounds.Round.skip`."""
        message = asked.message
        if not message.address:
            return "the person has no address"
        if (message.person_id, message.kind) in self.stopped:
            return STOPPED
        return self.why_unwanted(asked) or why_barred(message, sort)

    def why_unwanted(self, asked: Asked) -> str:
        if asks_as_of_then(asked.message.kind) and (ask := MORNING_JOBS[asked.message.kind].why_not):
            return ask(asked.message, asked.at)
        return self.unwanted.get(asked.message.pk or 0, "")

    def is_unsaid(self, asked: Asked) -> bool:
        return bool(unsaid_of(asked.message.kind)) and self.why_unwanted(asked) == unsaid_of(asked.message.kind)

    def wait(self, asked: Asked, sort: LetterSort) -> Wait | None:
        person = asked.message.person_id or 0
        for away in self.absences[person]:
            if away.begins_at <= asked.at < away.ends_at:
                return Wait(away.ends_at, f"the person is away until {away.last_day}")
        taken = {day for key, day in self.turns[person, sort] if key is None or key != asked.message.pk}
        return wait_for(self.hours[person], asked.at, taken, LIMITS[sort])

    def leaves(self, asked: Asked, sort: LetterSort, queue: list[Asked]) -> Iterator[Foreseen]:
        """And takes in what waits of its kind: see `outbox.letter_days.take_in`."""
        message, is_of_day = asked.message, asked.at >= self.begins
        day = asked.at.astimezone(self.hours[message.person_id or 0].zone).date()
        self.turns[message.person_id, sort].add((message.pk, day))
        if is_of_day:
            yield Foreseen(message, asked.at)
        if "subjects" not in message.data or message.tries:
            return
        for other in sorted(each for each in queue if is_taken_in(each, asked)):
            queue.remove(other)
            if is_of_day:
                yield Foreseen(other.message, None, TOGETHER)
        heapify(queue)


def is_taken_in(other: Asked, asked: Asked) -> bool:
    return other.message.kind == asked.message.kind and other.written_at <= asked.at


def unsaid_of(kind: str) -> str:
    return MORNING_JOBS[kind].unsaid if kind in MORNING_JOBS else ""


def turns_of(people: Collection[int], first: datetime, last: datetime) -> Turns:
    """On which days letters left that count from `first` to `last`. Runs one query."""
    found: Turns = defaultdict(set)
    days = days_that_count(first.date(), LetterSort.TRAINING)[0], days_that_count(last.date(), LetterSort.TRAINING)[1]
    sent = Message.objects.filter(person__in=people, turn_sort__in=SORTS, turn_on__range=days)
    for person, sort, key, turn in sent.values_list("person", "turn_sort", "pk", "turn_on"):
        found[person, sort].add((key, turn))  # type: ignore[arg-type]  # the filter leaves out who has none
    return found
