"""How long a situation waits for a decision. One rule for page, script and record:

The clock of a situation begins with the decision before it (with the start of the run, or when a pause ends): opening
a page changes nothing. First the lines arrive, in the time it takes to read them; then the seconds run that the author
gave, or twice as many. From then on the branch for doing nothing may be taken, and what arrives more than ALLOWANCE
later counts as that branch, whatever it says. Who opens the page only then was not there when the time ran out (a lost
line, a closed lid): the run waits, and the situation begins anew when they go on.

No clock runs where the author gave no seconds, where it was chosen so, or where no script shows it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

from django.utils.html import strip_tags

from courseware.language.pace import reading_seconds
from courseware.language.simulations import Node
from courseware.simulations.models import Timing

ALLOWANCE = timedelta(seconds=5)  # what was on its way when the time ended still counts: a slow line is nobody's fault
TIMES = {Timing.WRITTEN: 1, Timing.DOUBLE: 2, Timing.PAUSED: 1, Timing.OFF: 0}


@dataclass(frozen=True)
class Clock:
    """`seconds` 0 means that none runs."""

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
        """Whether doing nothing may be taken; where the server's clock jumped back, the page's counts."""
        return self.seconds > 0 and (at >= self.ends_at or at < self.shown_at)

    def is_over(self, at: datetime) -> bool:
        """Whether a decision comes too late."""
        return self.seconds > 0 and at > self.ends_at + ALLOWANCE


def clock_of(node: Node, timing: str, shown_at: datetime) -> Clock:
    """`node` is read in the course's own language, so that the time does not change with the language."""
    has_time = node.seconds and node.timeout is not None
    seconds = node.seconds * TIMES[Timing(timing)] if has_time else 0
    return Clock(shown_at, timedelta(seconds=sum(reading_of(node))), seconds)


def reading_of(node: Node) -> list[float]:
    """Seconds each line of the situation takes to read."""
    return [reading_seconds(strip_tags(line.text)) for line in node.lines]


def arrivals(node: Node, reading: timedelta) -> list[int]:
    """Milliseconds after which each line arrives, when all are there to be read after `reading`."""
    each = reading_of(node)
    share = reading / timedelta(milliseconds=1) / (sum(each) or 1)
    return [round(before * share) for before in [0, *accumulate(each)][: len(each)]]
