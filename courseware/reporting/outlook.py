"""How a course goes, for those on somebody's board: what was done by when, where people stand, who will be late."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from courseware.content.compiled.serving import Step
from courseware.learning.models import Completion
from courseware.learning.states import State
from courseware.reporting.board_rows import BoardRow, rows_in_chunks
from courseware.reporting.curves import Curve, DueRun, curve_of
from courseware.reporting.forecasts import DAYS_OF_PACE, Forecast, OpenRun, forecast

MOST_RUNS = 5000  # each is looked at by itself: a second's work
TEAMS_DRAWN = 12
STEPS_LISTED = 8


class TeamOutlook(NamedTuple):
    """`late` are those of its runs that are late already."""

    team: str
    curve: Curve
    late: int


@dataclass(frozen=True)
class Outlook:
    """`curve` is of runs with a due day, as those of `teams` are, of whom most are late first.

    `steps` are where people who have begun stand now, the most crowded first. `forecast` is None of too few; `new` are
    the runs that are not in it, for they have no pace yet; `late` are those that are late already.
    """

    curve: Curve
    teams: list[TeamOutlook]
    steps: list[tuple[Step, int]]
    late: int
    new: int
    forecast: Forecast | None


def outlook_of(runs: QuerySet, teams: Mapping[int, str], language: str, now: datetime) -> Outlook:
    """Of `runs` (from `board_rows.board`) through one course. Runs as many queries for 1, 3 and 500 of them."""
    runs = runs.exclude(state=State.WAIVED)
    today = timezone.localdate(now)
    rows = list(rows_in_chunks(runs, teams, language, now))
    due = [row for row in rows if row.enrollment.due_on]
    started = dict(runs.order_by().values_list("pk", "enrolled_at"))
    open_runs = [row for row in due if row.enrollment.is_asked and row.state != State.OVERDUE]
    paced = [row for row in open_runs if has_pace(row, started[row.enrollment.pk], today)]
    paces = paces_of(paced, runs, today)
    return Outlook(
        curve_of(map(due_run, due), today),
        outlooks_by_team(due, today),
        crowded_steps(rows),
        late(rows),
        len(open_runs) - len(paced),
        forecast([open_run(row, today, started, paces) for row in paced]),
    )


def due_run(row: BoardRow) -> DueRun:
    at = row.enrollment.completed_at
    return DueRun(row.enrollment.due_on, timezone.localdate(at) if at else None)


def outlooks_by_team(due: Iterable[BoardRow], today: date) -> list[TeamOutlook]:
    """None where there is but one team."""
    by_team = defaultdict(list)
    for row in due:
        by_team[row.team].append(row)
    found = [TeamOutlook(team, curve_of(map(due_run, own), today), late(own)) for team, own in by_team.items()]
    found.sort(key=lambda each: (-each.late / each.curve.total, each.team))
    return found[:TEAMS_DRAWN] if len(found) > 1 else []


def late(rows: Iterable[BoardRow]) -> int:
    return sum(row.state == State.OVERDUE for row in rows)


def crowded_steps(rows: Iterable[BoardRow]) -> list[tuple[Step, int]]:
    begun = (row for row in rows if row.enrollment.is_asked and row.enrollment.started_at)
    return Counter(row.journey.next_act.step for row in begun if row.journey.next_act.step).most_common(STEPS_LISTED)


def has_pace(row: BoardRow, enrolled_at: datetime, today: date) -> bool:
    """Whoever has not begun within two weeks goes on so; before, nobody knows."""
    return row.enrollment.started_at is not None or days_open(enrolled_at, today) >= DAYS_OF_PACE


def days_open(enrolled_at: datetime, today: date) -> int:
    return (today - timezone.localdate(enrolled_at)).days + 1


def paces_of(rows: Collection[BoardRow], runs: QuerySet, today: date) -> dict[int, Counter[date]]:
    """Key of a run → how many of its required steps were done on which of the last days."""
    required = {row.enrollment.pk: frozenset(row.journey.progress.required) for row in rows}
    since = today - timedelta(days=DAYS_OF_PACE)  # by whichever zone, no day is missed
    completions = Completion.objects.filter(enrollment__in=runs.order_by().values("pk"), completed_at__date__gte=since)
    paces: dict[int, Counter[date]] = defaultdict(Counter)
    for run, step, at in completions.values_list("enrollment", "document__identifier", "completed_at"):
        if step in required.get(run, ()):
            paces[run][timezone.localdate(at)] += 1
    return paces


def open_run(
    row: BoardRow, today: date, enrolled: Mapping[int, datetime], paces: Mapping[int, Counter[date]]
) -> OpenRun:
    key, days_left = row.enrollment.pk, (row.enrollment.due_on - today).days + 1
    number = min(DAYS_OF_PACE, max(days_open(enrolled[key], today), 1))
    pace = tuple(sorted(paces[key][today - timedelta(days=ago)] for ago in range(number)))
    return OpenRun(row.journey.progress.total - row.journey.progress.done_count, days_left, pace)
