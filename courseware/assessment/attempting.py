"""The life of an attempt: start, save, submit. Each verb is one transaction and harmless when repeated."""

from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from courseware.assessment.banks import banks, question_of
from courseware.assessment.drawing import Drawn, Stratum, draw
from courseware.assessment.grading import reaches
from courseware.assessment.models import Attempt, Response
from courseware.assessment.standing import Standing, standing_of
from courseware.content import serving
from courseware.content.models import ReleaseEntry
from courseware.content.serving import Outline, PageData
from courseware.evidence.recording import record
from courseware.learning.completing import complete, lock, touch
from courseware.learning.models import Completion, Enrollment
from courseware.learning.progress import track_of

# What is on its way when the time ends still counts: a slow line is not the learner's fault.
GRACE = timedelta(seconds=10)


class NotYet(Exception):
    """No attempt can be started now; `standing` says why and from when."""

    def __init__(self, standing: Standing):
        super().__init__(standing.reason)
        self.standing = standing


class AttemptClosed(Exception):
    """The attempt is submitted, its time is over, or its learner excused: nothing more is taken."""


class NewerAnswer(Exception):
    """Another tab or device saved a different answer since this page was made; it is kept."""


@transaction.atomic
def start(enrollment: Enrollment, exam: str, *, at: datetime | None = None) -> Attempt:
    """The open attempt at the exam with this id, or a new one drawn from the current release. Raises NotYet."""
    at = at or timezone.now()
    enrollment = lock(enrollment)
    release, language = enrollment.course.current, enrollment.course.source_language
    outline, page = serving.outline(release, language), serving.page(release, exam, language)
    earlier = enrollment.attempts.filter(exam=page.document_id)
    if enrollment.waived_at:
        raise NotYet(Standing("ended"))
    if under_way := earlier.filter(submitted_at=None).first():
        return under_way
    standing = standing_of(enrollment, outline, page, at)
    if not standing.may_start:
        raise NotYet(standing)
    drawn = draw_questions(enrollment, outline, page)
    time_limit = page.data["time_limit"]
    attempt = Attempt.objects.create(
        enrollment=enrollment,
        exam_id=page.document_id,
        revision_id=page.revision_id,
        release=release,
        number=earlier.count() + 1,
        started_at=at,
        pass_mark=page.data["pass_mark"],
        closes_at=at + timedelta(seconds=time_limit) if time_limit else None,
        max_points=len(drawn),
    )
    keep_questions(attempt, drawn)
    touch(enrollment, at)
    record("attempt-started", actor=enrollment.learner, subject=subject(attempt), data={"exam": exam}, at=at)
    return attempt


def draw_questions(enrollment: Enrollment, outline: Outline, exam: PageData) -> list[Drawn]:
    """Questions for a new attempt, of those meant for the learner's post."""
    course = enrollment.course
    strata = [
        Stratum(stratum["bank"], stratum["draw"], tuple(tuple(slot) for slot in stratum["critical"]))
        for stratum in exam.data["strata"]
    ]
    there = banks(course.current, [stratum.bank for stratum in strata], course.source_language)
    track = track_of(enrollment, outline)
    fitting = {
        bank: [question for question in questions if not question.tracks or track in question.tracks]
        for bank, questions in there.items()
    }
    return draw(strata, fitting, times_seen(enrollment, exam), SystemRandom())


def times_seen(enrollment: Enrollment, exam: PageData) -> dict[str, int]:
    """How often this learner met each question in this exam, earlier enrollments included."""
    met = Response.objects.filter(attempt__enrollment__learner=enrollment.learner_id, attempt__exam=exam.document_id)
    return dict(met.order_by().values_list("question").annotate(Count("pk")))


def keep_questions(attempt: Attempt, drawn: list[Drawn]) -> None:
    """A response, still empty, for each drawn question; it names the revision of the bank it was drawn from."""
    entries = ReleaseEntry.objects.filter(
        release=attempt.release, document__identifier__in={each.bank for each in drawn}
    ).select_related("document")
    bank_of = {entry.document.identifier: entry for entry in entries}
    Response.objects.bulk_create(
        Response(
            attempt=attempt,
            position=position,
            bank_id=bank_of[each.bank].document_id,
            revision_id=bank_of[each.bank].revision_id,
            question=each.question.id,
            objective=each.question.objective,
            is_critical=each.question.critical,
            order=list(each.order),
        )
        for position, each in enumerate(drawn, start=1)
    )


