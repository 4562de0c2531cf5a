"""Whether an attempt may be started now, by the rules of the exam document alone."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from courseware.assessment.banks import bank
from courseware.assessment.drilling import is_settled
from courseware.assessment.models import Attempt, Response
from courseware.assessment.sittings import starting_point_of
from courseware.content.compiled.serving import Outline, PageData
from courseware.language.metadata import attempts_in_a_row
from courseware.language.questions import Question
from courseware.learning.models import Answer, Enrollment
from courseware.learning.progress import progress_of, track_of
from courseware.lib.kept_query import KeptQuery

ATTEMPTS_AT = KeptQuery(
    lambda enrollment, exam: Attempt.objects.filter(enrollment=enrollment, exam=exam).with_release().order_by("number")
)
MISSED = KeptQuery(
    lambda attempt: (
        Response.objects.filter(attempt=attempt, is_right=False)
        .order_by("position")
        .values_list("bank__identifier", "question", "objective")
    )
)
RIGHT_SINCE = KeptQuery(
    lambda enrollment, at: (
        Answer.objects.filter(enrollment=enrollment, is_right=True, answered_at__gt=at)
        .order_by()
        .values_list("document__identifier", "question")
    )
)


@dataclass(frozen=True)
class Eligibility:
    """`reason` is "" if an attempt may be started, else one of these.

    For an exam: passed, drill (passed, and a drill to do), ended, lessons, wait, revisit, replay, reopens or never.
    For a pre-check: ended, closed (a lesson is done), taken, or compared (its parallel questions are answered, too).

    `opens_at` comes with wait and reopens. `lessons` and `simulations` are the ids of documents to repeat first:
    lessons come with revisit, simulations with replay, and either with wait.
    """

    reason: str = ""
    opens_at: datetime | None = None
    lessons: tuple[str, ...] = ()
    simulations: tuple[str, ...] = ()

    @property
    def may_start(self) -> bool:
        return not self.reason


def row_of(attempt: Attempt, exam: PageData) -> range:
    """The numbers of the attempts in the same row as this one; after the last of a row the exam closes for a time."""
    length = attempts_in_a_row(exam.data["retakes"])
    first = attempt.number - (attempt.number - 1) % length
    return range(first, first + length)


def is_pre_check(exam: PageData) -> bool:
    return exam.data["pass_mark"] is None


def eligibility_of(enrollment: Enrollment, outline: Outline, exam: PageData, at: datetime | None = None) -> Eligibility:
    """Runs up to four queries."""
    if is_pre_check(exam):
        return pre_check_eligibility(enrollment, outline)
    attempts = ATTEMPTS_AT(enrollment=enrollment.pk, exam=exam.document_id)
    if passed := [attempt for attempt in attempts if attempt.is_passed]:
        if any(is_settled(joined(attempt, enrollment)) for attempt in passed):
            return Eligibility("passed")
        return Eligibility("ended" if enrollment.waived_at else "drill")
    if not enrollment.is_open:
        return Eligibility("ended")
    if not progress_of(enrollment, outline).is_exam_open:
        return Eligibility("lessons")
    submitted = [(attempt, attempt.submitted_at) for attempt in attempts if attempt.submitted_at]
    if not submitted:
        return Eligibility()
    last, since = submitted[-1]
    return eligibility_after(joined(last, enrollment), since, outline, exam, at or timezone.now())


def joined(attempt: Attempt, enrollment: Enrollment) -> Attempt:
    attempt.enrollment = enrollment  # the one at hand has loaded its course and release already
    return attempt


def pre_check_eligibility(enrollment: Enrollment, outline: Outline) -> Eligibility:
    """Once before the lessons, and once more, with parallel questions, after the exam. Runs up to two queries."""
    if enrollment.waived_at:
        return Eligibility("ended")
    point = starting_point_of(enrollment, outline)
    if point.after:
        return Eligibility("compared")
    if point.may_ask_again:
        return Eligibility()
    if point.before:
        return Eligibility("taken")
    return Eligibility("" if progress_of(enrollment, outline).is_pre_check_open else "closed")


def eligibility_after(last: Attempt, since: datetime, outline: Outline, exam: PageData, at: datetime) -> Eligibility:
    """Of a person whose last attempt was submitted at `since` and not passed. Runs up to two queries."""
    row = row_of(last, exam)
    if last.number == row[-1]:
        return eligibility_after_all(since, exam, at)
    retake = exam.data["retakes"][row.index(last.number)]
    opens_at = since + timedelta(seconds=retake["wait"])
    if retake["after"] == "lessons":
        condition = Eligibility("revisit", lessons=lessons_to_revisit(last, outline))
    elif retake["after"] == "simulations":
        condition = Eligibility("replay", simulations=simulations_to_replay(last, outline))
    else:
        condition = Eligibility()
    if at < opens_at:
        return replace(condition, reason="wait", opens_at=opens_at)
    return condition if condition.lessons or condition.simulations else Eligibility()


def eligibility_after_all(since: datetime, exam: PageData, at: datetime) -> Eligibility:
    if exam.data["reopens"] is None:
        return Eligibility("never")
    # The next attempt begins a new row, in which questions may come again.
    opens_at = since + timedelta(seconds=exam.data["reopens"])
    return Eligibility("reopens", opens_at=opens_at) if at < opens_at else Eligibility()


def lesson_of(question: Question, outline: Outline) -> str | None:
    return question.lesson or outline.objective_lessons.get(question.objective)


def missed_lessons(attempt: Attempt, outline: Outline) -> tuple[str, ...]:
    """The lessons on what was not answered right, in the order of the route. Runs one query."""
    missed = MISSED(attempt=attempt.pk)
    lessons = {lesson_of(bank(attempt.release, name, outline.language)[key], outline) for name, key, _rule in missed}
    return tuple(step.id for step in outline.steps if step.kind == "lesson" and step.id in lessons)


def lessons_to_revisit(attempt: Attempt, outline: Outline) -> tuple[str, ...]:
    """Those of `missed_lessons` whose check was not answered right since the attempt. Runs two queries."""
    right_since = set(RIGHT_SINCE(enrollment=attempt.enrollment_id, at=attempt.submitted_at))
    track = track_of(attempt.enrollment, outline)
    # A lesson without a check need not be repeated: any set contains the empty one.
    return tuple(
        lesson
        for lesson in missed_lessons(attempt, outline)
        if not right_since.issuperset((lesson, question) for question in outline.step(lesson).check_for(track))
    )


def simulations_to_replay(attempt: Attempt, outline: Outline) -> tuple[str, ...]:
    """The simulations on what was missed, in the order of the route, and not finished since. Runs up to two queries."""
    missed = {rule for _bank, _question, rule in MISSED(attempt=attempt.pk)}
    relevant = [
        step.id for step in outline.steps if step.kind == "simulation" and not missed.isdisjoint(step.objectives)
    ]
    if not relevant:
        return ()
    finished = attempt.enrollment.runs.on_record().filter(finished_at__gt=attempt.submitted_at)
    since = set(finished.values_list("simulation__identifier", flat=True))
    return tuple(simulation for simulation in relevant if simulation not in since)
