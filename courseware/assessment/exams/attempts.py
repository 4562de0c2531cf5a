"""Start, save and submit exam attempts. Each function is one idempotent transaction."""

from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from courseware.assessment.exams.banks import banks, question_of
from courseware.assessment.exams.eligibility import Eligibility, eligibility_of, is_pre_check, joined
from courseware.assessment.exams.grading import reaches
from courseware.assessment.exams.practice_sets import is_practice_complete
from courseware.assessment.exams.selection import BankTooSmall, Drawn, Quota, draw, draw_parallel
from courseware.assessment.exams.variant_rotation import seen_variants
from courseware.assessment.models import RESPONSES, RESPONSES_AT, ExamAttempt, Response
from courseware.audit_log.record import record, subject_of
from courseware.content.models import Release, RenderedPage
from courseware.content.rendering import store
from courseware.content.rendering.store import Outline, PageData
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.completion import complete, lock, touch
from courseware.learning.status.progress import done_documents, job_role_of, own_outline
from courseware.lib.db.compiled_query import CompiledQuery

# An answer sent in time over a slow connection still counts.
GRACE = timedelta(seconds=10)
# If the time is exceeded by more, it is not stored as over: the clock may have jumped ahead.
MAX_CLOCK_ERROR = timedelta(days=1)

ATTEMPTS = CompiledQuery(lambda pk: ExamAttempt.objects.filter(pk=pk))


class NotEligible(Exception):
    """No attempt can be started now; `eligibility` has the reason."""

    def __init__(self, eligibility: Eligibility):
        super().__init__(eligibility.reason)
        self.eligibility = eligibility


class AttemptClosed(Exception):
    """The attempt takes no more answers (see `why_over`)."""


class NothingAnswered(Exception):
    """A pre-test has no answer. A score of 0 would overstate the improvement."""


class NewerAnswer(Exception):
    """Another tab or device has saved a different answer since this page was loaded."""


