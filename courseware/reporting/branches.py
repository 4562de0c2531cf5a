"""The teams directly below one, each with all below it: how many stand where, for who leads those who lead."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from courseware.accounts.models import Team
from courseware.accounts.permissions import own_teams, sees_the_firm
from courseware.content.models import Course
from courseware.learning.headcounts import Headcount, reach
from courseware.learning.models import EnrollmentQuerySet
from courseware.learning.states import State
from courseware.learning.tally import Tally, tally
from courseware.reporting.board_counts import not_shown_to, topmost
from courseware.reporting.board_rows import SORTED_BY_NAME, board, those_stuck


class BranchRow(NamedTuple):
    """`stuck` is None where so many are below that they are not looked at."""

    team: Team
    tally: Tally
    stuck: int | None
    leads_on: bool  # whether there are teams below

    @property
    def done(self) -> int:
        return self.tally.states[State.COMPLETED]

    @property
    def late(self) -> int:
        return self.tally.states[State.OVERDUE]


def heads_of(user) -> list[Team]:
    """Whose branch `user` sees: below a single team the ones below it, else the topmost ones."""
    if sees_the_firm(user):
        return list(Team.objects.filter(parent=None))
    heads = topmost(own_teams(user))
    return below(heads[0]) if len(heads) == 1 else sorted(heads, key=lambda team: (team.name, team.pk))


def leads_leads(user) -> bool:
    """Whether there are teams below one that `user` leads. Runs a query, and one more for whoever leads a team."""
    own = own_teams(user)
    return bool(own) and Team.objects.filter(parent__in=own).exists()


def below(team: Team) -> list[Team]:
    return list(Team.objects.filter(parent=team))


def branch_rows(user, head: Team | None, course: Course | None, language: str, at: datetime) -> list[BranchRow]:
    """Of the teams below `head`, or of `heads_of`, most people late first. As many queries for one team as for many."""
    teams = below(head) if head else heads_of(user)
    tallies = tallies_of(user, teams, course, at)
    is_small = sum(each.total for each in tallies.values()) <= SORTED_BY_NAME
    stuck = stuck_by_team(board(user, team=head, course=course, at=at), language, at) if is_small else None
    with_some = set(Team.objects.filter(parent__in=[team.pk for team in teams]).values_list("parent", flat=True))
    found = [
        BranchRow(team, tallies[team.pk], None if stuck is None else stuck[team.pk], team.pk in with_some)
        for team in teams
    ]
    return sorted(found, key=lambda row: -row.late)


def tallies_of(user, teams: Collection[Team], course: Course | None, at: datetime) -> Mapping[int, Tally]:
    """What stands above the board of each of these teams, without a filter but that of a course. Runs three queries."""
    kept = Headcount.objects.filter(team__in=[team.pk for team in teams])
    hidden = not_shown_to(user)
    if course:
        kept, hidden = kept.filter(course=course), hidden.filter(course=course)
    found = kept.told_by_team(at)
    places = hidden.with_state(at).with_validity(at).values_list("learner", "state", "validity")
    for team, rows in by_team(places).items():
        if team in found:
            found[team] -= tally((state, validity, number) for (state, validity), number in rows.items())
    return {team.pk: found.get(team.pk, tally([])) for team in teams}


def by_team(places: Iterable[tuple[Any, ...]]) -> dict[int | None, Counter[tuple[Any, ...]]]:
    """(learner, …) → what follows, as often as it stands on the board of each team."""
    places = list(places)
    teams = reach({learner for learner, *_ in places})
    found: dict[int | None, Counter[tuple[Any, ...]]] = {}
    for learner, *place in places:
        for team in teams.get(learner, ()):
            found.setdefault(team, Counter())[tuple(place)] += 1
    return found


def stuck_by_team(enrollments: EnrollmentQuerySet, language: str, at: datetime) -> Counter[int | None]:
    """Key of a team → how many of these (from `board`) are stuck in it, or below it."""
    stuck = those_stuck(enrollments, language, at).order_by().values_list("learner")
    return Counter({team: rows.total() for team, rows in by_team(stuck).items()})
