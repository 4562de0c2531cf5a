"""Effects of a course by team. A group is a team without those below it, so groups do not overlap."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db.models import QuerySet

from courseware.assessment.exams.grading import Score, gain
from courseware.assessment.models import ExamAttempt
from courseware.assignments.models import FollowUpAnswers
from courseware.content.models import Course, Document
from courseware.content.rendering.store import Outline, PageData
from courseware.lib.dates import site_day
from courseware.lib.disclosure import shown_from
from courseware.lib.text.fractions_text import AnonymousShare, Share
from courseware.reporting.statistics.group_statistics import Counted, GroupStatistic, GroupStatisticQuerySet, Subject
from courseware.reporting.statistics.missed_objectives import MOST_TEAMS
from courseware.reporting.statistics.simulations import subject_of_endings
from courseware.reporting.statistics.surveys import QuestionResult, results_of, shapes_asked
from courseware.simulations.models import SimulationOutcome

Group = tuple[str, int]  # id of a simulation, key of a team


class Gained(NamedTuple):
    """`percent`: of the points missing at first; None if none were missing."""

    percent: int | None
    people: int


@dataclass(frozen=True)
class AskedLater:
    """A question: (answer as HTML, share for each team or None for too few people); texts of all teams."""

    title: str
    answers: list[tuple[str, list[Share | None]]]
    texts: list[str]


@dataclass(frozen=True)
class AfterCourse:
    """`teams` are (name, number of observations), `endings` (simulation, share that first ended green per team)."""

    teams: list[tuple[str, int]]
    gains: list[Gained | None]
    endings: list[tuple[str, list[Share | None]]]
    questions: list[AskedLater]


def course_outcomes(sheet: Document, page: PageData, route: Outline, teams: QuerySet, today: date) -> AfterCourse:
    """The teams with most observations shown. Runs at most five queries."""
    found = {team: results for team, results in observed_in(sheet, page, teams, today).items() if results[0]}
    most = sorted(found, key=lambda team: (-found[team][0], team))[:MOST_TEAMS]
    names = dict(teams.filter(pk__in=most).values_list("pk", "name"))
    shown = sorted(most, key=lambda team: (names[team], team))
    figures = GroupStatistic.objects.filter(team__in=shown)
    gains, endings = gains_in(figures, sheet.course_id, route), endings_in(figures, sheet.course_id, route)
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
    """Key of a team → number of observations, and the results. Runs two queries."""
    rows = FollowUpAnswers.objects.filter(sheet=sheet, team__in=teams.values("pk"))
    by_team = defaultdict(list)
    for team, *row in rows.order_by("pk").values_list("team", "shown_from", "pk", "release_id", "answers"):
        by_team[team].append(tuple(row))
    shapes = shapes_asked(sheet) if by_team else {}
    return {team: results_of(given, page, shapes, today) for team, given in by_team.items()}


def asked_later(results: Collection[QuestionResult]) -> AskedLater:
    first, *_others = results
    labels = next(([bar.label for bar in each.bars] for each in results if each.bars), [])
    answers = [
        (label, [each.bars[place].share if each.bars else None for each in results])
        for place, label in enumerate(labels)
    ]
    return AskedLater(first.title, answers, sorted(text for each in results for text in each.texts))


def gains_in(figures: GroupStatisticQuerySet, course: int, route: Outline) -> dict[int, Gained]:
    """Key of a team → the gain of its people together. Runs one query."""
    found = figures.by_team(course, [subject_of_gain(route)])
    return {team: Gained(gain_of(each.numbers), each.people) for (_subject, team), each in found.items()}


def gain_of(sums: Mapping[str, int]) -> int | None:
    return gain(Score(sums["before"], sums["most"]), Score(sums["after"], sums["most"]))


def subject_of_gain(route: Outline) -> Subject:
    return Subject(f"gain/{route.pre_check_id}")


def gains_counted(course: Course, route: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Gain of each learner in the first enrollment with both scores. Runs one query if the course has a pre-check."""
    if route.pre_check_id:
        people = [
            Counted(learner, day, {"before": before.points, "after": after.points, "most": before.max_points})
            for learner, day, before, after in starting_points_of(course, route)
        ]
        yield subject_of_gain(route), people


def starting_points_of(course: Course, route: Outline) -> Iterator[tuple[int, date, Score, Score]]:
    """(learner, first day on which figures may include it, score of the pre-check, score after the exam)."""
    taken = ExamAttempt.objects.filter(enrollment__course=course)
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


def endings_in(figures: GroupStatisticQuerySet, course: int, route: Outline) -> dict[Group, Share]:
    """(simulation, team) → share that ended green the first time. Runs one query."""
    played = {subject_of_endings(step.id): step.id for step in route.steps if step.kind == "simulation"}
    found = figures.by_team(course, played)
    green = f"colour:{SimulationOutcome.GREEN}"
    return {
        (played[subject], team): AnonymousShare(each.numbers[green], each.people)
        for (subject, team), each in found.items()
    }
