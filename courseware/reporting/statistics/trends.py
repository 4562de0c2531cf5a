"""Progress of a course for the people of a dashboard: completions by date, current steps, forecast."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from courseware.content.rendering.store import Step
from courseware.learning.models import Completion
from courseware.learning.status.states import State
from courseware.reporting.dashboard.rows import DashboardRow, rows_in_chunks
from courseware.reporting.statistics.forecasts import DAYS_OF_PACE, Forecast, OpenEnrollment, forecast

WEEKS_BEFORE, WEEKS_AHEAD = 12, 8
WEEK = timedelta(weeks=1)
MOST_RUNS = 5000  # takes a second
TEAMS_DRAWN = 12
STEPS_LISTED = 8


class DueEnrollment(NamedTuple):
    """Due date and completion date of an enrollment."""

    due_on: date
    done_on: date | None


@dataclass(frozen=True)
class Curve:
    """Enrollments with a due date. Drawn are some weeks around `today`, with the sum of those before."""

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
        """(day, due by its end, done by its end or None if it is later than today), in steps of a week from today."""
        before, ahead = (self.today - self.first) // WEEK, (self.last - self.today) // WEEK
        days = [self.today + number * WEEK for number in range(-before, ahead + 1)]
        return [(day, self.due_by(day), self.done_by(day) if day <= self.today else None) for day in days]


def curve_of(runs: Iterable[DueEnrollment], today: date) -> Curve:
    runs = list(runs)
    done = sorted(run.done_on for run in runs if run.done_on)
    return Curve(sorted(run.due_on for run in runs), done, today)


@dataclass(frozen=True)
class CurveDrawing:
    """The curve as SVG paths in a drawing of this size, with a step on each day on which a number changes."""

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
        """Labels below: days in whole weeks from today, few enough not to overlap."""
        number = max((self.curve.last - self.curve.first) // WEEK, 1)
        step = -(-number // 6) * WEEK
        before, ahead = (self.curve.today - self.curve.first) // step, (self.curve.last - self.curve.today) // step
        days = [self.curve.today + place * step for place in range(-before, ahead + 1)]
        return [(self.x(day), day) for day in days]


class TeamTrends(NamedTuple):
    team: str
    curve: Curve
    late: int


@dataclass(frozen=True)
class Trends:
    """`curve` and `teams` (most overdue first) are about enrollments with a due date; `late` are overdue.

    `steps` are those at which most people are now. `new` enrollments have no pace yet, so `forecast` leaves them out;
    it is None for too few people.
    """

    curve: Curve
    teams: list[TeamTrends]
    steps: list[tuple[Step, int]]
    late: int
    new: int
    forecast: Forecast | None


def trends_of(runs: QuerySet, teams: Mapping[int, str], language: str, now: datetime) -> Trends:
    """Of `runs` (from `dashboard_rows.board`) of one course. The number of queries does not depend on theirs."""
    runs = runs.exclude(state=State.WAIVED)
    today = timezone.localdate(now)
    rows = list(rows_in_chunks(runs, teams, language, now))
    due = [row for row in rows if row.enrollment.due_on]
    started = dict(runs.order_by().values_list("pk", "enrolled_at"))
    open_runs = [row for row in due if row.enrollment.is_asked and row.state != State.OVERDUE]
    paced = [row for row in open_runs if has_pace(row, started[row.enrollment.pk], today)]
    paces = paces_of(paced, runs, today)
    return Trends(
        curve_of(map(due_enrollment, due), today),
        outlooks_by_team(due, today),
        crowded_steps(rows),
        late(rows),
        len(open_runs) - len(paced),
        forecast([open_enrollment(row, today, started, paces) for row in paced]),
    )


def due_enrollment(row: DashboardRow) -> DueEnrollment:
    at = row.enrollment.completed_at
    return DueEnrollment(row.enrollment.due_on, timezone.localdate(at) if at else None)


def outlooks_by_team(due: Iterable[DashboardRow], today: date) -> list[TeamTrends]:
    """Empty for one team."""
    by_team = defaultdict(list)
    for row in due:
        by_team[row.team].append(row)
    found = [TeamTrends(team, curve_of(map(due_enrollment, own), today), late(own)) for team, own in by_team.items()]
    found.sort(key=lambda each: (-each.late / each.curve.total, each.team))
    return found[:TEAMS_DRAWN] if len(found) > 1 else []


def late(rows: Iterable[DashboardRow]) -> int:
    return sum(row.state == State.OVERDUE for row in rows)


def crowded_steps(rows: Iterable[DashboardRow]) -> list[tuple[Step, int]]:
    begun = (row for row in rows if row.enrollment.is_asked and row.enrollment.started_at)
    return Counter(row.journey.next_action.step for row in begun if row.journey.next_action.step).most_common(
        STEPS_LISTED
    )


def has_pace(row: DashboardRow, enrolled_at: datetime, today: date) -> bool:
    """Begun, or open for at least DAYS_OF_PACE days."""
    return row.enrollment.started_at is not None or days_open(enrolled_at, today) >= DAYS_OF_PACE


def days_open(enrolled_at: datetime, today: date) -> int:
    return (today - timezone.localdate(enrolled_at)).days + 1


def paces_of(rows: Collection[DashboardRow], runs: QuerySet, today: date) -> dict[int, Counter[date]]:
    """Key of an enrollment → number of required steps done on each of the last days."""
    required = {row.enrollment.pk: frozenset(row.journey.progress.required) for row in rows}
    since = today - timedelta(days=DAYS_OF_PACE)  # in any time zone, no day is missed
    completions = Completion.objects.filter(enrollment__in=runs.order_by().values("pk"), completed_at__date__gte=since)
    paces: dict[int, Counter[date]] = defaultdict(Counter)
    for run, step, at in completions.values_list("enrollment", "document__identifier", "completed_at"):
        if step in required.get(run, ()):
            paces[run][timezone.localdate(at)] += 1
    return paces


def open_enrollment(
    row: DashboardRow, today: date, enrolled: Mapping[int, datetime], paces: Mapping[int, Counter[date]]
) -> OpenEnrollment:
    key, days_left = row.enrollment.pk, (row.enrollment.due_on - today).days + 1
    number = min(DAYS_OF_PACE, max(days_open(enrolled[key], today), 1))
    pace = tuple(sorted(paces[key][today - timedelta(days=ago)] for ago in range(number)))
    return OpenEnrollment(row.journey.progress.total - row.journey.progress.done_count, days_left, pace)
