"""What stayed of a course, team by team: what was gained, how simulations ended, what leads saw some days later.

Figures about a group, as in `lib.disclosure`. A group is who learns in a team itself, whatever the reader may see
beside it: so no two groups lie in one another, and nobody stands out by the difference.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet

from courseware.accounts.models import Membership
from courseware.assessment.grading import Score, gain
from courseware.assessment.models import Attempt
from courseware.assignments.observations import ObservationAnswers
from courseware.content.compiled.serving import Outline, PageData
from courseware.content.models import Document
from courseware.lib.dates import site_day
from courseware.lib.disclosure import disclosed, shown_from
from courseware.reporting.shares import Share
from courseware.reporting.survey_statistics import QuestionResult, results_of, shapes_asked
from courseware.reporting.weak_spots import MOST_TEAMS
from courseware.simulations.models import Colour, Run

Group = tuple[str, int]  # id of a simulation, key of a team


class Gained(NamedTuple):
    """`percent` of the points that all of them were missing at first; None if nothing could be gained."""

    percent: int | None
    people: int


@dataclass(frozen=True)
class AskedLater:
    """A question: (answer as HTML, a share for each team, or None of too few); texts of all teams."""

    title: str
    answers: list[tuple[str, list[Share | None]]]
    texts: list[str]


@dataclass(frozen=True)
class AfterCourse:
    """`teams` are (name, how many sheets the figures are about); all else has a cell for each of them.

    `endings` are (title of a simulation, how many ended green the first time).
    """

    teams: list[tuple[str, int]]
    gains: list[Gained | None]
    endings: list[tuple[str, list[Share | None]]]
    questions: list[AskedLater]


def after_course(sheet: Document, page: PageData, route: Outline, teams: QuerySet, today: date) -> AfterCourse:
    """Of those of `teams` about which most sheets are shown. Runs seven queries at most."""
    found = {team: results for team, results in observed_in(sheet, page, teams, today).items() if results[0]}
    most = sorted(found, key=lambda team: (-found[team][0], team))[:MOST_TEAMS]
    names = dict(teams.filter(pk__in=most).values_list("pk", "name"))
    shown = sorted(most, key=lambda team: (names[team], team))
    people = learners_by_team(shown)
    gains, endings = gains_in(people, route, today), endings_in(people, sheet.course_id, today)
    simulations = [step for step in route.steps if step.kind == "simulation"]
    return AfterCourse(
        teams=[(names[team], found[team][0]) for team in shown],
        gains=[gains.get(team) for team in shown],
        endings=[(step.title, [endings.get((step.id, team)) for team in shown]) for step in simulations],
        questions=[asked_later(results) for results in zip(*(found[team][1] for team in shown), strict=True)],
    )


def observed_in(
    sheet: Document, page: PageData, teams: QuerySet, today: date
) -> dict[int, tuple[int, list[QuestionResult]]]:
    """Key of a team → number of sheets, and the results. Runs two queries."""
    rows = ObservationAnswers.objects.filter(sheet=sheet, team__in=teams.values("pk"))
    by_team = defaultdict(list)
    for team, *row in rows.order_by("pk").values_list("team", "shown_from", "pk", "release_id", "answers"):
        by_team[team].append(tuple(row))
    shapes = shapes_asked(sheet) if by_team else {}
    return {team: results_of(given, page, shapes, today) for team, given in by_team.items()}


def asked_later(results: Collection[QuestionResult]) -> AskedLater:
    """One question, of each team."""
    first, *_others = results
    labels = next(([bar.label for bar in each.bars] for each in results if each.bars), [])
    answers = [
        (label, [each.bars[place].share if each.bars else None for each in results])
        for place, label in enumerate(labels)
    ]
    return AskedLater(first.title, answers, sorted(text for each in results for text in each.texts))


def learners_by_team(teams: Collection[int]) -> dict[int, list[int]]:
    """Key of a learner → the own teams among these. Runs one query."""
    found = defaultdict(list)
    places = Membership.objects.filter(team__in=teams, role=Membership.Role.LEARNER).order_by("pk")
    for person, team in places.values_list("person", "team"):
        found[person].append(team)
    return found


def gains_in(people: Mapping[int, list[int]], route: Outline, today: date) -> dict[int, Gained]:
    """Key of a team → what its people gained together, each in the first run with both scores. Runs one query."""
    by_team = defaultdict(list)
    for learner, day, before, after in starting_points_of(people, route):
        for team in people[learner]:
            by_team[team].append((day, (before, after)))
    found = {}
    for team, scores in by_team.items():
        if pairs := disclosed(scores, today):
            befores, afters = (summed(scores) for scores in zip(*pairs, strict=True))
            found[team] = Gained(gain(befores, afters), len(pairs))
    return found


def summed(scores: Collection[Score]) -> Score:
    return Score(sum(score.points for score in scores), sum(score.max_points for score in scores))


def starting_points_of(people: Collection[int], route: Outline) -> Iterator[tuple[int, date, Score, Score]]:
    """(learner, first day on which figures may hold it, score of the pre-check, score of its parallel questions)."""
    taken = Attempt.objects.filter(enrollment__learner__in=list(people), enrollment__course__identifier=route.course_id)
    taken = taken.filter(exam__identifier=route.pre_check_id, pass_mark=None, number__in=(1, 2))
    columns = ("enrollment__learner", "enrollment", "number", "submitted_at", "points", "max_points")
    before: dict[int, Score] = {}
    told = set()
    for learner, run, number, at, points, most in (
        taken.exclude(submitted_at=None).order_by("submitted_at", "pk").values_list(*columns)
    ):
        if number == 1:
            before[run] = Score(points, most)
        elif run in before and learner not in told and before[run].max_points == most:
            told.add(learner)
            yield learner, shown_from(site_day(at)), before[run], Score(points, most)


def endings_in(people: Mapping[int, list[int]], course: int, today: date) -> dict[Group, Share]:
    """(simulation, team) → how many ended green the first time. Runs one query."""
    runs = Run.objects.on_record().finished().filter(enrollment__learner__in=list(people), simulation__course=course)
    columns = ("simulation__identifier", "enrollment__learner", "finished_at", "colour")
    firsts: dict[tuple[str, int], tuple[date, str]] = {}
    for simulation, learner, at, colour in runs.order_by("finished_at", "pk").values_list(*columns):
        firsts.setdefault((simulation, learner), (shown_from(site_day(at)), colour))
    groups = defaultdict(list)
    for (simulation, learner), first in firsts.items():
        for team in people[learner]:
            groups[simulation, team].append(first)
    colours = {group: Counter(disclosed(firsts, today)) for group, firsts in groups.items()}
    return {group: Share(each[Colour.GREEN], each.total()) for group, each in colours.items() if each}
