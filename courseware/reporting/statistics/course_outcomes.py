"""Course outcomes by team: improvement, first simulations and follow-ups. Teams do not include teams below."""

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

Group = tuple[str, int]  # simulation id, team id


class Gained(NamedTuple):
    """Improvement of a group. `percent`: of the points missing in the pre-test; None if none were missing."""

    percent: int | None
    people: int


@dataclass(frozen=True)
class AskedLater:
    """A follow-up question. `answers`: (HTML, share per team or None for too few people); `texts`: of all teams."""

    title: str
    answers: list[tuple[str, list[Share | None]]]
    texts: list[str]


@dataclass(frozen=True)
class AfterCourse:
    """Outcomes per team. `teams`: (name, follow-ups); `endings`: (simulation, share without harm per team)."""

    teams: list[tuple[str, int]]
    gains: list[Gained | None]
    endings: list[tuple[str, list[Share | None]]]
    questions: list[AskedLater]


def course_outcomes(survey: Document, page: PageData, outline: Outline, teams: QuerySet, today: date) -> AfterCourse:
    """Return the outcomes of up to MOST_TEAMS of `teams` (a queryset of Team), those with the most follow-ups, as of
    `today`. `survey`: a follow-up survey; `page`: its page; `outline`: of its course. Runs up to 5 queries.
    """
    found = {team: results for team, results in results_by_team(survey, page, teams, today).items() if results[0]}
    most = sorted(found, key=lambda team: (-found[team][0], team))[:MOST_TEAMS]
    names = dict(teams.filter(pk__in=most).values_list("pk", "name"))
    shown = sorted(most, key=lambda team: (names[team], team))
    statistics = GroupStatistic.objects.filter(team__in=shown)
    gains, endings = gains_in(statistics, survey.course_id, outline), endings_in(statistics, survey.course_id, outline)
    simulations = [step for step in outline.steps if step.kind == "simulation"]
    return AfterCourse(
        teams=[(names[team], found[team][0]) for team in shown],
        gains=[gains.get(team) for team in shown],
        endings=[(step.title, [endings.get((step.id, team)) for team in shown]) for step in simulations],
        questions=[asked_later(results) for results in zip(*(found[team][1] for team in shown), strict=True)],
    )


def results_by_team(
    survey: Document, page: PageData, teams: QuerySet, today: date
) -> dict[int, tuple[int, list[QuestionResult]]]:
    """Return team id → (number of answered follow-ups, result per question), or (0, []) for too few by `today`. Teams
    without any are missing. `page`: of `survey`; `teams`: a queryset of Team. Runs up to 2 queries.
    """
    rows = FollowUpAnswers.objects.filter(survey=survey, team__in=teams.values("pk"))
    by_team = defaultdict(list)
    for team, *row in rows.order_by("pk").values_list("team", "shown_from", "pk", "release_id", "answers"):
        by_team[team].append(tuple(row))
    shapes = shapes_asked(survey) if by_team else {}
    return {team: results_of(given, page, shapes, today) for team, given in by_team.items()}


def asked_later(results: Collection[QuestionResult]) -> AskedLater:
    """Combine the results of one question, one for each team shown and at least one."""
    first, *_others = results
    labels = next(([bar.label for bar in each.bars] for each in results if each.bars), [])
    answers = [
        (label, [each.bars[position].share if each.bars else None for each in results])
        for position, label in enumerate(labels)
    ]
    return AskedLater(first.title, answers, sorted(text for each in results for text in each.texts))


def gains_in(statistics: GroupStatisticQuerySet, course: int, outline: Outline) -> dict[int, Gained]:
    """Return team id → improvement of the people counted with the team, if any. `course`: id. Runs 1 query."""
    found = statistics.by_team(course, [subject_of_gain(outline)])
    return {team: Gained(gain_of(each.numbers), each.people) for (_subject, team), each in found.items()}


def gain_of(sums: Mapping[str, int]) -> int | None:
    """Return the improvement in percent, see `Gained`. `sums`: a group's points; keys "before", "after", "most"."""
    return gain(Score(sums["before"], sums["most"]), Score(sums["after"], sums["most"]))


def subject_of_gain(outline: Outline) -> Subject:
    return Subject(f"gain/{outline.pre_check_id}")


def gains_counted(course: Course, outline: Outline) -> Iterator[tuple[Subject, list[Counted]]]:
    """Yield one (subject, learners with their points "before", "after", "most"), see `starting_points_of`; nothing if
    the course has no pre-test. `outline`: of `course`. Runs 1 query.
    """
    if outline.pre_check_id:
        people = [
            Counted(learner, day, {"before": before.points, "after": after.points, "most": before.max_points})
            for learner, day, before, after in starting_points_of(course, outline)
        ]
        yield subject_of_gain(outline), people


def starting_points_of(course: Course, outline: Outline) -> Iterator[tuple[int, date, Score, Score]]:
    """Yield (learner id, first day on which statistics may include the scores, pre-test score, post-test score), once
    per learner: for the first post-test with as many possible points as the pre-test of the same enrollment.
    """
    taken = ExamAttempt.objects.filter(enrollment__course=course)
    taken = taken.filter(exam__identifier=outline.pre_check_id, pass_mark=None, number__in=(1, 2))
    columns = ("enrollment__learner", "enrollment", "number", "submitted_at", "points", "max_points")
    before: dict[int, Score] = {}
    counted = set()
    for learner, enrollment, number, at, points, most in (
        taken.exclude(submitted_at=None).order_by("submitted_at", "pk").values_list(*columns)
    ):
        if number == 1:
            before[enrollment] = Score(points, most)
        elif enrollment in before and learner not in counted and before[enrollment].max_points == most:
            counted.add(learner)
            yield learner, shown_from(site_day(at)), before[enrollment], Score(points, most)


def endings_in(statistics: GroupStatisticQuerySet, course: int, outline: Outline) -> dict[Group, Share]:
    """Return (simulation id, team id) → share of people whose first attempt did no harm. `course`: id. Runs 1 query."""
    played = {subject_of_endings(step.id): step.id for step in outline.steps if step.kind == "simulation"}
    found = statistics.by_team(course, played)
    green = f"colour:{SimulationOutcome.GREEN}"
    return {
        (played[subject], team): AnonymousShare(each.numbers[green], each.people)
        for (subject, team), each in found.items()
    }
