"""Trends of a course: completions by date, current steps and forecast, for the people of a dashboard."""

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
MOST_RUNS = 5000  # enrollments; takes 1 second
TEAMS_DRAWN = 12
STEPS_LISTED = 8


class DueEnrollment(NamedTuple):
    due_on: date
    done_on: date | None


@dataclass(frozen=True)
class Curve:
    """Enrollments due and completed by date, sorted. `first` to `last` is the drawn range around `today`."""

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
        """(day, due by its end, completed by its end or None for future days), in weekly steps from today."""
        before, ahead = (self.today - self.first) // WEEK, (self.last - self.today) // WEEK
        days = [self.today + number * WEEK for number in range(-before, ahead + 1)]
        return [(day, self.due_by(day), self.done_by(day) if day <= self.today else None) for day in days]


def curve_of(enrollments: Iterable[DueEnrollment], today: date) -> Curve:
    enrollments = list(enrollments)
    done = sorted(enrollment.done_on for enrollment in enrollments if enrollment.done_on)
    return Curve(sorted(enrollment.due_on for enrollment in enrollments), done, today)


@dataclass(frozen=True)
class CurveDrawing:
    """The curve as SVG paths in a drawing of this size, with a step on each day with a change."""

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
        """Return an SVG path up to the day `last`, with steps at `days`. `by`: function of a day → number up to it."""
        first = self.curve.first
        steps = "".join(f"H{self.x(day)}V{self.y(by(day))}" for day in sorted(set(days)) if first < day <= last)
        return f"M{self.x(first)} {self.y(by(first))}{steps}H{self.x(last)}"

    @property
    def today_x(self) -> float:
        return self.x(self.curve.today)

    @property
    def marks(self) -> list[tuple[float, date]]:
        """(x, day) of the labels: whole weeks from today, few enough not to overlap."""
        number = max((self.curve.last - self.curve.first) // WEEK, 1)
        step = -(-number // 6) * WEEK
        before, ahead = (self.curve.today - self.curve.first) // step, (self.curve.last - self.curve.today) // step
        days = [self.curve.today + index * step for index in range(-before, ahead + 1)]
        return [(self.x(day), day) for day in days]


class TeamTrends(NamedTuple):
    team: str
    curve: Curve
    late: int


@dataclass(frozen=True)
class Trends:
    """`curve`, `teams` (largest overdue share first): enrollments with a due date; `late`: number overdue; `steps`:
    current steps with most people; `new`: number without a pace, left out of `forecast`, which is None for too few.
    """

    curve: Curve
    teams: list[TeamTrends]
    steps: list[tuple[Step, int]]
    late: int
    new: int
    forecast: Forecast | None


def trends_of(enrollments: QuerySet, teams: Mapping[int, str], language: str, now: datetime) -> Trends:
    """Return the trends of `enrollments` (`dashboard_rows_of` one course), without exempt ones. `teams`: id → name of
    teams that may be shown; `language`: of the outline. Runs the queries of `rows_in_chunks`, and 2.
    """
    enrollments = enrollments.exclude(state=State.EXEMPT)
    today = timezone.localdate(now)
    rows = list(rows_in_chunks(enrollments, teams, language, now))
    due = [row for row in rows if row.enrollment.due_on]
    started = dict(enrollments.order_by().values_list("pk", "enrolled_at"))
    open_rows = [row for row in due if row.enrollment.is_asked and row.state != State.OVERDUE]
    paced = [row for row in open_rows if has_pace(row, started[row.enrollment.pk], today)]
    paces = paces_of(paced, enrollments, today)
    return Trends(
        curve_of(map(due_enrollment, due), today),
        trends_by_team(due, today),
        crowded_steps(rows),
        late(rows),
        len(open_rows) - len(paced),
        forecast([open_enrollment(row, today, started, paces) for row in paced]),
    )


def due_enrollment(row: DashboardRow) -> DueEnrollment:
    at = row.enrollment.completed_at
    return DueEnrollment(row.enrollment.due_on, timezone.localdate(at) if at else None)


def trends_by_team(due: Iterable[DashboardRow], today: date) -> list[TeamTrends]:
    """Return trends of up to TEAMS_DRAWN teams, largest overdue share first; [] for 1 team. `due`: with due date."""
    by_team = defaultdict(list)
    for row in due:
        by_team[row.team].append(row)
    found = [TeamTrends(team, curve_of(map(due_enrollment, own), today), late(own)) for team, own in by_team.items()]
    found.sort(key=lambda each: (-each.late / each.curve.total, each.team))
    return found[:TEAMS_DRAWN] if len(found) > 1 else []


def late(rows: Iterable[DashboardRow]) -> int:
    """Return the number of overdue rows."""
    return sum(row.state == State.OVERDUE for row in rows)


def crowded_steps(rows: Iterable[DashboardRow]) -> list[tuple[Step, int]]:
    """Return up to STEPS_LISTED (step, number of people who are at it now), most people first."""
    begun = (row for row in rows if row.enrollment.is_asked and row.enrollment.started_at)
    return Counter(row.journey.next_action.step for row in begun if row.journey.next_action.step).most_common(
        STEPS_LISTED
    )


def has_pace(row: DashboardRow, enrolled_at: datetime, today: date) -> bool:
    """Return whether the enrollment was started, or is at least DAYS_OF_PACE days old."""
    return row.enrollment.started_at is not None or days_open(enrolled_at, today) >= DAYS_OF_PACE


def days_open(enrolled_at: datetime, today: date) -> int:
    """Return the number of days since enrolling, both included."""
    return (today - timezone.localdate(enrolled_at)).days + 1


def paces_of(rows: Collection[DashboardRow], enrollments: QuerySet, today: date) -> dict[int, Counter[date]]:
    """Return enrollment id → day → number of required steps completed, as a defaultdict, for at least the last
    DAYS_OF_PACE days. `rows`: enrollments to count; `enrollments`: queryset that includes them. Runs 1 query.
    """
    required = {row.enrollment.pk: frozenset(row.journey.progress.required) for row in rows}
    since = today - timedelta(days=DAYS_OF_PACE)  # one day more, so that no time zone misses a day
    completions = Completion.objects.filter(
        enrollment__in=enrollments.order_by().values("pk"), completed_at__date__gte=since
    )
    paces: dict[int, Counter[date]] = defaultdict(Counter)
    for enrollment, step, at in completions.values_list("enrollment", "document__identifier", "completed_at"):
        if step in required.get(enrollment, ()):
            paces[enrollment][timezone.localdate(at)] += 1
    return paces


def open_enrollment(
    row: DashboardRow, today: date, enrolled: Mapping[int, datetime], paces: Mapping[int, Counter[date]]
) -> OpenEnrollment:
    """Return the input of `forecast`. `row`: has a due date; `enrolled`: enrollment id → time; `paces`: `paces_of`."""
    key, days_left = row.enrollment.pk, (row.enrollment.due_on - today).days + 1
    number = min(DAYS_OF_PACE, max(days_open(enrolled[key], today), 1))
    pace = tuple(sorted(paces[key][today - timedelta(days=ago)] for ago in range(number)))
    return OpenEnrollment(row.journey.progress.total - row.journey.progress.done_count, days_left, pace)
