"""Timing of situations, for page, script and record: lines appear at reading speed, then the time limit runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from math import ceil

from django.utils.html import strip_tags

from courseware.accounts.models import User
from courseware.course_format.reading_time import reading_seconds
from courseware.course_format.simulations.simulation import Node
from courseware.simulations.models import TimeSetting

MILLISECOND = timedelta(milliseconds=1)
ALLOWANCE = timedelta(seconds=5)  # for slow connections
TIMES = {
    TimeSetting.WRITTEN: Fraction(1),
    TimeSetting.X1_25: Fraction(5, 4),
    TimeSetting.X1_5: Fraction(3, 2),
    TimeSetting.DOUBLE: Fraction(2),
    TimeSetting.X3: Fraction(3),
    TimeSetting.X4: Fraction(4),
    TimeSetting.X5: Fraction(5),
    TimeSetting.X10: Fraction(10),
    TimeSetting.PAUSED: Fraction(1),
    TimeSetting.OFF: Fraction(0),
}


@dataclass(frozen=True)
class Clock:
    """`shown_at`: time of the last decision, or of the attempt's start or a pause's end. `reading`: from then until the
    clock starts. `seconds`: 0 without a clock.
    """

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
        """Return whether the timeout may be sent; always False without a clock."""
        # If the server's clock was set back, the clock of the page counts.
        return self.seconds > 0 and (at >= self.ends_at or at < self.shown_at)

    def is_over(self, at: datetime) -> bool:
        """Return whether a choice is too late, by more than ALLOWANCE; always False without a clock."""
        return self.seconds > 0 and at > self.ends_at + ALLOWANCE


def timing_of(person: User) -> str:
    """Return the TimeSetting for the person's extra time; "" without extra time."""
    return TimeSetting.DOUBLE if person.extra_time == User.ExtraTime.X2 else person.extra_time


def pace_of(person: User) -> str:
    """Return the TimeSetting for the person's extra time if it multiplies the standard time, else ""."""
    given = timing_of(person)
    return given if given and TIMES[TimeSetting(given)] > 1 else ""


def clock_of(node: Node, timing: str, shown_at: datetime) -> Clock:
    """Return the clock. `node`: in the source language, for equal times in all languages. `timing`: a TimeSetting.
    `shown_at`: see `Clock`.
    """
    has_time = node.seconds and node.timeout is not None
    seconds = ceil(node.seconds * TIMES[TimeSetting(timing)]) if has_time else 0
    return Clock(shown_at, timedelta(seconds=sum(reading_times(node))), seconds)


def reading_times(node: Node) -> list[float]:
    """Return the reading time of each line in seconds."""
    return [reading_seconds(strip_tags(line.text)) for line in node.lines]


def arrivals(node: Node, reading: timedelta) -> list[int]:
    """Return milliseconds until each line appears, if all lines take `reading` together."""
    seconds = reading_times(node)
    share = reading / MILLISECOND / (sum(seconds) or 1)
    return [round(before * share) for before in [0, *accumulate(seconds)][: len(seconds)]]