def is_over(attempt: Attempt, at: datetime | None = None) -> bool:
    """Submitted, past its limit and the grace for what was on its way, or of someone who is excused by now.

    Waiving closes an open attempt: it can only be handed in as it was saved, and a pass then completes the exam and
    not the enrollment (see `completing.conclude`).
    """
    if attempt.enrollment.waived_at:
        return True
    if attempt.submitted_at or attempt.closes_at is None:
        return attempt.submitted_at is not None
    return (at or timezone.now()) > attempt.closes_at + GRACE


def locked(attempt: Attempt) -> Attempt:
    """The attempt as it stands, with its enrollment locked: no two verbs on one learner's run meet."""
    enrollment = lock(attempt.enrollment)
    found = Attempt.objects.get(pk=attempt.pk)
    found.enrollment, found.exam, found.release = enrollment, attempt.exam, attempt.release
    return found


@transaction.atomic
def save(
    attempt: Attempt,
    position: int,
    raw: list[str],
    *,
    saves: int,
    sent: int = 0,
    page: UUID | None = None,
    at: datetime | None = None,
) -> Response:
    """Keep the answer to one question: `raw` as `Question.clean` takes it, [] takes the answer back.

    `saves` is how often it had been saved as far as the page knows, `sent` how often that page has sent since without
    hearing back, `page` which one it is: so a page whose answer was lost on the way back is not held for an old one.
    Repeating the same answer changes nothing. Raises AttemptClosed, NewerAnswer, and ValueError for input that is no
    answer to this question.
    """
    at = at or timezone.now()
    attempt = locked(attempt)
    if is_over(attempt, at):
        raise AttemptClosed
    response = attempt.responses.select_related("bank").get(position=position)
    question = question_of(attempt, response, attempt.enrollment.course.source_language)
    given = question.clean(raw) if raw else None
    if response.response == given:
        return response
    is_its_own = page is not None and response.page == page and saves + sent >= response.saves
    if response.saves != saves and not is_its_own:
        raise NewerAnswer(f"question {position} of attempt {attempt.pk} was saved {response.saves} times, not {saves}")
    response.response, response.saved_at = given, at
    response.saves, response.page = saves + sent + 1, page
    response.save(update_fields=["response", "saves", "page", "saved_at"])
    touch(attempt.enrollment, at)
    return response


@transaction.atomic
def submit(attempt: Attempt, *, at: datetime | None = None) -> Attempt:
    """Grade the attempt, close it, and tell learning when it is a pass. Repeating it changes nothing."""
    at = at or timezone.now()
    attempt = locked(attempt)
    if attempt.submitted_at:
        return attempt
    attempt.points = grade_responses(attempt)
    attempt.submitted_at = at
    attempt.is_passed = attempt.pass_mark is None or reaches(attempt.points, attempt.max_points, attempt.pass_mark)
    attempt.save(update_fields=["points", "submitted_at", "is_passed"])
    touch(attempt.enrollment, at)
    data = {"points": attempt.points, "max_points": attempt.max_points, "passed": attempt.is_passed}
    record("attempt-submitted", actor=attempt.enrollment.learner, subject=subject(attempt), data=data, at=at)
    if attempt.is_passed:
        complete(attempt.enrollment, attempt.exam, revision=attempt.revision, outcome=Completion.Outcome.PASSED, at=at)
    return attempt


def grade_responses(attempt: Attempt) -> int:
    """Mark each response as right or not; returns the points. What was not answered is not right."""
    language = attempt.enrollment.course.source_language
    responses = attempt.responses.select_related("bank")
    right = [response.pk for response in responses if is_right(attempt, response, language)]
    attempt.responses.filter(pk__in=right).update(is_right=True)
    attempt.responses.exclude(pk__in=right).update(is_right=False)
    return len(right)


def is_right(attempt: Attempt, response: Response, language: str) -> bool:
    given = response.response
    return given is not None and bool(question_of(attempt, response, language).grade(given))


def subject(attempt: Attempt) -> str:
    """How the log names an attempt."""
    return f"attempt:{attempt.pk}"
