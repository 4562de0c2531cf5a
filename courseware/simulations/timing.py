"""How long a situation waits for a decision. One rule for page, script and record:

The clock of a situation starts with the decision before it (with the start of the run, or the end of a pause); opening
a page changes nothing. First the lines arrive, in the time it takes to read them; then the seconds run that the author
gave, or as many times that as the run began with. From then on the branch for doing nothing may be taken, and whatever
is sent more than ALLOWANCE later counts as that branch, if it was late by the clock of the page as well: the server's
may jump. If the page is opened only then, the learner was not there when the time ran out (a lost connection, a closed
laptop): the run waits, and the situation begins anew when they go on.

There is no clock if the author gave no seconds, if the learner chose none, or if no script can show it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from math import ceil

from django.utils.html import strip_tags

from courseware.accounts.models import User
from courseware.language.pace import reading_seconds
from courseware.language.simulations import Node
from courseware.simulations.models import Timing

MILLISECOND = timedelta(milliseconds=1)
ALLOWANCE = timedelta(seconds=5)  # a decision sent in time still counts when a slow connection brings it late
TIMES = {
    Timing.WRITTEN: Fraction(1),
    Timing.X1_25: Fraction(5, 4),
    Timing.X1_5: Fraction(3, 2),
    Timing.DOUBLE: Fraction(2),
    Timing.X3: Fraction(3),
    Timing.X4: Fraction(4),
    Timing.X5: Fraction(5),
    Timing.X10: Fraction(10),
    Timing.PAUSED: Fraction(1),
    Timing.OFF: Fraction(0),
}


@dataclass(frozen=True)
class Clock:
    """`seconds` is 0 if there is no clock."""

    shown_at: datetime
    reading: timedelta
    seconds: int

    @property
    def starts_at(self) -> datetime:
        return self.shown_at + self.reading

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(seconds=self.seconds)

    def is_up(self, at: datetime) -> bool:
        # If the server's clock was set back, the clock of the page counts.
        return self.seconds > 0 and (at >= self.ends_at or at < self.shown_at)

    def is_over(self, at: datetime) -> bool:
        return self.seconds > 0 and at > self.ends_at + ALLOWANCE


def timing_of(person: User) -> str:
    """What the person was given, as a Timing; "" for the time as written."""
    return Timing.DOUBLE if person.practice_time == User.PracticeTime.X2 else person.practice_time


def pace_of(person: User) -> str:
    """Who chooses pauses keeps as many times the time as was given: both may be needed."""
    given = timing_of(person)
    return given if given and TIMES[Timing(given)] > 1 else ""


def clock_of(node: Node, timing: str, shown_at: datetime) -> Clock:
    # `node` is in the course's own language, so that the time is the same in every language.
    has_time = node.seconds and node.timeout is not None
    seconds = ceil(node.seconds * TIMES[Timing(timing)]) if has_time else 0
    return Clock(shown_at, timedelta(seconds=sum(reading_times(node))), seconds)


def reading_times(node: Node) -> list[float]:
    """Seconds it takes to read each line."""
    return [reading_seconds(strip_tags(line.text)) for line in node.lines]


def arrivals(node: Node, reading: timedelta) -> list[int]:
    """Milliseconds after which each line arrives, if all of them take `reading` together."""
    seconds = reading_times(node)
    share = reading / MILLISECOND / (sum(seconds) or 1)
    return [round(before * share) for before in [0, *accumulate(seconds)][: len(seconds)]]
