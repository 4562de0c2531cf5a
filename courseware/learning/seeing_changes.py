"""Settle changed lessons: the learner confirms reading, or answers the check again."""

from dataclasses import replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from courseware.content.compiled import serving
from courseware.content.models import ReleaseEntry
from courseware.evidence.recording import record
from courseware.learning.changed_lessons import LessonChange, open_change
from courseware.learning.changes_seen import ChangeSeen
from courseware.learning.completing import NeverReleased, lock, touch
from courseware.learning.progress import own_outline
from courseware.learning.tries import tries_of, was_right

Outcome = ChangeSeen.Outcome


class CheckOwed(Exception):
    """The check of the lesson must be answered on the new text."""


@transaction.atomic
def say_read(enrollment, step, release, *, at=None):
    """Confirm that the text of `release` (key, from the form) was read. Later releases stay open.

    Repeatable. Raises CheckOwed and NeverReleased.
    """
    enrollment = lock(enrollment)
    shown = ReleaseEntry.objects.filter(
        release=release, release__course=enrollment.course_id, document__identifier=step.id
    ).values_list("revision", flat=True)
    if not shown:
        raise NeverReleased(release)
    change, at = open_until(enrollment, step, shown[0]), at or timezone.now()
    if change and change.check:
        # What was left of it may be gone: retired, or meant for another post.
        page = serving.page(enrollment.release, step.id, enrollment.source_language)
        if not settle_check(enrollment, step, page, at):
            raise CheckOwed(step.id)
    elif change:
        keep(enrollment, change, Outcome.READ, at)


def settle_check(enrollment, step, page, at):
    """Whether this ends a check asked for again, of a locked enrollment. Runs no query if nothing changed."""
    change = open_change(enrollment, own_outline(enrollment, get_language()), step)
    if not change or not change.check:
        return False
    tries = change.on_new_text(tries_of(enrollment, page))
    if not all(was_right(question, tries) for question in change.check):
        return False
    read = max(answer.revision_id for question in change.check for answer in tries[question])
    keep(enrollment, up_to(change, read), Outcome.CHECKED, at)
    return True


def open_until(enrollment, step, revision):
    change = open_change(enrollment, own_outline(enrollment, get_language()), step)
    return change and up_to(change, revision)


def up_to(change: LessonChange, revision: int) -> LessonChange | None:
    """The changes that `revision` shows already, or None."""
    changes = tuple(each for each in change.changes if each.revision <= revision)
    return replace(change, changes=changes, revision=revision) if changes else None


def keep(enrollment, change: LessonChange, outcome: Outcome, at) -> None:
    seen = ChangeSeen.objects.create(
        enrollment=enrollment,
        document_id=change.document,
        release_id=change.answers_release,
        revision_id=change.revision,
        outcome=outcome,
        seen_at=at,
    )
    touch(enrollment, at)
    verb = "changed-lesson-read" if outcome == Outcome.READ else "changed-lesson-checked"
    data = {"change": seen.pk, "document": change.step.id, "release": change.answers_release}
    record(verb, actor=enrollment.learner, subject=enrollment, data=data, at=at)
