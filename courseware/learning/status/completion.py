"""Completion of documents and enrollments. No other module decides it."""

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from courseware.audit_log.record import record
from courseware.content.models import Document, ReleaseEntry, Revision
from courseware.content.rendering import store
from courseware.learning.lessons.answer_history import answers_of_lesson, waiting
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.progress import job_role_of, own_outline, progress_of
from courseware.lib.db.compiled_query import CompiledQuery

LOCKED = CompiledQuery(
    lambda pk: Enrollment.objects.select_for_update(of=("self",), no_key=True).with_release().filter(pk=pk)
)


# Sent once, in the transaction that completes an enrollment: sender=Enrollment, enrollment=…, at=….
# A receiver that raises rolls back the completion.
enrollment_completed = Signal()


class LessonIncomplete(Exception):
    """A question of the lesson has no answer, or one of its check no right answer."""


class UnknownRevision(Exception):
    """A form names a revision or release that never contained the lesson."""


@transaction.atomic
def complete(enrollment, document, *, revision, outcome, at=None):
    """Record that a document is completed, without checking answers or results, and complete the enrollment with its
    last required one. `outcome`: a `Completion.Outcome`. Return the `Completion`; a repeated call returns the first.
    `at`: default now.
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
def mark_read(enrollment, step, *, revision=None, at=None):
    """Complete the lesson `step`; return its `Completion`. `revision`: id of the revision shown (None: the current
    one). Raise `LessonIncomplete` or `UnknownRevision`.
    """
    enrollment = lock(enrollment)
    page = store.page(enrollment.release, step.id, enrollment.source_language)
    released = ReleaseEntry.objects.filter(document=page.document_id, revision=revision)
    if revision not in (None, page.revision_id) and not released.exists():
        raise UnknownRevision(revision)
    # Also completes a lesson whose last open question was archived or is for another job role.
    if waiting_in(enrollment, step, page):
        raise LessonIncomplete(step.id)
    return complete_lesson(enrollment, page, revision=revision, at=at)


@transaction.atomic
def finish(enrollment, *, at=None):
    """Complete the enrollment if all required steps are done, as after a new release. Return whether it is complete."""
    enrollment = lock(enrollment)
    conclude(enrollment, at or timezone.now())
    return enrollment.completed_at is not None


def conclude(enrollment, at, completion=None):
    """Complete the locked enrollment if it is open and all required steps are done. Log this and any `completion`."""
    outline = own_outline(enrollment, enrollment.source_language)
    # An exempt learner may still complete documents; the enrollment stays exempt.
    is_last = enrollment.is_open and progress_of(enrollment, outline).is_all_done
    if is_last:
        enrollment.completed_at = at
        enrollment.save(update_fields=["completed_at"])
        enrollment_completed.send(sender=Enrollment, enrollment=enrollment, at=at)
    # Logged last, as this locks the hash chain of the enrollment until the transaction ends.
    if completion:
        data = {"document": completion.document.identifier, "revision": completion.revision_id}
        data["outcome"] = completion.outcome
        record("completed", actor=enrollment.learner, subject=enrollment, data=data, at=at)
    if is_last:
        data = {"release": enrollment.course.current_id}
        record("enrollment-completed", actor=enrollment.learner, subject=enrollment, data=data, at=at)


def complete_lesson(enrollment, page, *, revision=None, at=None):
    """Complete the lesson of a page, without checking its questions. `revision`: id shown; None: that of the page."""
    return complete(
        enrollment,
        Document.objects.get(pk=page.document_id),
        revision=Revision.objects.get(pk=revision or page.revision_id),
        outcome=Completion.Outcome.COMPLETED,
        at=at,
    )


def waiting_in(enrollment, step, page):
    """Return ids of the questions that keep the lesson `step` from being completed. `page`: of the lesson."""
    check = {question.id for question in step.check}
    return waiting(asked_of(enrollment, page), check, answers_of_lesson(enrollment, page))


def asked_of(enrollment, page):
    """Return id → question in its first variant, in reading order, for the learner's job role."""
    job_role = job_role_of(enrollment, own_outline(enrollment, enrollment.source_language))
    return {key: page.questions[key] for key in page.wordings if page.questions[key].is_for(job_role)}


def lock(enrollment):
    """Return the current row, locked until the transaction ends. Raise `Enrollment.DoesNotExist` if it is gone."""
    for locked in LOCKED(pk=enrollment.pk):
        if Enrollment.learner.is_cached(enrollment):
            locked.noted_job_role = enrollment.learner.job_role  # is loaded already
        return locked
    raise Enrollment.DoesNotExist(enrollment.pk)


def touch(enrollment, at):
    """Set `started_at` if empty, and `last_active_at` if `at` is later; save them."""
    fields = []
    if not enrollment.started_at:
        enrollment.started_at = at
        fields.append("started_at")
    # A clock that was set back must not make it older. Two calls in one request write once.
    if not enrollment.last_active_at or enrollment.last_active_at < at:
        enrollment.last_active_at = at
        fields.append("last_active_at")
    if fields:
        enrollment.save(update_fields=fields)
