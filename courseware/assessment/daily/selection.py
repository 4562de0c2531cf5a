"""Select the daily question: one a day on a missed objective or must-know rule, in changing variants. During the course
it is opt-in, on objectives with answered questions, and never from the banks of the exam.
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
from courseware.learning.status.progress import job_role_of
from courseware.lib.db.compiled_query import CompiledQuery


class AnsweredQuestion(NamedTuple):
    """A question that a person answered. `enrollment`: id; `document`: identifier; `objective`: "" if of a lesson."""

    enrollment: int
    document: str
    question: str
    objective: str
    is_right: bool
    at: datetime


@dataclass(frozen=True)
class AskedToday:
    """Today's question. `number`: from 1 in the enrollment; `order_of` shuffles by number - 1; `rule`: objective id."""

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
        """The question as shown: without references to sources."""
        return self.wording.question.rewritten(without_sources)


@dataclass(frozen=True)
class DailyQuestion:
    """A question, or today's answer, or neither until `next_on`. `remembered`: see `remembered_in`."""

    asked: AskedToday | None
    answered: DailyQuestionAnswer | None
    remembered: int
    next_on: date | None


def seen_by(learner: Any, since: Any) -> QuerySet[Any, Any]:
    """Return AnsweredQuestion rows of `learner` (id): answers that are wrong or given since `since`; of courses not
    completed only if the learner opted in.
    """

    def rows(model: Any, path: str, at: str, document: str, objective: Any, **which: Any) -> QuerySet[Any, Any]:
        wants = Exists(DailyQuestionPreference.objects.filter(person=OuterRef(f"{path}__learner"), during_course=True))
        found = model.objects.filter(Q(is_right=False) | Q(**{f"{at}__gte": since}), is_right__isnull=False, **which)
        found = found.filter(wants | Q(**{f"{path}__completed_at__isnull": False}), **{f"{path}__learner": learner})
        return found.order_by().values_list(path, document, "question", objective, "is_right", at)

    responses = rows(
        Response,
        "attempt__enrollment",
        "attempt__started_at",
        "bank__identifier",
        "objective",
        attempt__submitted_at__isnull=False,
    )
    practice = rows(PracticeAnswer, "attempt__enrollment", "answered_at", "bank__identifier", "objective")
    answers = rows(Answer, "enrollment", "answered_at", "document__identifier", Value("", CharField()))
    return responses.union(practice, answers, all=True)


MET = CompiledQuery(seen_by)


def given_by(learner):
    """Return daily answers of `learner` (id), oldest first, with `course` (id) and `document_key` (identifier)."""
    keys = {"course": F("enrollment__course"), "document_key": F("document__identifier")}
    return (
        DailyQuestionAnswer.objects.filter(enrollment__learner=learner).annotate(**keys).defer("memory").order_by("pk")
    )


GIVEN = CompiledQuery(given_by)


def enrollments_of_person(person: User, at: datetime | None = None) -> list[Enrollment]:
    """Return newest enrollments in published courses, prepared for `daily_of`. `at`: of absences. Three queries."""
    enrollments = {enrollment.course_id: enrollment for enrollment in PUBLISHED(learner=person.pk)}.values()
    away_until, zone = last_absence_day(person, at), time_zones(learner=person.pk).first()
    for enrollment in enrollments:
        enrollment.learner, enrollment.zone_name, enrollment.away_until = person, zone, away_until
    return list(enrollments)


def daily_of(enrollments: Collection[Enrollment], language: str, at: datetime | None = None) -> DailyQuestion | None:
    """Return today's question, or the answer, or neither until `next_on`; None if no enrollment may be asked about, or
    there is no objective and no earlier answer. `enrollments`: from `enrollments_of_person`.
    """
    at = at or timezone.now()
    eligible = [enrollment for enrollment in enrollments if may_be_asked(enrollment, at)]
    if not eligible:
        return None
    learner, zone = eligible[0].learner_id, eligible[0].zone
    seen = [AnsweredQuestion(*row) for row in MET(learner=learner, since=at - QUARTER)]
    if not seen and not any(enrollment.completed_at for enrollment in eligible):
        return None
    given = GIVEN(learner=learner)
    today = at.astimezone(zone).date()
    objectives = [
        (enrollment, objective) for enrollment in eligible for objective in rules_of(enrollment, language, seen, given)
    ]
    if not objectives and not given:
        return None
    answered = next((each for each in given if each.day == today), None)
    return DailyQuestion(
        asked=None if answered else asked_of(objectives, last_seen(seen, given, at), given, today),
        answered=answered,
        remembered=remembered_in(given, today),
        next_on=next_day(objectives, zone, today),
    )


def next_day(objectives: Iterable[tuple[Enrollment, DailyObjective]], zone: tzinfo, today: date) -> date | None:
    """Return the day of the next question, tomorrow at the earliest; None without objectives."""
    tomorrow = today + timedelta(days=1)
    return min((max(objective.due_on(zone) or tomorrow, tomorrow) for _run, objective in objectives), default=None)


def may_be_asked(enrollment: Enrollment, at: datetime) -> bool:
    # Daily questions continue after the course is completed.
    if not_asked_reason(enrollment, at, ignoring={*FILTERED_BY_PAGE, Enrollment.State.COMPLETED}):
        return False
    if enrollment.completed_at:
        return enrollment.completed_at.astimezone(enrollment.zone).date() < at.astimezone(enrollment.zone).date()
    return enrollment.started_at is not None


def remembered_in(given: Iterable[DailyQuestionAnswer], today: date) -> int:
    """Return the number of objectives answered right from the first day of the month to `today`."""
    first = today.replace(day=1)
    return len({(each.course, each.objective) for each in given if each.is_right and first <= each.day <= today})


