"""What the people of a team miss in the checks, objective by objective: figures about a group, as in `lib.disclosure`.

A group is who learns in a team itself, whatever the reader has filtered by. So no two groups lie in one another, and
nobody stands out by the difference.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from courseware.content.compiled.serving import Outline
from courseware.content.models import Document
from courseware.learning.models import Answer, Completion
from courseware.lib.disclosure import disclosed, shown_from
from courseware.reporting.board_rows import teams_joined
from courseware.reporting.shares import Share

MOST_TEAMS, MOST_OBJECTIVES = 12, 8
LEVELS = 5  # of colour: 0 is nobody, or nearly


class WeakSpot(NamedTuple):
    """How many of the group missed something; None of too few."""

    share: Share | None

    @property
    def level(self) -> int:
        return min(self.share.percent * LEVELS // 100, LEVELS - 1) if self.share else 0


@dataclass(frozen=True)
class WeakSpots:
    """`lines` are (objective as HTML, a cell for each of `teams`), the weakest first."""

    teams: list[str]
    lines: list[tuple[str, list[WeakSpot]]]


class Learned(NamedTuple):
    """That somebody has done all lessons about an objective; `day` is the first on which figures may hold it."""

    objective: str
    learner: int
    day: date
    has_missed: bool


def weak_spots(runs: QuerySet, route: Outline, teams: Mapping[int, str], today: date) -> WeakSpots:
    """Of `runs` (from `board_rows.board`) through the course of `route`. Runs four queries.

    `teams` are those whose people are all among them: who learns in two teams is in both, and a filter by one leaves
    of the other a part.
    """
    groups: dict[tuple[str, int], list[tuple[date, bool]]] = defaultdict(list)
    learned = list(learned_in(runs, route))
    joined = teams_joined({each.learner for each in learned})
    for each in learned:
        for team, _zone in joined[each.learner]:
            groups[each.objective, team].append((each.day, each.has_missed))
    shares = {place: share for place, answers in groups.items() if (share := share_of(disclosed(answers, today)))}
    shown = sorted(teams_with_most(shares, teams), key=lambda team: (teams[team], team))
    lines = {
        objective: [WeakSpot(shares.get((objective, team))) for team in shown]
        for objective in dict.fromkeys(objective for objective, team in shares if team in shown)
    }
    weakest = sorted(lines, key=lambda objective: (-weakness(lines[objective]), objective))[:MOST_OBJECTIVES]
    return WeakSpots([teams[team] for team in shown], [(route.objective(each), lines[each]) for each in weakest])


def share_of(answers: Collection[bool]) -> Share | None:
    return Share(sum(answers), len(answers)) if answers else None


def teams_with_most(shares: Mapping[tuple[str, int], Share], teams: Mapping[int, str]) -> list[int]:
    people: Counter[int] = Counter()
    for (_objective, team), share in shares.items():
        if team in teams:
            people[team] = max(people[team], share.people)
    return [team for team, _number in people.most_common(MOST_TEAMS)]


def weakness(cells: Iterable[WeakSpot]) -> int:
    return max(cell.share.percent for cell in cells if cell.share)


def learned_in(runs: QuerySet, route: Outline) -> Iterator[Learned]:
    """In the order in which people were enrolled, so that those of one day always come in the same one."""
    lessons = lessons_of(route)
    keys = runs.order_by().values("pk")
    done: dict[int, dict[str, date]] = defaultdict(dict)
    completions = Completion.objects.filter(enrollment__in=keys, document__kind=Document.Kind.LESSON)
    for run, lesson, at in completions.values_list("enrollment", "document__identifier", "completed_at"):
        done[run][lesson] = timezone.localdate(at)
    missed = missed_in(keys, route)
    for run, learner in runs.order_by("pk").values_list("pk", "learner"):
        for objective, about in lessons.items():
            if about <= done[run].keys():
                day = shown_from(max(done[run][lesson] for lesson in about))
                yield Learned(objective, learner, day, any((run, lesson) in missed for lesson in about))


def lessons_of(route: Outline) -> dict[str, set[str]]:
    """Objective → the ids of the lessons that ask about it."""
    found: dict[str, set[str]] = defaultdict(set)
    for step in route.steps:
        for objective in step.objectives if step.check else ():
            found[objective].add(step.id)
    return found


def missed_in(runs: QuerySet, route: Outline) -> set[tuple[int, str]]:
    """(run, lesson) in whose check something was answered wrong; questions beside it do not count."""
    asked = {(step.id, question.id) for step in route.steps for question in step.check}
    wrong = Answer.objects.filter(enrollment__in=runs, is_right=False).order_by()
    answers = wrong.values_list("enrollment", "document__identifier", "question").distinct()
    return {(run, lesson) for run, lesson, question in answers if (lesson, question) in asked}
