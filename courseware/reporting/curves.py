"""How many were to be done by each day, and how many were: as numbers, and as a drawing."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

WEEKS_BEFORE, WEEKS_AHEAD = 12, 8
WEEK = timedelta(weeks=1)


class DueRun(NamedTuple):
    """A run that is to be done by a day, and when it was."""

    due_on: date
    done_on: date | None


@dataclass(frozen=True)
class Curve:
    """Of runs with a due day. Drawn are some weeks before and after `today`; what was before has been added up."""

    due_days: Sequence[date]
    done_days: Sequence[date]
    today: date

    @property
    def total(self) -> int:
        return len(self.due_days)

    def due_by(self, day: date) -> int:
        return bisect_right(self.due_days, day)

    def done_by(self, day: date) -> int:
        return bisect_right(self.done_days, day)

    @cached_property
    def first(self) -> date:
        earliest = min((*self.due_days[:1], *self.done_days[:1], self.today))
        return max(earliest - timedelta(days=1), self.today - WEEKS_BEFORE * WEEK)

    @cached_property
    def last(self) -> date:
        latest = max((*self.due_days[-1:], self.today))
        return min(latest + timedelta(days=1), self.today + WEEKS_AHEAD * WEEK)

    @property
    def weeks(self) -> list[tuple[date, int, int | None]]:
        """(day, due by its end, done by its end): today and each week from it, what is done of no later day."""
        before, ahead = (self.today - self.first) // WEEK, (self.last - self.today) // WEEK
        days = [self.today + number * WEEK for number in range(-before, ahead + 1)]
        return [(day, self.due_by(day), self.done_by(day) if day <= self.today else None) for day in days]


def curve_of(runs: Iterable[DueRun], today: date) -> Curve:
    runs = list(runs)
    done = sorted(run.done_on for run in runs if run.done_on)
    return Curve(sorted(run.due_on for run in runs), done, today)


@dataclass(frozen=True)
class CurveDrawing:
    """The curve in units of a drawing: paths of steps, one a day on which a number changes.

    It has the size that is asked for; beside and below it is room for what is written there.
    """

    curve: Curve
    width: int
    height: int

    def x(self, day: date) -> float:
        days = (self.curve.last - self.curve.first).days or 1
        return round((day - self.curve.first).days / days * self.width, 1)

    def y(self, number: int) -> float:
        return round((1 - number / max(self.curve.total, 1)) * self.height, 1)

    @property
    def due(self) -> str:
        return self.path(self.curve.due_days, self.curve.due_by, self.curve.last)

    @property
    def done(self) -> str:
        return self.path(self.curve.done_days, self.curve.done_by, self.curve.today)

    def path(self, days: Sequence[date], by, last: date) -> str:
        first = self.curve.first
        steps = "".join(f"H{self.x(day)}V{self.y(by(day))}" for day in sorted(set(days)) if first < day <= last)
        return f"M{self.x(first)} {self.y(by(first))}{steps}H{self.x(last)}"

    @property
    def today_x(self) -> float:
        return self.x(self.curve.today)

    @property
    def marks(self) -> list[tuple[float, date]]:
        """Days written below, from today in whole weeks, so few that they do not touch each other."""
        number = max((self.curve.last - self.curve.first) // WEEK, 1)
        step = -(-number // 6) * WEEK
        before, ahead = (self.curve.today - self.curve.first) // step, (self.curve.last - self.curve.today) // step
        days = [self.curve.today + place * step for place in range(-before, ahead + 1)]
        return [(self.x(day), day) for day in days]
