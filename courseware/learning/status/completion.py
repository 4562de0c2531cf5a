"""Completion of documents and enrollments: the only place that decides it."""

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from courseware.audit_log.record import record
from courseware.content.models import Document, ReleaseEntry, Revision
from courseware.content.rendering import store
from courseware.learning.lessons.answer_history import answers_of_lesson, waiting
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.progress import own_outline, progress_of, track_of
from courseware.lib.db.compiled_query import CompiledQuery

LOCKED = CompiledQuery(
    lambda pk: Enrollment.objects.select_for_update(of=("self",), no_key=True).with_release().filter(pk=pk)
)


# Sent inside the transaction that completes an enrollment, once: sender=Enrollment, enrollment=…, at=….
# A receiver that raises undoes the completion with everything else, so that neither exists without the other.
enrollment_completed = Signal()


class LessonIncomplete(Exception):
    """A question of the lesson is not answered, or one of its check not right yet."""


class UnknownRevision(Exception):
    """A form names a revision or release that never showed the lesson."""


@transaction.atomic
def complete(enrollment, document, *, revision, outcome, at=None):
    """Record a completion, and complete the enrollment with the last required one. Repeated, the first one stays."""
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
def mark_read(enrollment, step, *, revision=None, at=None):
    """Complete a lesson. `revision`: key of the one shown (None: the current one). Raises LessonIncomplete,
    UnknownRevision."""
    enrollment = lock(enrollment)
    page = store.page(enrollment.release, step.id, enrollment.source_language)
    released = ReleaseEntry.objects.filter(document=page.document_id, revision=revision)
    if revision not in (None, page.revision_id) and not released.exists():
        raise UnknownRevision(revision)
    # Also finishes a lesson whose last open question is gone: retired, or meant for another post.
    if waiting_in(enrollment, step, page):
        raise LessonIncomplete(step.id)
    return complete_lesson(enrollment, page, revision=revision, at=at)


@transaction.atomic
def finish(enrollment, *, at=None):
    """Complete the enrollment if a release has retired its last open document. Returns whether it is complete."""
    enrollment = lock(enrollment)
    conclude(enrollment, at or timezone.now())
    return enrollment.completed_at is not None


def conclude(enrollment, at, completion=None):
    outline = own_outline(enrollment, enrollment.source_language)
    # After waiving, documents may still be completed, and are recorded; the enrollment stays waived.
    is_last = enrollment.is_open and progress_of(enrollment, outline).is_all_done
    if is_last:
        enrollment.completed_at = at
        enrollment.save(update_fields=["completed_at"])
        enrollment_completed.send(sender=Enrollment, enrollment=enrollment, at=at)
    # The chain of the enrollment is locked from here to the end of the transaction, so it comes after all other locks.
    if completion:
        data = {"document": completion.document.identifier, "revision": completion.revision_id}
        data["outcome"] = completion.outcome
        record("completed", actor=enrollment.learner, subject=enrollment, data=data, at=at)
    if is_last:
        data = {"release": enrollment.course.current_id}
        record("enrollment-completed", actor=enrollment.learner, subject=enrollment, data=data, at=at)


def complete_lesson(enrollment, page, *, revision=None, at=None):
    return complete(
        enrollment,
        Document.objects.get(pk=page.document_id),
        revision=Revision.objects.get(pk=revision or page.revision_id),
        outcome=Completion.Outcome.COMPLETED,
        at=at,
    )


def waiting_in(enrollment, step, page):
    check = {question.id for question in step.check}
    return waiting(asked_of(enrollment, page), check, answers_of_lesson(enrollment, page))


def asked_of(enrollment, page):
    """Id → question in its first wording, in reading order, of those for the learner's post."""
    track = track_of(enrollment, own_outline(enrollment, enrollment.source_language))
    return {key: page.questions[key] for key in page.wordings if page.questions[key].is_for(track)}


def lock(enrollment):
    """The enrollment as it is now, locked until the transaction ends."""
    for locked in LOCKED(pk=enrollment.pk):
        if Enrollment.learner.is_cached(enrollment):
            locked.post_noted = enrollment.learner.post  # has been read for this request
        return locked
    raise Enrollment.DoesNotExist(enrollment.pk)


def touch(enrollment, at):
    fields = []
    if not enrollment.started_at:
        enrollment.started_at = at
        fields.append("started_at")
    # A clock that was set back must not make it older; and one act that says it twice is written once.
    if not enrollment.last_active_at or enrollment.last_active_at < at:
        enrollment.last_active_at = at
        fields.append("last_active_at")
    if fields:
        enrollment.save(update_fields=fields)
