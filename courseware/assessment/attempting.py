"""The life of an attempt: start, save, submit. Each verb is one transaction and harmless when repeated."""

from datetime import datetime, timedelta
from random import SystemRandom
from uuid import UUID

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from courseware.assessment.banks import banks, question_of
from courseware.assessment.drilling import is_settled
from courseware.assessment.eligibility import Eligibility, eligibility_of, is_pre_check, joined
from courseware.assessment.grading import reaches
from courseware.assessment.models import Attempt, Response
from courseware.assessment.selection import BankTooSmall, Drawn, Quota, draw, draw_parallel
from courseware.content.compiled import serving
from courseware.content.compiled.serving import Outline, PageData
from courseware.content.models import Page, Release, ReleaseEntry
from courseware.evidence.recording import record, subject_of
from courseware.learning.completing import complete, lock, touch
from courseware.learning.models import Completion, Enrollment
from courseware.learning.progress import done_documents, track_of

# What is on its way when the time ends still counts: a slow line is not the learner's fault.
GRACE = timedelta(seconds=10)


class NotYet(Exception):
    """No attempt can be started now; `eligibility` says why and from when."""

    def __init__(self, eligibility: Eligibility):
        super().__init__(eligibility.reason)
        self.eligibility = eligibility


class AttemptClosed(Exception):
    """The attempt is over (see `why_over`): nothing more is taken."""


class NothingAnswered(Exception):
    """A pre-check nobody wrote on says nothing: as a start of nought it would make every gain a whole one."""


class NewerAnswer(Exception):
    """Another tab or device saved a different answer since this page was made; it is kept."""


@transaction.atomic
def start(enrollment: Enrollment, exam: str, *, at: datetime | None = None) -> Attempt:
    """The open attempt at the exam or pre-check with this id, or a new one from the current release. Raises NotYet.

    A pre-check's second sitting asks the parallel questions of the first.
    """
    at = at or timezone.now()
    enrollment = lock(enrollment)
    release, language = enrollment.release, enrollment.source_language
    outline, page = serving.outline(release, language), serving.page(release, exam, language)
    earlier = enrollment.attempts.filter(exam=page.document_id)
    if enrollment.waived_at:
        raise NotYet(Eligibility("ended"))
    if under_way := earlier.filter(submitted_at=None).first():
        return under_way
    eligibility = eligibility_of(enrollment, outline, page, at)
    if not eligibility.may_start:
        raise NotYet(eligibility)
    if is_pre_check(page) and (first := earlier.with_release().first()):
        release, drawn = parallel_questions(joined(first, enrollment), release)
        page = serving.page(release, exam, language)
    else:
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
    record("attempt-started", actor=enrollment.learner, subject=attempt, data={"exam": exam}, at=at)
    return attempt


def draw_questions(enrollment: Enrollment, outline: Outline, exam: PageData) -> list[Drawn]:
    """Questions for a new attempt, of those meant for the learner's post."""
    strata = [
        Quota(stratum["bank"], stratum["draw"], tuple(tuple(slot) for slot in stratum["critical"]))
        for stratum in exam.data["strata"]
    ]
    there = banks(enrollment.release, [stratum.bank for stratum in strata], enrollment.source_language)
    track = track_of(enrollment, outline)
    fitting = {
        bank: [question for question in questions if question.is_for(track)] for bank, questions in there.items()
    }
    return draw(strata, fitting, times_seen(enrollment, exam), SystemRandom())


def parallel_questions(first: Attempt, current: Release) -> tuple[Release, list[Drawn]]:
    """For each question of a pre-check's first sitting another of its family, and the release they are from.

    The current release, or that of the first sitting where the current one has not got them all.
    """
    language = first.enrollment.source_language
    responses = first.responses.select_related("bank")
    asked = [(response.bank.identifier, question_of(first, response, language)) for response in responses]
    identifiers = {bank for bank, _question in asked}
    try:
        return current, draw_parallel(asked, banks(current, identifiers, language), SystemRandom())
    except (BankTooSmall, Page.DoesNotExist):
        return first.release, draw_parallel(asked, banks(first.release, identifiers, language), SystemRandom())


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


def why_over(attempt: Attempt, at: datetime | None = None) -> str:
    """Why an attempt takes no more answers: waived, submitted, time, lesson; "" while it does.

    time: past its limit and the grace for what was on its way. lesson: a pre-check is taken before the first lesson is
    done. Waiving closes an open attempt. Whatever the reason, it can be handed in as it was saved; a pass of who is
    waived completes the exam and not the enrollment (see `completing.conclude`). Runs a query for a pre-check.
    """
    if attempt.enrollment.waived_at:
        return "waived"
    if attempt.submitted_at:
        return "submitted"
    if attempt.closes_at and (at or timezone.now()) > attempt.closes_at + GRACE:
        return "time"
    if attempt.is_pre_check and attempt.number == 1 and done_documents(attempt.enrollment):
        return "lesson"
    return ""


def is_over(attempt: Attempt, at: datetime | None = None) -> bool:
    return bool(why_over(attempt, at))


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
    question = question_of(attempt, response, attempt.enrollment.source_language)
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
    """Grade the attempt, close it, and tell learning what is done with it. Repeating it changes nothing.

    Raises NothingAnswered for a pre-check without an answer.
    """
    at = at or timezone.now()
    attempt = locked(attempt)
    if attempt.submitted_at:
        return attempt
    if attempt.is_pre_check and not attempt.has_answers():
        raise NothingAnswered(subject_of(attempt))
    attempt.points = grade_responses(attempt)
    attempt.submitted_at = at
    if attempt.pass_mark is not None:
        attempt.is_passed = reaches(attempt.points, attempt.max_points, attempt.pass_mark)
    attempt.save(update_fields=["points", "submitted_at", "is_passed"])
    touch(attempt.enrollment, at)
    data = {"points": attempt.points, "max_points": attempt.max_points, "passed": attempt.is_passed}
    record("attempt-submitted", actor=attempt.enrollment.learner, subject=attempt, data=data, at=at)
    if outcome := outcome_of(attempt):
        complete(attempt.enrollment, attempt.exam, revision=attempt.revision, outcome=outcome, at=at)
    return attempt


def outcome_of(attempt: Attempt) -> Completion.Outcome | None:
    """What a submitted attempt completes its exam with; None where it does not, or where a drill comes first."""
    if attempt.is_pre_check:
        return Completion.Outcome.COMPLETED
    return Completion.Outcome.PASSED if attempt.is_passed and is_settled(attempt) else None


def grade_responses(attempt: Attempt) -> int:
    """Mark each response as right or not; returns the points. What was not answered is not right."""
    language = attempt.enrollment.source_language
    responses = attempt.responses.select_related("bank")
    right = [response.pk for response in responses if is_right(attempt, response, language)]
    attempt.responses.filter(pk__in=right).update(is_right=True)
    attempt.responses.exclude(pk__in=right).update(is_right=False)
    return len(right)


def is_right(attempt: Attempt, response: Response, language: str) -> bool:
    given = response.response
    return given is not None and bool(question_of(attempt, response, language).grade(given))
