"""Whether an attempt may be started now: the rules the exam document gives, and nobody else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from courseware.assessment.models import Attempt
from courseware.content.serving import Outline, PageData
from courseware.learning.models import Answer, Enrollment
from courseware.learning.progress import progress_of, track_of


@dataclass(frozen=True)
class Standing:
    """`reason` is "" when an attempt may be started, else passed, ended, lessons, wait, revisit or never.

    `opens_at` goes with wait; `lessons` (document ids) with revisit.
    """

    reason: str = ""
    opens_at: datetime | None = None
    lessons: tuple[str, ...] = ()

    @property
    def may_start(self) -> bool:
        return not self.reason


def allowed_attempts(exam: PageData) -> int:
    """Attempts in a row before the exam closes for its time of reopening."""
    return 1 + len(exam.data["retakes"])


def is_last_attempt(attempt: Attempt, exam: PageData) -> bool:
    return attempt.number % allowed_attempts(exam) == 0


def standing_of(enrollment: Enrollment, outline: Outline, exam: PageData, at: datetime | None = None) -> Standing:
    """Runs up to four queries."""
    attempts = list(enrollment.attempts.filter(exam=exam.document_id))
    if any(attempt.is_passed for attempt in attempts):
        return Standing("passed")
    if not enrollment.is_open:
        return Standing("ended")
    if not progress_of(enrollment, outline).is_exam_open:
        return Standing("lessons")
    submitted = [attempt for attempt in attempts if attempt.submitted_at]
    if not submitted:
        return Standing()
    return standing_after(submitted[-1], enrollment, outline, exam, at or timezone.now())


def standing_after(last: Attempt, enrollment: Enrollment, outline: Outline, exam: PageData, at: datetime) -> Standing:
    """After an attempt that was not passed. `after: simulations` asks for nothing while no route holds any."""
    if is_last_attempt(last, exam):
        wait, after = exam.data["reopens"], None
        if wait is None:
            return Standing("never")
    else:
        retake = exam.data["retakes"][last.number % allowed_attempts(exam) - 1]
        wait, after = retake["wait"], retake["after"]
    opens_at = last.submitted_at + timedelta(seconds=wait)
    if at < opens_at:
        return Standing("wait", opens_at=opens_at)
    if after == "lessons" and (lessons := lessons_to_revisit(last, enrollment, outline)):
        return Standing("revisit", lessons=lessons)
    return Standing()


def missed_lessons(attempt: Attempt, outline: Outline) -> tuple[str, ...]:
    """The lessons of the objectives that were missed, each once, in the order of the questions. Runs one query."""
    missed = attempt.responses.filter(is_right=False).values_list("objective", flat=True)
    lessons = (outline.objective_lessons.get(objective) for objective in missed)
    return tuple(dict.fromkeys(lesson for lesson in lessons if lesson))


def lessons_to_revisit(attempt: Attempt, enrollment: Enrollment, outline: Outline) -> tuple[str, ...]:
    """Those of them whose check was not answered right again since; a lesson without a check asks for nothing."""
    right = Answer.objects.filter(enrollment=enrollment, is_right=True, answered_at__gt=attempt.submitted_at)
    right_since = set(right.values_list("document__identifier", "question"))
    track = track_of(enrollment, outline)
    return tuple(
        lesson
        for lesson in missed_lessons(attempt, outline)
        if not right_since.issuperset((lesson, question) for question in outline.step(lesson).check_for(track))
    )
