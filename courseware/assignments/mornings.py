"""Which letters a morning's jobs would write: named by each room that has such a job, so that a day can be rehearsed.

What is said here goes by how things are now. Nothing is written.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol

from django.utils import timezone

from courseware.accounts.working_days import DAY, calendar_of
from courseware.jobs.schedule import Daily
from courseware.lib.dates import site_day
from courseware.outbox.models import Message

PEOPLE_AT_ONCE = 200


@dataclass(frozen=True)
class Morning:
    """Of a day of the site. `catches_up`: its jobs also write what those of the days before left out."""

    day: date
    catches_up: bool

    def at(self, hour: time) -> datetime:
        return datetime.combine(self.day, hour, timezone.get_default_timezone())


class MorningLetters(Protocol):
    def readers(self, after: int) -> Collection[int]:
        """The next keys of whom something may be written to, ascending, `PEOPLE_AT_ONCE` at most."""
        ...

    def letters(self, people: Collection[int]) -> Iterable[tuple[Message, str]]:
        """Not saved, in the order in which they would be; each with why it would not be written, or not leave; ""."""
        ...


@dataclass(frozen=True)
class MorningJob:
    """`hour` is that of the site. `why_not` says of a letter why it would not leave at an instant to come; where it is
    for the reason `unsaid`, nobody misses it. What was skipped for one of the reasons `again` is written again."""

    hour: time
    opened: Callable[[Morning, datetime], MorningLetters]
    why_not: Callable[[Message, datetime], str] | None = None
    unsaid: str = ""
    again: Collection[str] = ()


MORNING_JOBS: dict[str, MorningJob] = {}  # by the kind of letter


def register_morning_job(kind: str, job: MorningJob) -> None:
    MORNING_JOBS[kind] = job


class FewLetters:
    """Of a job that has so few that they are worked out at once."""

    def __init__(self, letters: Iterable[Message]) -> None:
        self.by_reader: dict[int, list[tuple[Message, str]]] = defaultdict(list)
        for letter in letters:
            if letter.person_id is not None:
                self.by_reader[letter.person_id].append((letter, ""))

    def readers(self, after: int) -> Collection[int]:
        return sorted(key for key in self.by_reader if key > after)[:PEOPLE_AT_ONCE]

    def letters(self, people: Collection[int]) -> Iterable[tuple[Message, str]]:
        for key in self.by_reader.keys() & set(people):
            yield from self.by_reader[key]


def mornings_before(day: date) -> list[Morning]:
    """Whose letters leave on the day: its own, and those of the free days before it on which nothing leaves."""
    hours = [job.hour for job in MORNING_JOBS.values()]
    coming = site_day(Daily(max(hours)).after(timezone.now()))
    if day <= max(coming, site_day()):
        return [Morning(day, catches_up=True)]
    calendar, days = calendar_of(None), [day]
    while days[0] > coming and not calendar.is_working(days[0] - DAY):
        days.insert(0, days[0] - DAY)
    return [Morning(each, catches_up=each == coming) for each in days]
