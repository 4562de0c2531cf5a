"""What the people of a team miss in lesson checks, by objective: as figures and as a drawing."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Max, QuerySet
from django.utils.text import Truncator

from courseware.content.models import Course
from courseware.content.rendering.store import Outline
from courseware.learning.models import Answer, Completion
from courseware.lib.dates import site_day
from courseware.lib.disclosure import shown_from
from courseware.lib.text.fractions_text import AnonymousShare
from courseware.reporting.statistics.group_statistics import Counted, GroupStatistic, Subject

MOST_TEAMS, MOST_OBJECTIVES = 12, 8
LEVELS = 5  # of colour; 0 is nobody or nearly


class MissedObjective(NamedTuple):
    """Share of the group that missed something; None for too few people."""

    share: AnonymousShare | None

    @property
    def level(self) -> int:
        return min(self.share.percent * LEVELS // 100, LEVELS - 1) if self.share else 0


class TeamObjective(NamedTuple):
    """`text` is HTML; a cell for each team; `questions`: their number in the checks about the objective."""

    text: str
    cells: list[MissedObjective]
    questions: int


@dataclass(frozen=True)
class MissedObjectives:
    """`lines`: the weakest first."""

    teams: list[str]
    lines: list[TeamObjective]


def missed_objectives_of(route: Outline, course: int, teams: Mapping[int, str]) -> MissedObjectives:
    """Weak objectives of these teams, each team whole. Runs one query."""
    lessons = lessons_of(route)
    names = {subject_of_objective(objective, about): objective for objective, about in lessons.items()}
    found = GroupStatistic.objects.filter(team__in=list(teams)).by_team(course, names)
    shares = {
        (names[subject], team): AnonymousShare(each.numbers["missed"], each.people)
        for (subject, team), each in found.items()
    }
    shown = sorted(teams_with_most(shares), key=lambda team: (teams[team], team))
    lines = {
        objective: [MissedObjective(shares.get((objective, team))) for team in shown]
        for objective in dict.fromkeys(objective for objective, team in shares if team in shown)
    }
    missed = {each: max(cell.share.percent for cell in cells if cell.share) for each, cells in lines.items()}
    weakest = sorted(lines, key=lambda objective: (-missed[objective], objective))[:MOST_OBJECTIVES]
    asked = {each: sum(len(route.step(lesson).check) for lesson in lessons[each]) for each in weakest}
    found_lines = [TeamObjective(route.objective(each), lines[each], asked[each]) for each in weakest]
    return MissedObjectives([teams[team] for team in shown], found_lines)


def subject_of_objective(objective: str, lessons: Iterable[str]) -> Subject:
    return Subject(f"objective/{objective}", " ".join(sorted(lessons)))


def teams_with_most(shares: Mapping[tuple[str, int], AnonymousShare]) -> list[int]:
    people: Counter[int] = Counter()
    for (_objective, team), share in shares.items():
        people[team] = max(people[team], share.people)
    return [team for team, _number in people.most_common(MOST_TEAMS)]


def objectives_counted(course: Course, route: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Learners who did all lessons about an objective, and whether they missed anything in the first enrollment with
    all of them. Runs two queries for each objective."""
    for objective, lessons in lessons_of(route).items():
        missed = missed_in(course, route, lessons)
        people: dict[int, Counted] = {}
        for run, learner, at in enrollments_through(course, lessons):
            day = shown_from(site_day(at))
            people.setdefault(learner, Counted(learner, day, {"missed": int(run in missed)}))
        yield subject_of_objective(objective, lessons), list(people.values())


def enrollments_through(course: Course, lessons: Collection[str]) -> QuerySet:
    """(enrollment, learner, time when all these lessons were done), in this order of time."""
    done = Completion.objects.filter(enrollment__course=course, document__identifier__in=lessons)
    runs = done.values("enrollment", "enrollment__learner").annotate(number=Count("pk"), last=Max("completed_at"))
    whole = runs.filter(number=len(lessons)).order_by("last", "enrollment")
    return whole.values_list("enrollment", "enrollment__learner", "last")


def lessons_of(route: Outline) -> dict[str, set[str]]:
    """Objective → ids of the lessons that ask about it, without optional ones."""
    found: dict[str, set[str]] = defaultdict(set)
    for step in route.steps:
        for objective in step.objectives if step.check and not step.is_optional else ():
            found[objective].add(step.id)
    return found


def missed_in(course: Course, route: Outline, lessons: Collection[str]) -> set[int]:
    """Enrollments with a wrong answer in the checks of these lessons."""
    checks = {step.id: step.check for step in route.steps if step.id in lessons}
    asked = {(lesson, each) for lesson, check in checks.items() for question in check for each in question.wordings}
    wrong = Answer.objects.filter(enrollment__course=course, document__identifier__in=lessons, is_right=False)
    answers = wrong.order_by().values_list("enrollment", "document__identifier", "question").distinct()
    return {run for run, lesson, question in answers if (lesson, question) in asked}


# The drawing, in its own units

SIDE, GAP = (60, 32), 2  # of a square, and around it
HEAD, ROWS_LABEL, SLANT = 76, 24, 70  # room above for team names, on the left for numbers, on the right for the last
LONGEST_NAME = 12


class Square(NamedTuple):
    """`words` stand in it at (`middle`, `base`); a dash for too few people."""

    x: int
    y: int
    level: int
    words: str

    @property
    def middle(self) -> int:
        return self.x + (SIDE[0] - GAP) // 2

    @property
    def base(self) -> int:
        return self.y + SIDE[1] // 2 + 4


@dataclass(frozen=True)
class HeatDrawing:
    """A square for each objective and team. Rows are numbered; the texts of the objectives stand beside the drawing."""

    spots: MissedObjectives

    square = (SIDE[0] - GAP, SIDE[1] - GAP)

    @property
    def width(self) -> int:
        return ROWS_LABEL + len(self.spots.teams) * SIDE[0] + SLANT

    @property
    def height(self) -> int:
        return HEAD + len(self.spots.lines) * SIDE[1]

    @property
    def columns(self) -> list[tuple[int, int, str]]:
        """(x, y, the team's name, cut where it is long)."""
        names = (Truncator(team).chars(LONGEST_NAME) for team in self.spots.teams)
        return [(ROWS_LABEL + number * SIDE[0] + SIDE[0] // 2, HEAD - 8, name) for number, name in enumerate(names)]

    @property
    def rows(self) -> list[tuple[int, list[Square]]]:
        """(y of the row's number, its squares)."""
        lines = ((HEAD + row * SIDE[1], line.cells) for row, line in enumerate(self.spots.lines))
        return [
            (y + SIDE[1] // 2 + 4, [square(column, y, cell) for column, cell in enumerate(cells)]) for y, cells in lines
        ]


def square(column: int, y: int, cell: MissedObjective) -> Square:
    return Square(ROWS_LABEL + column * SIDE[0], y, cell.level, cell.share.short if cell.share else "–")
