"""What is done, and when a whole enrollment is complete: decided here and nowhere else."""

from django.db import transaction
from django.utils import timezone

from courseware.content.compiled import serving
from courseware.content.models import Document, Revision
from courseware.evidence.recording import record
from courseware.learning.models import Completion, Enrollment
from courseware.learning.progress import progress_of, track_of
from courseware.learning.signals import enrollment_completed
from courseware.learning.tries import are_right, tries_of


class NotDone(Exception):
    """The lesson has a check with questions that were not answered right yet."""


@transaction.atomic
def complete(enrollment, document, *, revision, outcome, at=None):
    """Record that the document is done, and complete the enrollment with the last required one.

    Returns the completion. Repeating it changes nothing: the first completion of a document stands.
    """
    at = at or timezone.now()
    enrollment = lock(enrollment)
    completion, is_new = Completion.objects.get_or_create(
        enrollment=enrollment, document=document,
        defaults={"revision": revision, "outcome": outcome, "completed_at": at},
    )  # fmt: skip
    if is_new:
        touch(enrollment, at)
        conclude(enrollment, at, completion)
    return completion


@transaction.atomic
def mark_read(enrollment, step, *, at=None):
    """The learner says that the lesson is done. Raises NotDone while its check asks for something.

    A check whose last open question is gone, retired or meant for another post, can be finished this way too.
    """
    enrollment = lock(enrollment)
    page = serving.page(enrollment.release, step.id, enrollment.source_language)
    if not is_check_done(enrollment, step, page):
        raise NotDone(step.id)
    return complete_lesson(enrollment, page, at=at)


@transaction.atomic
def finish(enrollment, *, at=None):
    """Complete the enrollment if everything required is done; returns whether it is complete.

    For the learner whose last open document was retired by a release, so that no completion will come any more.
    """
    enrollment = lock(enrollment)
    conclude(enrollment, at or timezone.now())
    return enrollment.completed_at is not None


def conclude(enrollment, at, completion=None):
    """Complete the locked enrollment if everything is done, then write the log (after all locks, also receivers')."""
    outline = serving.outline(enrollment.release, enrollment.source_language)
    # Who is excused stays excused: what was begun before may still be finished and is recorded, and completes nothing.
    is_last = enrollment.is_open and progress_of(enrollment, outline).is_all_done
    if is_last:
        enrollment.completed_at = at
        enrollment.save(update_fields=["completed_at"])
        enrollment_completed.send(sender=Enrollment, enrollment=enrollment, at=at)
    if completion:
        data = {"document": completion.document.identifier, "revision": completion.revision_id}
        data["outcome"] = completion.outcome
        record("completed", actor=enrollment.learner, subject=enrollment, data=data, at=at)
    if is_last:
        data = {"release": enrollment.course.current_id}
        record("enrollment-completed", actor=enrollment.learner, subject=enrollment, data=data, at=at)


def complete_lesson(enrollment, page, *, at=None):
    """Complete the document of a `serving.PageData`."""
    return complete(
        enrollment,
        Document.objects.get(pk=page.document_id),
        revision=Revision.objects.get(pk=page.revision_id),
        outcome=Completion.Outcome.COMPLETED,
        at=at,
    )


def is_check_done(enrollment, step, page):
    """Whether each question of the check that this learner is shown was once answered right; true without a check."""
    return are_right(asked_of(enrollment, step), tries_of(enrollment, page))


def asked_of(enrollment, step):
    """Ids of the check's questions that are shown to the learner's post."""
    outline = serving.outline(enrollment.release, enrollment.source_language)
    return step.check_for(track_of(enrollment, outline))


def lock(enrollment):
    """The enrollment as it is now, locked until the transaction ends: what follows is done by one at a time."""
    return Enrollment.objects.select_for_update(of=["self"]).with_release().get(pk=enrollment.pk)


def touch(enrollment, at):
    """Note the learner's activity. A clock that jumped back must not make the last one older."""
    enrollment.started_at = enrollment.started_at or at
    enrollment.last_active_at = max(enrollment.last_active_at or at, at)
    enrollment.save(update_fields=["started_at", "last_active_at"])