def asked_of(
    objectives: Collection[tuple[Enrollment, DailyObjective]],
    seen: SeenVariants,
    given: Collection[DailyQuestionAnswer],
    today: date,
) -> AskedToday | None:
    """Return the question for `today`; None if no objective is due. `given`: all daily answers of the person."""
    due = {
        id(objective): enrollment for enrollment, objective in objectives if objective.is_due(today, enrollment.zone)
    }
    if not due:
        return None
    objective = most_urgent([objective for _run, objective in objectives if id(objective) in due], seen)
    enrollment = due[id(objective)]
    number = 1 + sum(each.enrollment_id == enrollment.pk for each in given)
    variant = variant_of(objective, seen, f"{enrollment.pk}:{number}")
    return AskedToday(enrollment, number, objective.id, variant.page, variant)


def last_seen(met: Iterable[AnsweredQuestion], given: Iterable[DailyQuestionAnswer], at: datetime) -> SeenVariants:
    return latest(
        [*((each.question, each.at) for each in met), *((each.question, each.answered_at) for each in given)], at
    )


def rules_of(
    enrollment: Enrollment, language: str, met: Iterable[AnsweredQuestion], given: Iterable[DailyQuestionAnswer]
) -> Iterator[DailyObjective]:
    """Yield missed and must-know objectives in course order; before completion only those with answered questions.
    `met`, `given`: answers of the learner from MET and GIVEN, also of other courses.
    """
    outline = store.outline(enrollment.release, language)
    own = [(each, objective_of(each, enrollment, language)) for each in met if each.enrollment == enrollment.pk]
    missed = missed_by_objective(own)
    variants = variants_of(enrollment, outline, {each.document for each, _objective in own})
    wanted = missed.keys() | critical_rules(enrollment, outline)
    if not enrollment.completed_at:
        wanted &= {objective for _each, objective in own}
    due_dates = due_dates_in(enrollment.course_id, given)
    for objective in in_order_of(outline, wanted):
        if found := tuple(each for each in variants if each.question.objective == objective):
            families = families_of(found, missed[objective])
            yield DailyObjective(objective, found, families, due_dates.get(objective))


def in_order_of(outline: Outline, objectives: Collection[str]) -> list[str]:
    return [each for module in outline.modules for each in module.objectives if each in objectives]


def due_dates_in(course: int, given: Iterable[DailyQuestionAnswer]) -> dict[str, datetime]:
    """Return objective id → when it is due again in the course (an id). `given`: oldest first."""
    return {each.objective: each.due_at for each in given if each.course == course}


def missed_by_objective(own: Iterable[tuple[AnsweredQuestion, str]]) -> defaultdict[str, set[str]]:
    """Return objective id → ids of its questions answered wrong. `own`: (answered question, objective id)."""
    missed: defaultdict[str, set[str]] = defaultdict(set)
    for each, objective in own:
        if not each.is_right:
            missed[objective].add(each.question)
    return missed


def families_of(variants: Iterable[Variant], questions: Collection[str]) -> frozenset[str]:
    """Return the variant groups of the variants whose question id is among `questions`."""
    return frozenset(each.question.family for each in variants if each.question.id in questions)


def objective_of(met: AnsweredQuestion, enrollment: Enrollment, language: str) -> str:
    """Return the objective id; "" if the lesson no longer has the question, or the question has none."""
    if met.objective:
        return met.objective
    page = find_page(enrollment.release, met.document, language)
    return page.questions[met.question].objective if page and met.question in page.questions else ""


def asks_in(lesson: Step, enrollment: Enrollment, seen: Collection[str]) -> bool:
    """Return whether to ask from a lesson: it is among `seen` (ids), or required in a completed course."""
    return lesson.id in seen or (bool(enrollment.completed_at) and not lesson.is_optional)


def is_for_one_press(question: Question, job_role: str) -> bool:
    """Return whether one button can answer the question: single choice, with own text, for the job role."""
    return bool(question.kind == "one" and question.objective and question.stem and question.is_for(job_role))


def variants_of(enrollment: Enrollment, outline: Outline, seen: Collection[str]) -> list[Variant]:
    """Return single-choice questions of banks and lessons. Before completion only of the practice bank and of the
    lessons `seen` (ids).
    """
    lessons = [step.id for step in outline.steps if step.kind == "lesson" and asks_in(step, enrollment, seen)]
    job_role, found = job_role_of(enrollment, outline), []
    for identifier in dict.fromkeys([*banks_of(enrollment, outline), *lessons]):
        page = find_page(enrollment.release, identifier, outline.language)
        if page:
            found += [Variant(page, each) for each in page.questions.values() if is_for_one_press(each, job_role)]
    return found


def banks_of(enrollment: Enrollment, outline: Outline) -> list[str]:
    """Return ids of the practice bank and, after completion, of the exam's banks. Pre-test banks are left out."""
    exam = exam_of(enrollment, outline)
    if exam is None:
        return []
    practice_set = exam.data["critical_drill"]
    drawn = [section["bank"] for section in exam.data["strata"]] if enrollment.completed_at else []
    return [*([practice_set["bank"]] if practice_set else []), *drawn]


def critical_rules(enrollment: Enrollment, outline: Outline) -> set[str]:
    """Return ids of objectives that the exam draws must-know questions on."""
    exam = exam_of(enrollment, outline)
    sections = exam.data["strata"] if exam else ()
    return {objective for section in sections for slot in section["critical"] for objective in slot}


def exam_of(enrollment: Enrollment, outline: Outline) -> PageData | None:
    return find_page(enrollment.release, outline.exam_id, outline.language) if outline.exam_id else None
