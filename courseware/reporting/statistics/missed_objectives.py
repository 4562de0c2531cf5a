"""Most-missed objectives in lesson checks by team: statistics and heat map."""

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
LEVELS = 5  # of color; 0: nearly nobody


class MissedObjective(NamedTuple):
    """Share of a team that missed a check question of the objective; None for too few people."""

    share: AnonymousShare | None

    @property
    def level(self) -> int:
        return min(self.share.percent * LEVELS // 100, LEVELS - 1) if self.share else 0


class TeamObjective(NamedTuple):
    """An objective: `text` as HTML, a cell for each team, number of check `questions` about it."""

    text: str
    cells: list[MissedObjective]
    questions: int


@dataclass(frozen=True)
class MissedObjectives:
    """Team names, and objectives, most missed first."""

    teams: list[str]
    lines: list[TeamObjective]


def missed_objectives_of(outline: Outline, course: int, teams: Mapping[int, str]) -> MissedObjectives:
    """Return the MOST_OBJECTIVES objectives missed most in any of `teams` (up to MOST_TEAMS with most people).
    `course`: id; `teams`: id → name, which the caller has checked that the user may see. Runs 1 query.
    """
    lessons = lessons_of(outline)
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
    asked = {each: sum(len(outline.step(lesson).check) for lesson in lessons[each]) for each in weakest}
    found_lines = [TeamObjective(outline.objective(each), lines[each], asked[each]) for each in weakest]
    return MissedObjectives([teams[team] for team in shown], found_lines)


def subject_of_objective(objective: str, lessons: Iterable[str]) -> Subject:
    return Subject(f"objective/{objective}", " ".join(sorted(lessons)))


def teams_with_most(shares: Mapping[tuple[str, int], AnonymousShare]) -> list[int]:
    """Return ids of up to MOST_TEAMS teams, largest group first. `shares`: (objective id, team id) → share."""
    people: Counter[int] = Counter()
    for (_objective, team), share in shares.items():
        people[team] = max(people[team], share.people)
    return [team for team, _number in people.most_common(MOST_TEAMS)]


def objectives_counted(course: Course, outline: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Yield (subject of an objective, learners who completed all its lessons in one enrollment, with the number
    "missed": 1 or 0). `outline`: of `course`. Runs 2 queries per objective.
    """
    for objective, lessons in lessons_of(outline).items():
        missed = missed_in(course, outline, lessons)
        people: dict[int, Counted] = {}
        for enrollment, learner, at in enrollments_through(course, lessons):
            day = shown_from(site_day(at))
            people.setdefault(learner, Counted(learner, day, {"missed": int(enrollment in missed)}))
        yield subject_of_objective(objective, lessons), list(people.values())


def enrollments_through(course: Course, lessons: Collection[str]) -> QuerySet:
    """Return rows (enrollment id, learner id, time when all `lessons`, different ids, were completed), by time."""
    done = Completion.objects.filter(enrollment__course=course, document__identifier__in=lessons)
    found = done.values("enrollment", "enrollment__learner").annotate(number=Count("pk"), last=Max("completed_at"))
    whole = found.filter(number=len(lessons)).order_by("last", "enrollment")
    return whole.values_list("enrollment", "enrollment__learner", "last")


def lessons_of(outline: Outline) -> dict[str, set[str]]:
    """Return objective id → ids of the lessons that have the objective and a check and are not optional."""
    found: dict[str, set[str]] = defaultdict(set)
    for step in outline.steps:
        for objective in step.objectives if step.check and not step.is_optional else ():
            found[objective].add(step.id)
    return found


def missed_in(course: Course, outline: Outline, lessons: Collection[str]) -> set[int]:
    """Return ids of enrollments with a wrong answer to a question of `outline` in these lessons (ids). Runs 1 query."""
    checks = {step.id: step.check for step in outline.steps if step.id in lessons}
    asked = {(lesson, each) for lesson, check in checks.items() for question in check for each in question.wordings}
    wrong = Answer.objects.filter(enrollment__course=course, document__identifier__in=lessons, is_right=False)
    answers = wrong.order_by().values_list("enrollment", "document__identifier", "question").distinct()
    return {enrollment for enrollment, lesson, question in answers if (lesson, question) in asked}


# Heat map, in drawing units

SIDE, GAP = (60, 32), 2  # of a square, and between squares
HEAD, ROWS_LABEL, SLANT = 76, 24, 70  # space for team names, row numbers, the last team name
LONGEST_NAME = 12


class Square(NamedTuple):
    """A cell. Its text `words` is at (`middle`, `base`); a dash for too few people."""

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
    """Heat map: a square for each objective and team. The page lists the objectives by row number."""

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
        """(x, y, team name cut to LONGEST_NAME)."""
        names = (Truncator(team).chars(LONGEST_NAME) for team in self.spots.teams)
        return [(ROWS_LABEL + number * SIDE[0] + SIDE[0] // 2, HEAD - 8, name) for number, name in enumerate(names)]

    @property
    def rows(self) -> list[tuple[int, list[Square]]]:
        """(y of the row number, squares)."""
        lines = ((HEAD + row * SIDE[1], line.cells) for row, line in enumerate(self.spots.lines))
        return [
            (y + SIDE[1] // 2 + 4, [square(column, y, cell) for column, cell in enumerate(cells)]) for y, cells in lines
        ]


def square(column: int, y: int, cell: MissedObjective) -> Square:
    return Square(ROWS_LABEL + column * SIDE[0], y, cell.level, cell.share.short if cell.share else "–")