@transaction.atomic
def start(enrollment: Enrollment, exam: str, *, at: datetime | None = None) -> ExamAttempt:
    """Return the open attempt at `exam` (identifier of an exam or pre-test), even past its time, or start and log one.
    Raise NotEligible; an exempt enrollment raises it even with an open attempt.
    """
    at = at or timezone.now()
    enrollment = lock(enrollment)
    release, language = enrollment.release, enrollment.source_language
    outline, page = own_outline(enrollment, language), store.page(release, exam, language)
    earlier = enrollment.attempts.filter(exam=page.document_id)
    if enrollment.exempted_at:
        raise NotEligible(Eligibility("ended"))
    if open_attempt := earlier.filter(submitted_at=None).first():
        return open_attempt
    eligibility = eligibility_of(enrollment, outline, page, at)
    if not eligibility.may_start:
        raise NotEligible(eligibility)
    # The second attempt at a pre-test is the post-test, with parallel questions.
    if is_pre_check(page) and (first := earlier.with_release().first()):
        release, drawn = parallel_questions(joined(first, enrollment), release)
        page = store.page(release, exam, language)
    else:
        drawn = draw_questions(enrollment, outline, page, at)
    # Stored in the attempt: later changes of the extra time apply to the next attempt.
    time_limit = page.data["time_limit"] and enrollment.learner.time_for(page.data["time_limit"])
    attempt = ExamAttempt.objects.create(
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
    store_questions(attempt, drawn)
    touch(enrollment, at)
    record("exam-started", actor=enrollment.learner, subject=attempt, data={"exam": exam}, at=at)
    return attempt


def draw_questions(enrollment: Enrollment, outline: Outline, exam: PageData, at: datetime) -> list[Drawn]:
    """Draw questions from the banks of `exam` for the learner's job role; see `draw`. Raise BankTooSmall."""
    sections = [
        Quota(section["bank"], section["draw"], tuple(tuple(slot) for slot in section["critical"]))
        for section in exam.data["strata"]
    ]
    drawable = banks(enrollment.release, [section.bank for section in sections], enrollment.source_language)
    job_role = job_role_of(enrollment, outline)
    questions_for_role = {
        bank: [question for question in questions if question.is_for(job_role)] for bank, questions in drawable.items()
    }
    return draw(sections, questions_for_role, seen_variants(enrollment, at), SystemRandom())


def parallel_questions(first: ExamAttempt, current: Release) -> tuple[Release, list[Drawn]]:
    """Return (release, questions): for each question of `first` another one of its variant group. The release is
    `current`, or that of `first` if `current` lacks a bank or another question. Raise BankTooSmall if both lack one.
    """
    language = first.enrollment.source_language
    responses = first.responses.select_related("bank")
    asked = [(response.bank.identifier, question_of(first, response, language)) for response in responses]
    identifiers = {bank for bank, _question in asked}
    try:
        return current, draw_parallel(asked, banks(current, identifiers, language), SystemRandom())
    except (BankTooSmall, RenderedPage.DoesNotExist):
        return first.release, draw_parallel(asked, banks(first.release, identifiers, language), SystemRandom())


def store_questions(attempt: ExamAttempt, drawn: list[Drawn]) -> None:
    language = attempt.enrollment.source_language
    pages = {each.bank: store.page(attempt.release, each.bank, language) for each in drawn}
    Response.objects.bulk_create(
        Response(
            attempt=attempt,
            position=position,
            bank_id=pages[each.bank].document_id,
            revision_id=pages[each.bank].revision_id,
            question=each.question.id,
            objective=each.question.objective,
            is_critical=each.question.critical,
            order=list(each.order),
        )
        for position, each in enumerate(drawn, start=1)
    )


def why_over(attempt: ExamAttempt, at: datetime | None = None) -> str:
    """Return why no answer is taken at `at` (default: now): "exempt", "submitted", "time", "lesson"
    (a first pre-test after a completed lesson). Return "" if answers are taken.
    """
    # A pass after an exemption completes the exam, not the enrollment: see `completion.conclude`.
    if attempt.enrollment.exempted_at:
        return "exempt"
    if attempt.submitted_at:
        return "submitted"
    if attempt.time_up_found_at or is_late(attempt, at or timezone.now()):
        return "time"
    # A pre-test is taken before the first lesson.
    if attempt.is_pre_check and attempt.number == 1 and done_documents(attempt.enrollment):
        return "lesson"
    return ""


def is_late(attempt: ExamAttempt, at: datetime) -> bool:
    """Return whether `at` is later than the end of the time limit plus GRACE."""
    return attempt.closes_at is not None and at > attempt.closes_at + GRACE


def store_time_up(attempt: ExamAttempt, at: datetime) -> None:
    """Store that the time is over, if it is over at `at` by at most MAX_CLOCK_ERROR and this is not stored yet."""
    if not attempt.time_up_found_at and is_late(attempt, at) and not is_late(attempt, at - MAX_CLOCK_ERROR):
        attempt.time_up_found_at = at
        attempt.save(update_fields=["time_up_found_at"])


def lock_attempt(attempt: ExamAttempt) -> ExamAttempt:
    """Lock the enrollment until the transaction ends. Return a new instance of the attempt as stored."""
    enrollment = lock(attempt.enrollment)
    [fresh] = ATTEMPTS(pk=attempt.pk)
    fresh.enrollment, fresh.exam, fresh.release = enrollment, attempt.exam, attempt.release
    return fresh


def save(
    attempt: ExamAttempt,
    position: int,
    raw: list[str],
    *,
    saves: int,
    sent: int = 0,
    page: UUID | None = None,
    at: datetime | None = None,
) -> Response:
    """Save the answer at `position` (from 1); submit a pre-test once all its questions are answered. `raw`: as
    `Question.clean` takes it, or [] to remove the answer; `page`: random id of the sending page; `saves`:
    `Response.saves` as that page knows it; `sent`: number of its saves since then that got no response. Raise
    AttemptClosed, NewerAnswer, or ValueError for an invalid answer or position.
    """
    at = at or timezone.now()
    with transaction.atomic():
        attempt = lock_attempt(attempt)
        over = why_over(attempt, at)
        if not over:
            response = save_open(attempt, position, raw, saves=saves, sent=sent, page=page, at=at)
            if attempt.is_pre_check and not attempt.responses.filter(response__isnull=True).exists():
                close(attempt, at)
            return response
        if over == "time":
            store_time_up(attempt, at)
    raise AttemptClosed


def save_open(
    attempt: ExamAttempt, position: int, raw: list[str], *, saves: int, sent: int, page: UUID | None, at: datetime
) -> Response:
    """Save an answer in a locked attempt that takes answers. See `save`."""
    [response] = RESPONSES_AT(attempt=attempt.pk, position=position)
    question = question_of(attempt, response, attempt.enrollment.source_language)
    given = question.clean(raw) if raw else None
    # The page is not outdated by its own saves, even if their responses were lost.
    is_its_own = page is not None and response.page == page and saves + sent >= response.saves
    is_up_to_date = response.saves == saves or is_its_own
    # Counts even without a change, so that an earlier request of this page that arrives later is rejected.
    is_overtaking = is_up_to_date and sent > 0
    if response.response == given and not is_overtaking:
        return response
    if not is_up_to_date:
        raise NewerAnswer(f"question {position} of attempt {attempt.pk} was saved {response.saves} times, not {saves}")
    response.response, response.saved_at = given, at
    response.saves, response.page = saves + sent + 1, page
    response.save(update_fields=["response", "saves", "page", "saved_at"])
    touch(attempt.enrollment, at)
    return response


@transaction.atomic
def submit(attempt: ExamAttempt, *, at: datetime | None = None) -> ExamAttempt:
    """Grade and close the attempt, even late, unless closed; return it. Raise NothingAnswered for an empty pre-test."""
    at = at or timezone.now()
    attempt = lock_attempt(attempt)
    if attempt.submitted_at:
        return attempt
    if attempt.is_pre_check and not attempt.has_answers():
        raise NothingAnswered(subject_of(attempt))
    close(attempt, at)
    return attempt


def close(attempt: ExamAttempt, at: datetime) -> None:
    """Submit and log a locked open attempt. A pre-test, or a pass without open practice sets, completes the exam."""
    attempt.points = grade_responses(attempt)
    attempt.submitted_at = at
    if attempt.pass_mark is not None:
        attempt.is_passed = reaches(attempt.points, attempt.max_points, attempt.pass_mark)
    attempt.save(update_fields=["points", "submitted_at", "is_passed"])
    touch(attempt.enrollment, at)
    data = {"points": attempt.points, "max_points": attempt.max_points, "passed": attempt.is_passed}
    record("exam-submitted", actor=attempt.enrollment.learner, subject=attempt, data=data, at=at)
    if attempt.is_pre_check or (attempt.is_passed and is_practice_complete(attempt)):
        outcome = Completion.Outcome.COMPLETED if attempt.is_pre_check else Completion.Outcome.PASSED
        complete(attempt.enrollment, attempt.exam, revision=attempt.revision, outcome=outcome, at=at)


def grade_responses(attempt: ExamAttempt) -> int:
    """Grade and store all responses; return the points, 1 for each right answer."""
    language = attempt.enrollment.source_language
    responses = RESPONSES(attempt=attempt.pk)
    right = [response.pk for response in responses if is_right(attempt, response, language)]
    attempt.responses.filter(pk__in=right).update(is_right=True)
    attempt.responses.exclude(pk__in=right).update(is_right=False)
    return len(right)


def is_right(attempt: ExamAttempt, response: Response, language: str) -> bool:
    given = response.response
    return given is not None and bool(question_of(attempt, response, language).grade(given))
