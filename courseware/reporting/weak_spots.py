"""What the people of a team miss in the checks, objective by objective, whatever the reader has filtered by."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Max, QuerySet

from courseware.content.compiled.serving import Outline
from courseware.content.models import Course
from courseware.learning.models import Answer, Completion
from courseware.lib.dates import site_day
from courseware.lib.disclosure import shown_from
from courseware.lib.shares import AnonymousShare
from courseware.reporting.group_figures import Counted, GroupFigure, Subject

MOST_TEAMS, MOST_OBJECTIVES = 12, 8
LEVELS = 5  # of colour: 0 is nobody, or nearly


class WeakSpot(NamedTuple):
    """How many of the group missed something; None of too few."""

    share: AnonymousShare | None

    @property
    def level(self) -> int:
        return min(self.share.percent * LEVELS // 100, LEVELS - 1) if self.share else 0


class WeakObjective(NamedTuple):
    """`text` is HTML; a cell for each team; `questions` stand in the checks of the lessons about it."""

    text: str
    cells: list[WeakSpot]
    questions: int


@dataclass(frozen=True)
class WeakSpots:
    """`lines`: the weakest first."""

    teams: list[str]
    lines: list[WeakObjective]


def weak_spots(route: Outline, course: int, teams: Mapping[int, str]) -> WeakSpots:
    """Of these teams: a filter by one leaves out the others, and of none a part. Runs one query."""
    lessons = lessons_of(route)
    names = {subject_of_objective(objective, about): objective for objective, about in lessons.items()}
    found = GroupFigure.objects.filter(team__in=list(teams)).by_team(course, names)
    shares = {
        (names[subject], team): AnonymousShare(each.numbers["missed"], each.people)
        for (subject, team), each in found.items()
    }
    shown = sorted(teams_with_most(shares), key=lambda team: (teams[team], team))
    lines = {
        objective: [WeakSpot(shares.get((objective, team))) for team in shown]
        for objective in dict.fromkeys(objective for objective, team in shares if team in shown)
    }
    weakest = sorted(lines, key=lambda objective: (-weakness(lines[objective]), objective))[:MOST_OBJECTIVES]
    asked = {each: sum(len(route.step(lesson).check) for lesson in lessons[each]) for each in weakest}
    found_lines = [WeakObjective(route.objective(each), lines[each], asked[each]) for each in weakest]
    return WeakSpots([teams[team] for team in shown], found_lines)


def subject_of_objective(objective: str, lessons: Iterable[str]) -> Subject:
    return Subject(f"objective/{objective}", " ".join(sorted(lessons)))


def teams_with_most(shares: Mapping[tuple[str, int], AnonymousShare]) -> list[int]:
    people: Counter[int] = Counter()
    for (_objective, team), share in shares.items():
        people[team] = max(people[team], share.people)
    return [team for team, _number in people.most_common(MOST_TEAMS)]


def weakness(cells: Iterable[WeakSpot]) -> int:
    return max(cell.share.percent for cell in cells if cell.share)


def objectives_counted(course: Course, route: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Of each objective who has done all lessons about it, in the first run in which that was so, and whether something
    was missed there. Runs two queries for each objective."""
    for objective, lessons in lessons_of(route).items():
        missed = missed_in(course, route, lessons)
        people: dict[int, Counted] = {}
        for run, learner, at in runs_through(course, lessons):
            day = shown_from(site_day(at))
            people.setdefault(learner, Counted(learner, day, {"missed": int(run in missed)}))
        yield subject_of_objective(objective, lessons), list(people.values())


def runs_through(course: Course, lessons: Collection[str]) -> QuerySet:
    """(run, learner, when the last of these lessons was done), the first in front."""
    done = Completion.objects.filter(enrollment__course=course, document__identifier__in=lessons)
    runs = done.values("enrollment", "enrollment__learner").annotate(number=Count("pk"), last=Max("completed_at"))
    whole = runs.filter(number=len(lessons)).order_by("last", "enrollment")
    return whole.values_list("enrollment", "enrollment__learner", "last")


def lessons_of(route: Outline) -> dict[str, set[str]]:
    """Objective → the ids of the lessons that ask about it. An optional one is done by few, and not for that."""
    found: dict[str, set[str]] = defaultdict(set)
    for step in route.steps:
        for objective in step.objectives if step.check and not step.is_optional else ():
            found[objective].add(step.id)
    return found


def missed_in(course: Course, route: Outline, lessons: Collection[str]) -> set[int]:
    """Runs in which something was answered wrong in the checks of these lessons; questions beside them do not count."""
    checks = {step.id: step.check for step in route.steps if step.id in lessons}
    asked = {(lesson, each) for lesson, check in checks.items() for question in check for each in question.wordings}
    wrong = Answer.objects.filter(enrollment__course=course, document__identifier__in=lessons, is_right=False)
    answers = wrong.order_by().values_list("enrollment", "document__identifier", "question").distinct()
    return {run for run, lesson, question in answers if (lesson, question) in asked}
