"""The question of the day: one a day about a missed or critical rule, in another wording.

From the day after a completion, out of all banks of the exam. Before it only by wish, about objectives the person has
answered questions on, and never from the exam's banks.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from courseware.accounts.calendar.absences import last_absence_day
from courseware.accounts.models import User, time_zones
from courseware.assessment.daily.objectives import DailyObjective, Variant, most_urgent, variant_of
from courseware.assessment.exams.banks import find_page
from courseware.assessment.exams.variant_rotation import QUARTER, SeenVariants, latest
from courseware.assessment.models import DailyQuestionAnswer, DailyQuestionPreference, PracticeAnswer, Response
from courseware.content.rendering import store
from courseware.content.rendering.paragraphs import without_sources
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.course_format.questions.question_types import Question
from courseware.learning.learner_context import PUBLISHED
from courseware.learning.models import Answer, Enrollment
from courseware.learning.status.not_asked import FILTERED_BY_PAGE, not_asked_reason
from courseware.learning.status.progress import track_of
from courseware.lib.db.compiled_query import CompiledQuery


class Met(NamedTuple):
    """A question that a person answered. `objective` is "" for one of a lesson, which has it."""

    enrollment: int
    document: str
    question: str
    objective: str
    is_right: bool
    at: datetime


@dataclass(frozen=True)
class AskedToday:
    """`number` - 1 is the count of tries that `question_rendering.order_of` shuffles by."""

    enrollment: Enrollment
    number: int
    rule: str
    page: PageData
    wording: Variant

    @property
    def question_id(self) -> str:
        return self.wording.question.id

    @property
    def question(self) -> Question:
        """As shown: without references to the sources of its lesson."""
        return self.wording.question.rewritten(without_sources)


@dataclass(frozen=True)
class DailyQuestion:
    """A question, or today's answer, or neither. `remembered`: number of rules answered right this month."""

    asked: AskedToday | None
    answered: DailyQuestionAnswer | None
    remembered: int
    next_on: date | None


def seen_by(learner: Any, since: Any) -> QuerySet[Any, Any]:
    """All misses, and what was met `since`; of an open run only by wish of its learner."""

    def rows(model: Any, run: str, at: str, document: str, objective: Any, **which: Any) -> QuerySet[Any, Any]:
        wants = Exists(DailyQuestionPreference.objects.filter(person=OuterRef(f"{run}__learner"), during_course=True))
        found = model.objects.filter(Q(is_right=False) | Q(**{f"{at}__gte": since}), is_right__isnull=False, **which)
        found = found.filter(wants | Q(**{f"{run}__completed_at__isnull": False}), **{f"{run}__learner": learner})
        return found.order_by().values_list(run, document, "question", objective, "is_right", at)

    responses = rows(
        Response,
        "attempt__enrollment",
        "attempt__started_at",
        "bank__identifier",
        "objective",
        attempt__submitted_at__isnull=False,
    )
    drills = rows(PracticeAnswer, "attempt__enrollment", "answered_at", "bank__identifier", "objective")
    answers = rows(Answer, "enrollment", "answered_at", "document__identifier", Value("", CharField()))
    return responses.union(drills, answers, all=True)


MET = CompiledQuery(seen_by)


def given_by(learner):
    """With `course` and `document_key`, oldest first."""
    keys = {"course": F("enrollment__course"), "document_key": F("document__identifier")}
    return (
        DailyQuestionAnswer.objects.filter(enrollment__learner=learner).annotate(**keys).defer("memory").order_by("pk")
    )


GIVEN = CompiledQuery(given_by)


def enrollments_of_person(person: User, at: datetime | None = None) -> list[Enrollment]:
    """The newest run in each course, as `daily_of` needs it. Runs three queries."""
    runs = {run.course_id: run for run in PUBLISHED(learner=person.pk)}.values()
    away_until, zone = last_absence_day(person, at), time_zones(learner=person.pk).first()
    for run in runs:
        run.learner, run.zone_name, run.away_until = person, zone, away_until
    return list(runs)


def daily_of(runs: Collection[Enrollment], language: str, at: datetime | None = None) -> DailyQuestion | None:
    """None if the person gets no question of the day. `runs`: the newest ones of one person. At most two queries."""
    at = at or timezone.now()
    asking = [run for run in runs if may_be_asked(run, at)]
    if not asking:
        return None
    learner, zone = asking[0].learner_id, asking[0].zone
    met = [Met(*row) for row in MET(learner=learner, since=at - QUARTER)]
    if not met and not any(run.completed_at for run in asking):
        return None
    given = GIVEN(learner=learner)
    today = at.astimezone(zone).date()
    rules = [(run, rule) for run in asking for rule in rules_of(run, language, met, given)]
    if not rules and not given:
        return None
    answered = next((each for each in given if each.day == today), None)
    return DailyQuestion(
        asked=None if answered else asked_of(rules, last_seen(met, given, at), given, today),
        answered=answered,
        remembered=remembered_in(given, today),
        next_on=next_day(rules, zone, today),
    )


def next_day(rules: Iterable[tuple[Enrollment, DailyObjective]], zone: tzinfo, today: date) -> date | None:
    """Tomorrow at the earliest; None without rules."""
    tomorrow = today + timedelta(days=1)
    return min((max(rule.due_on(zone) or tomorrow, tomorrow) for _run, rule in rules), default=None)


