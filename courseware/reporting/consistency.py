"""Derived against facts: everything that is kept beside the facts can be worked out from them again."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Subquery

from courseware.assessment.attempting import is_right
from courseware.assessment.grading import reaches
from courseware.assessment.models import Attempt, Certificate, Response
from courseware.content.models import Release
from courseware.content.publishing import digest_of
from courseware.evidence.verifying import verify
from courseware.learning.models import Answer, Completion, Enrollment


def differences() -> Iterator[str]:
    """A line for each difference, naming the row; nothing when all is well. Memory does not grow with the rows."""
    yield from attempts()
    yield from responses()
    yield from passes()
    yield from enrollments()
    yield from certificates()
    yield from releases()
    yield from verify()


def attempts() -> Iterator[str]:
    right = Count("responses", filter=Q(responses__is_right=True))
    for attempt in Attempt.objects.annotate(right=right, asked=Count("responses")).order_by("pk").iterator():
        if attempt.asked != attempt.max_points:
            yield f"attempt {attempt.pk}: {attempt.max_points} points to be had, {attempt.asked} questions asked"
        if attempt.submitted_at is None:
            continue
        if attempt.points != attempt.right:
            yield f"attempt {attempt.pk}: {attempt.points} points kept, {attempt.right} right responses"
        if attempt.pass_mark and attempt.is_passed != reaches(attempt.right, attempt.max_points, attempt.pass_mark):
            yield f"attempt {attempt.pk}: is_passed is {attempt.is_passed} at {attempt.right} of {attempt.max_points}"


def responses() -> Iterator[str]:
    """Every response is graded again, by the questions of the release its attempt began with."""
    needed = ("bank", "attempt__release__course")
    found = Response.objects.select_related(*needed).defer("attempt__release__outlines").order_by("pk")
    for response in found.iterator():
        try:
            graded = graded_again(response)
        except (KeyError, TypeError):
            yield f"response {response.pk}: is no answer to a question that its bank held"
            continue
        if response.is_right != graded:
            yield f"response {response.pk}: is_right is {response.is_right}, graded again it is {graded}"


def graded_again(response: Response) -> bool | None:
    """None before the attempt is submitted. Raises KeyError and TypeError for what cannot be graded."""
    attempt = response.attempt
    if attempt.submitted_at is None:
        return None
    return is_right(attempt, response, attempt.release.course.source_language)


def passes() -> Iterator[str]:
    """A passed attempt completes its exam, and nothing else does."""
    completion = Completion.objects.filter(enrollment=OuterRef("enrollment"), document=OuterRef("exam"))
    for pk in Attempt.objects.filter(~Exists(completion), is_passed=True).values_list("pk", flat=True):
        yield f"attempt {pk}: is passed, and its exam is not completed"
    passed = Attempt.objects.filter(enrollment=OuterRef("enrollment"), exam=OuterRef("document"), is_passed=True)
    for pk in Completion.objects.filter(~Exists(passed), document__kind="exam").values_list("pk", flat=True):
        yield f"completion {pk}: of an exam without a passed attempt"


def enrollments() -> Iterator[str]:
    def of_facts(model, field, aggregate):
        facts = model.objects.filter(enrollment=OuterRef("pk")).order_by().values("enrollment")
        return Subquery(facts.annotate(found=aggregate(field)).values("found"))

    found = Enrollment.objects.annotate(
        first_answer=of_facts(Answer, "answered_at", Min),
        last_answer=of_facts(Answer, "answered_at", Max),
        first_completion=of_facts(Completion, "completed_at", Min),
        last_completion=of_facts(Completion, "completed_at", Max),
        first_attempt=of_facts(Attempt, "started_at", Min),
        last_attempt=of_facts(Attempt, "submitted_at", Max),
    )
    for enrollment in found.order_by("pk").iterator():
        yield from times_of(enrollment)
        if enrollment.completed_at and enrollment.last_completion is None:
            yield f"enrollment {enrollment.pk}: completed without a single completion"


def times_of(enrollment) -> Iterator[str]:
    firsts = (enrollment.first_answer, enrollment.first_completion, enrollment.first_attempt)
    lasts = (enrollment.last_answer, enrollment.last_completion, enrollment.last_attempt)
    first = min(filter(None, firsts), default=None)
    last = max(filter(None, lasts), default=None)
    # Written first to last, but a clock may jump back: the earliest fact need not be the one that began it.
    if (enrollment.started_at is None) != (first is None):
        yield f"enrollment {enrollment.pk}: started_at {enrollment.started_at}, first fact {first}"
    if last and (enrollment.last_active_at is None or enrollment.last_active_at < last):
        yield f"enrollment {enrollment.pk}: last_active_at {enrollment.last_active_at}, last fact {last}"


def certificates() -> Iterator[str]:
    for pk in Certificate.objects.filter(enrollment__completed_at=None).values_list("enrollment_id", flat=True):
        yield f"enrollment {pk}: has a certificate and is not completed"
    for pk in Enrollment.objects.completed().filter(certificate=None).values_list("pk", flat=True):
        yield f"enrollment {pk}: is completed and has no certificate"
    moved = Certificate.objects.exclude(issued_at=F("enrollment__completed_at")).exclude(enrollment__completed_at=None)
    for pk in moved.values_list("enrollment_id", flat=True):
        yield f"enrollment {pk}: completed at another moment than its certificate says"


def releases() -> Iterator[str]:
    for release in Release.objects.defer("outlines").order_by("pk").iterator():
        if release.digest != digest_of(release):
            yield f"release {release.pk}: its texts are not the ones it was published with"
