"""Totals by subteam for senior managers: the teams directly below a team, each including all teams below."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from courseware.accounts.models import Team
from courseware.accounts.permissions.permissions import own_teams, sees_whole_company
from courseware.content.models import Course
from courseware.learning.models import EnrollmentQuerySet
from courseware.learning.status.headcounts import DashboardTotals, Headcount, tally, teams_counting
from courseware.learning.status.states import State
from courseware.reporting.dashboard.rows import SORTED_BY_NAME, dashboard_rows_of, stuck_rows
from courseware.reporting.dashboard.totals import head_of, hidden_enrollments, topmost


class SubteamRow(NamedTuple):
    """Totals of a team. `stuck` is None if there are too many people to check."""

    team: Team
    tally: DashboardTotals
    stuck: int | None
    has_subteams: bool  # whether it has teams below
    is_whole: bool  # whether it is the team above the others

    @property
    def done(self) -> int:
        return self.tally.states[State.COMPLETED]

    @property
    def late(self) -> int:
        return self.tally.states[State.OVERDUE]


def topmost_of(user) -> list[Team]:
    """Return the topmost teams that `user` manages or, for users who see the whole company, its topmost teams."""
    if sees_whole_company(user):
        return list(Team.objects.filter(parent=None))
    return sorted(topmost(own_teams(user)), key=lambda team: (team.name, team.pk))


def manages_managers(user) -> bool:
    """Return whether the teams of `user` together have at least 2 teams directly below."""
    own = own_teams(user)
    return bool(own) and Team.objects.filter(parent__in=own).count() > 1


def subteam_rows(user, head: Team | None, course: Course | None, language: str, at: datetime) -> list[SubteamRow]:
    """Return rows of the teams directly below `head`, most overdue first, then of `head`; [] if no team is below it.
    None for `head`: `head_of(user)` or, without one, only rows of `topmost_of(user)`. Access to `head` is not checked.
    """
    head = head or head_of(user)
    teams = list(Team.objects.filter(parent=head)) if head else topmost_of(user)
    if not teams:
        return []
    heads = [head] if head else []
    tallies = totals_by_team(user, [*teams, *heads], course, at)
    is_small = sum(tallies[each.pk].total for each in heads or teams) <= SORTED_BY_NAME
    stuck = stuck_by_team(dashboard_rows_of(user, team=head, course=course, at=at), language, at) if is_small else None
    parents = set(Team.objects.filter(parent__in=[team.pk for team in teams]).values_list("parent", flat=True))
    rows = [
        SubteamRow(team, tallies[team.pk], None if stuck is None else stuck[team.pk], team.pk in parents, team in heads)
        for team in [*teams, *heads]
    ]
    return sorted(rows, key=lambda row: (row.is_whole, -row.late))


def totals_by_team(user, teams: Collection[Team], course: Course | None, at: datetime) -> Mapping[int, DashboardTotals]:
    """Return team id → totals with teams below, less `hidden_enrollments(user)`. `course`: None for all courses."""
    stored = Headcount.objects.filter(team__in=[team.pk for team in teams])
    hidden = hidden_enrollments(user)
    if course:
        stored, hidden = stored.filter(course=course), hidden.filter(course=course)
    found = stored.counts_by_team(at)
    hidden_rows = hidden.with_state(at).with_certification_status(at).values_list("learner", "state", "validity")
    for team, rows in by_team(hidden_rows).items():
        if team in found:
            found[team] -= tally((state, status, number) for (state, status), number in rows.items())
    return {team.pk: found.get(team.pk, tally([])) for team in teams}


def by_team(rows: Iterable[tuple[Any, ...]]) -> dict[int | None, Counter[tuple[Any, ...]]]:
    """Return team id (None: company) → count of each tuple, without people who left. `rows`: (learner id, *values)."""
    rows = list(rows)
    teams = teams_counting({learner for learner, *_ in rows})
    found: dict[int | None, Counter[tuple[Any, ...]]] = {}
    for learner, *values in rows:
        for team in teams.get(learner, ()):
            found.setdefault(team, Counter())[tuple(values)] += 1
    return found


def stuck_by_team(enrollments: EnrollmentQuerySet, language: str, at: datetime) -> Counter[int | None]:
    """Return team id (None: the whole company) → number of stuck rows in the team and the teams below, without people
    who left. `enrollments`: of `dashboard_rows_of`; `language`: of the course outlines.
    """
    stuck = stuck_rows(enrollments, language, at).order_by().values_list("learner")
    return Counter({team: rows.total() for team, rows in by_team(stuck).items()})