def may_be_asked(run: Enrollment, at: datetime) -> bool:
    # Questions of the day go on after the course is completed.
    if not_asked_reason(run, at, ignoring={*FILTERED_BY_PAGE, Enrollment.State.COMPLETED}):
        return False
    if run.completed_at:
        return run.completed_at.astimezone(run.zone).date() < at.astimezone(run.zone).date()
    return run.started_at is not None


def remembered_in(given: Iterable[DailyQuestionAnswer], today: date) -> int:
    first = today.replace(day=1)
    return len({(each.course, each.objective) for each in given if each.is_right and first <= each.day <= today})


def asked_of(
    rules: Collection[tuple[Enrollment, DailyObjective]],
    met: SeenVariants,
    given: Collection[DailyQuestionAnswer],
    today: date,
) -> AskedToday | None:
    due = {id(rule): run for run, rule in rules if rule.is_due(today, run.zone)}
    if not due:
        return None
    rule = most_urgent([rule for _run, rule in rules if id(rule) in due], met)
    run = due[id(rule)]
    number = 1 + sum(each.enrollment_id == run.pk for each in given)
    wording = variant_of(rule, met, f"{run.pk}:{number}")
    return AskedToday(run, number, rule.id, wording.page, wording)


def last_seen(met: Iterable[Met], given: Iterable[DailyQuestionAnswer], at: datetime) -> SeenVariants:
    return latest(
        [*((each.question, each.at) for each in met), *((each.question, each.answered_at) for each in given)], at
    )


def rules_of(
    run: Enrollment, language: str, met: Iterable[Met], given: Iterable[DailyQuestionAnswer]
) -> Iterator[DailyObjective]:
    """In the order of the course, of rules that it still has."""
    outline = store.outline(run.release, language)
    own = [(each, objective_of(each, run, language)) for each in met if each.enrollment == run.pk]
    missed = missed_by_objective(own)
    wordings = variants_of(run, outline, {each.document for each, _objective in own})
    wanted = missed.keys() | critical_rules(run, outline)
    if not run.completed_at:
        wanted &= {objective for _each, objective in own}
    due = due_dates_in(run.course_id, given)
    for objective in in_order_of(outline, wanted):
        if found := tuple(each for each in wordings if each.question.objective == objective):
            families = families_of(found, missed[objective])
            yield DailyObjective(objective, found, families, due.get(objective))


def in_order_of(outline: Outline, objectives: Collection[str]) -> list[str]:
    return [each for module in outline.modules for each in module.objectives if each in objectives]


def due_dates_in(course: int, given: Iterable[DailyQuestionAnswer]) -> dict[str, datetime]:
    """Objective → when it is asked again."""
    return {each.objective: each.due_at for each in given if each.course == course}


def missed_by_objective(own: Iterable[tuple[Met, str]]) -> defaultdict[str, set[str]]:
    """Objective → ids of its questions that were answered wrongly."""
    missed: defaultdict[str, set[str]] = defaultdict(set)
    for each, objective in own:
        if not each.is_right:
            missed[objective].add(each.question)
    return missed


def families_of(wordings: Iterable[Variant], questions: Collection[str]) -> frozenset[str]:
    """Of the wordings whose question is among these ids."""
    return frozenset(each.question.family for each in wordings if each.question.id in questions)


def objective_of(met: Met, run: Enrollment, language: str) -> str:
    """ "" if the lesson no longer has the question."""
    if met.objective:
        return met.objective
    page = find_page(run.release, met.document, language)
    return page.questions[met.question].objective if page and met.question in page.questions else ""


def asks_in(lesson: Step, run: Enrollment, seen: Collection[str]) -> bool:
    return lesson.id in seen or (bool(run.completed_at) and not lesson.is_optional)


def is_for_one_press(question: Question, track: str) -> bool:
    return bool(question.kind == "one" and question.objective and question.stem and question.is_for(track))


def variants_of(run: Enrollment, outline: Outline, seen: Collection[str]) -> list[Variant]:
    """Questions with one choice and a text of their own: of banks and lessons; of an open run only the drill's and
    those of the lessons `seen`.
    """
    lessons = [step.id for step in outline.steps if step.kind == "lesson" and asks_in(step, run, seen)]
    track, found = track_of(run, outline), []
    for identifier in dict.fromkeys([*banks_of(run, outline), *lessons]):
        page = find_page(run.release, identifier, outline.language)
        for question in page.questions.values() if page else ():
            if is_for_one_press(question, track):
                found.append(Variant(page, question))  # type: ignore[arg-type]  # without a page there is no question
    return found


def banks_of(run: Enrollment, outline: Outline) -> list[str]:
    """Without those of the pre-check, whose parallel questions compare before and after."""
    exam = exam_of(run, outline)
    if exam is None:
        return []
    drill = exam.data["critical_drill"]
    drawn = [stratum["bank"] for stratum in exam.data["strata"]] if run.completed_at else []
    return [*([drill["bank"]] if drill else []), *drawn]


def critical_rules(run: Enrollment, outline: Outline) -> set[str]:
    """Objectives that the exam draws critical questions on."""
    exam = exam_of(run, outline)
    strata = exam.data["strata"] if exam else ()
    return {objective for stratum in strata for slot in stratum["critical"] for objective in slot}


def exam_of(run: Enrollment, outline: Outline) -> PageData | None:
    return find_page(run.release, outline.exam_id, outline.language) if outline.exam_id else None
