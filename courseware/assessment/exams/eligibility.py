"""Eligibility: whether an exam attempt may be started now, and if not, why and from when."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, F, QuerySet, Value
from django.utils import timezone

from courseware.assessment.exams.banks import bank
from courseware.assessment.exams.grading import points_needed
from courseware.assessment.exams.practice_sets import is_practice_complete
from courseware.assessment.exams.pre_post_test import pre_post_test_of
from courseware.assessment.models import ExamAttempt, Response
from courseware.content.rendering.store import CheckQuestion, Outline, PageData
from courseware.course_format.parsing.metadata import attempts_in_a_row
from courseware.course_format.questions.question_types import Question
from courseware.learning.models import Enrollment
from courseware.learning.status.progress import job_role_of, progress_of
from courseware.lib.db.compiled_query import CompiledQuery

ATTEMPTS_AT = CompiledQuery(
    lambda enrollment, exam: (
        ExamAttempt.objects.filter(enrollment=enrollment, exam=exam).with_release().order_by("number")
    )
)
LAST_ATTEMPTS = CompiledQuery(
    lambda enrollments: (
        ExamAttempt.objects.filter(enrollment__pk__in=enrollments)
        .submitted()
        .with_release()
        .select_related("enrollment__learner")
        .order_by("number")
    )
)
NONE = Value("", CharField())


def after_attempts(attempts: Any) -> QuerySet[Any, Any]:
    """Return rows about submitted attempts (ids): (attempt, "missed", bank, question, objective) for each question not
    answered right; for work in the enrollment after the attempt (attempt, "right", lesson, question, "") for each right
    answer, and (attempt, "played", simulation, "", "") for each finished run that is no what-if run.
    """
    chosen = ExamAttempt.objects.filter(pk__in=attempts).order_by()
    missed = Response.objects.filter(attempt__pk__in=attempts, is_right=False).order_by()
    right = chosen.filter(enrollment__answers__is_right=True, enrollment__answers__answered_at__gt=F("submitted_at"))
    played = chosen.filter(enrollment__runs__what_if_of=None, enrollment__runs__finished_at__gt=F("submitted_at"))
    return missed.values_list(
        "attempt", Value("missed", CharField()), "bank__identifier", "question", "objective"
    ).union(
        right.values_list(
            "pk",
            Value("right", CharField()),
            "enrollment__answers__document__identifier",
            "enrollment__answers__question",
            NONE,
        ),
        played.values_list("pk", Value("played", CharField()), "enrollment__runs__simulation__identifier", NONE, NONE),
    )


AFTER_ATTEMPTS = CompiledQuery(after_attempts)


@dataclass(frozen=True)
class Eligibility:
    """`reason` is "" if an attempt may be started. Otherwise, of an exam: passed, practice (passed, but a practice set
    is open), ended (enrollment closed), lessons (not all completed), wait, revisit (repeat lessons), replay
    (simulations), reopens (after the last attempt of a row) or never; of a pre-test: ended, closed (a lesson is
    completed), taken, or compared (the post-test is submitted, too). `opens_at` is set with wait and reopens, `lessons`
    (ids) with revisit, `simulations` (ids) with replay. With wait, one of the two is set if it is to be repeated.
    """

    reason: str = ""
    opens_at: datetime | None = None
    lessons: tuple[str, ...] = ()
    simulations: tuple[str, ...] = ()

    @property
    def may_start(self) -> bool:
        return not self.reason


@dataclass
class WorkSinceAttempt:
    """Work since an attempt, as ids. `missed`: (bank, question, objective) of questions not answered right in the
    attempt; after it `right`: (lesson, question) of right answers, `played`: finished simulations.
    """

    missed: list[tuple[str, str, str]] = field(default_factory=list)
    right: set[tuple[str, str]] = field(default_factory=set)
    played: set[str] = field(default_factory=set)


def row_of(attempt: ExamAttempt, exam: PageData) -> range:
    """Return the numbers of the attempts in its row. After the last one the exam closes for a time or for good."""
    length = attempts_in_a_row(exam.data["retakes"])
    first = attempt.number - (attempt.number - 1) % length
    return range(first, first + length)


def is_pre_check(exam: PageData) -> bool:
    return exam.data["pass_mark"] is None


def eligibility_once_passed(passed: Iterable[ExamAttempt], enrollment: Enrollment) -> Eligibility:
    """Return "passed" if one of the `passed` attempts has no practice set left; else "practice"; if exempt, "ended"."""
    if any(is_practice_complete(joined(attempt, enrollment)) for attempt in passed):
        return Eligibility("passed")
    return Eligibility("ended" if enrollment.exempted_at else "practice")


def eligibility_of(enrollment: Enrollment, outline: Outline, exam: PageData, at: datetime | None = None) -> Eligibility:
    """Return the eligibility at `at` (default: now); an open attempt is ignored. `outline`: see `own_outline`."""
    if is_pre_check(exam):
        return pre_check_eligibility(enrollment, outline)
    attempts = ATTEMPTS_AT(enrollment=enrollment.pk, exam=exam.document_id)
    if passed := [attempt for attempt in attempts if attempt.is_passed]:
        return eligibility_once_passed(passed, enrollment)
    if not enrollment.is_open:
        return Eligibility("ended")
    if not progress_of(enrollment, outline).is_exam_open:
        return Eligibility("lessons")
    submitted = [(attempt, attempt.submitted_at) for attempt in attempts if attempt.submitted_at]
    if not submitted:
        return Eligibility()
    last, since = submitted[-1]
    aftermath = aftermaths([last.pk])[last.pk]
    return eligibility_after(joined(last, enrollment), since, aftermath, outline, exam, at or timezone.now())


@dataclass(frozen=True)
class FailedAttempt:
    """The last submitted attempt (id), failed. `needed`: points to pass; `worth_again`: step id to repeat, or ""."""

    attempt: int
    number: int
    points: int
    max_points: int
    needed: int
    eligibility: Eligibility
    worth_again: str

    @property
    def short_of(self) -> int:
        return self.needed - self.points


def failed_attempts(exams: Mapping[int, tuple[Outline, PageData]], at: datetime) -> dict[int, FailedAttempt]:
    """Return enrollment id → last submitted attempt, if any. `exams`: enrollment id → (own outline, page of the exam),
    only for enrollments that have not passed this exam (not checked).
    """
    last = {
        attempt.enrollment_id: attempt
        for attempt in LAST_ATTEMPTS(enrollments=list(exams))
        if attempt.exam_id == exams[attempt.enrollment_id][1].document_id
    }
    after = aftermaths([attempt.pk for attempt in last.values()])
    return {key: failed(attempt, after[attempt.pk], *exams[key], at) for key, attempt in last.items()}


def failed(
    attempt: ExamAttempt, aftermath: WorkSinceAttempt, outline: Outline, exam: PageData, at: datetime
) -> FailedAttempt:
    since, points, pass_mark = attempt.submitted_at or at, attempt.points or 0, attempt.pass_mark or 0  # never None
    eligibility = eligibility_after(attempt, since, aftermath, outline, exam, at)
    needed = points_needed(attempt.max_points, pass_mark)
    taught = (*simulations_on_misses(aftermath, outline), *missed_lessons(attempt, aftermath, outline), "")
    return FailedAttempt(attempt.pk, attempt.number, points, attempt.max_points, needed, eligibility, taught[0])


def joined(attempt: ExamAttempt, enrollment: Enrollment) -> ExamAttempt:
    attempt.enrollment = enrollment  # this instance has its course and release loaded
    return attempt


def pre_check_eligibility(enrollment: Enrollment, outline: Outline) -> Eligibility:
    """Return the eligibility for the pre-test or, after the exam, the post-test. Runs at most two queries."""
    if enrollment.exempted_at:
        return Eligibility("ended")
    tests = pre_post_test_of(enrollment, outline)
    if tests.after:
        return Eligibility("compared")
    if tests.may_ask_again:
        return Eligibility()
    if tests.before:
        return Eligibility("taken")
    return Eligibility("" if progress_of(enrollment, outline).is_pre_check_open else "closed")


def aftermaths(attempts: Collection[int]) -> dict[int, WorkSinceAttempt]:
    """Return attempt id → work since it, as a defaultdict. `attempts`: ids of submitted attempts. Runs one query."""
    found: dict[int, WorkSinceAttempt] = defaultdict(WorkSinceAttempt)
    for attempt, kind, document, question, objective in AFTER_ATTEMPTS(attempts=list(attempts)):
        if kind == "missed":
            found[attempt].missed.append((document, question, objective))
        elif kind == "right":
            found[attempt].right.add((document, question))
        else:
            found[attempt].played.add(document)
    return found


def eligibility_after(
    last: ExamAttempt, since: datetime, aftermath: WorkSinceAttempt, outline: Outline, exam: PageData, at: datetime
) -> Eligibility:
    """Return the eligibility after the failed attempt `last`, submitted at `since`. `aftermath`: of this attempt."""
    row = row_of(last, exam)
    if last.number == row[-1]:
        return eligibility_after_all(since, exam, at)
    retake = exam.data["retakes"][row.index(last.number)]
    opens_at = since + timedelta(seconds=retake["wait"])
    if retake["after"] == "lessons":
        condition = Eligibility("revisit", lessons=lessons_to_revisit(last, aftermath, outline))
    elif retake["after"] == "simulations":
        missed = simulations_on_misses(aftermath, outline)
        condition = Eligibility("replay", simulations=tuple(step for step in missed if step not in aftermath.played))
    else:
        condition = Eligibility()
    if at < opens_at:
        return replace(condition, reason="wait", opens_at=opens_at)
    return condition if condition.lessons or condition.simulations else Eligibility()


def eligibility_after_all(since: datetime, exam: PageData, at: datetime) -> Eligibility:
    """Return the eligibility at `at` after the last attempt of a row, which was submitted at `since`."""
    if exam.data["reopens"] is None:
        return Eligibility("never")
    opens_at = since + timedelta(seconds=exam.data["reopens"])
    return Eligibility("reopens", opens_at=opens_at) if at < opens_at else Eligibility()


def lesson_of(question: Question, outline: Outline) -> str | None:
    """Return the id of the lesson that teaches the question, or None."""
    return question.lesson or outline.objective_lessons.get(question.objective)


def missed_lessons(attempt: ExamAttempt, aftermath: WorkSinceAttempt, outline: Outline) -> tuple[str, ...]:
    """Return ids of lessons that teach the missed questions, in course order. `aftermath`: of `attempt`."""
    lessons = {
        lesson_of(bank(attempt.release, name, outline.language)[key], outline) for name, key, _rule in aftermath.missed
    }
    return tuple(step.id for step in outline.steps if step.kind == "lesson" and step.id in lessons)


def lessons_to_revisit(attempt: ExamAttempt, aftermath: WorkSinceAttempt, outline: Outline) -> tuple[str, ...]:
    """Return ids of missed lessons with a check question for the job role, not answered right since the attempt."""
    job_role = job_role_of(attempt.enrollment, outline)

    def is_right(lesson: str, question: CheckQuestion) -> bool:
        return any((lesson, variant) in aftermath.right for variant in question.wordings)

    return tuple(
        lesson
        for lesson in missed_lessons(attempt, aftermath, outline)
        if not all(is_right(lesson, question) for question in outline.step(lesson).check_for(job_role))
    )


def simulations_on_misses(aftermath: WorkSinceAttempt, outline: Outline) -> tuple[str, ...]:
    """Return ids of simulations on missed objectives, in course order. Simulations that await a review are left out."""
    missed = {rule for _bank, _question, rule in aftermath.missed}
    simulations = (step for step in outline.steps if step.kind == "simulation" and not step.waited)
    return tuple(step.id for step in simulations if not missed.isdisjoint(step.objectives))
