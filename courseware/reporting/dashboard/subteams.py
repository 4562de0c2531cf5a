"""Totals of the teams directly below a team, each with all teams below it: for senior managers."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from courseware.accounts.models import Team
from courseware.accounts.permissions.permissions import own_teams, sees_whole_company
from courseware.content.models import Course
from courseware.learning.models import EnrollmentQuerySet
from courseware.learning.status.headcounts import DashboardTotals, Headcount, reach, tally
from courseware.learning.status.states import State
from courseware.reporting.dashboard.rows import SORTED_BY_NAME, board, those_stuck
from courseware.reporting.dashboard.totals import head_of, not_shown_to, topmost


class SubteamRow(NamedTuple):
    """`stuck` is None if there are too many people to check."""

    team: Team
    tally: DashboardTotals
    stuck: int | None
    leads_on: bool  # whether there are teams below that are not shown
    is_whole: bool  # of the head

    @property
    def done(self) -> int:
        return self.tally.states[State.COMPLETED]

    @property
    def late(self) -> int:
        return self.tally.states[State.OVERDUE]


def topmost_of(user) -> list[Team]:
    if sees_whole_company(user):
        return list(Team.objects.filter(parent=None))
    return sorted(topmost(own_teams(user)), key=lambda team: (team.name, team.pk))


def manages_managers(user) -> bool:
    """Whether at least two teams are directly below teams that `user` leads."""
    own = own_teams(user)
    return bool(own) and Team.objects.filter(parent__in=own).count() > 1


def subteam_rows(user, head: Team | None, course: Course | None, language: str, at: datetime) -> list[SubteamRow]:
    """The teams below `head`, otherwise `head_of`, otherwise the topmost ones, most overdue first; the head is last."""
    head = head or head_of(user)
    teams = list(Team.objects.filter(parent=head)) if head else topmost_of(user)
    if not teams:
        return []
    heads = [head] if head else []
    tallies = tallies_of(user, [*teams, *heads], course, at)
    is_small = sum(tallies[each.pk].total for each in heads or teams) <= SORTED_BY_NAME
    stuck = stuck_by_team(board(user, team=head, course=course, at=at), language, at) if is_small else None
    lead_on = set(Team.objects.filter(parent__in=[team.pk for team in teams]).values_list("parent", flat=True))
    rows = [
        SubteamRow(team, tallies[team.pk], None if stuck is None else stuck[team.pk], team.pk in lead_on, team in heads)
        for team in [*teams, *heads]
    ]
    return sorted(rows, key=lambda row: (row.is_whole, -row.late))


def tallies_of(user, teams: Collection[Team], course: Course | None, at: datetime) -> Mapping[int, DashboardTotals]:
    """Key of a team → the totals of its dashboard. Runs three queries."""
    kept = Headcount.objects.filter(team__in=[team.pk for team in teams])
    hidden = not_shown_to(user)
    if course:
        kept, hidden = kept.filter(course=course), hidden.filter(course=course)
    found = kept.counts_by_team(at)
    places = hidden.with_state(at).with_validity(at).values_list("learner", "state", "validity")
    for team, rows in by_team(places).items():
        if team in found:
            found[team] -= tally((state, validity, number) for (state, validity), number in rows.items())
    return {team.pk: found.get(team.pk, tally([])) for team in teams}


def by_team(places: Iterable[tuple[Any, ...]]) -> dict[int | None, Counter[tuple[Any, ...]]]:
    """Team → the values after the learner, counted on the team's dashboard."""
    places = list(places)
    teams = reach({learner for learner, *_ in places})
    found: dict[int | None, Counter[tuple[Any, ...]]] = {}
    for learner, *place in places:
        for team in teams.get(learner, ()):
            found.setdefault(team, Counter())[tuple(place)] += 1
    return found


def stuck_by_team(enrollments: EnrollmentQuerySet, language: str, at: datetime) -> Counter[int | None]:
    """Key of a team → number of these rows of `board` who are stuck in it or below it."""
    stuck = those_stuck(enrollments, language, at).order_by().values_list("learner")
    return Counter({team: rows.total() for team, rows in by_team(stuck).items()})
