"""Expert reviews: enter and withdraw them. Both make a release."""

from collections.abc import Callable, Mapping
from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from courseware.content.models import Course, ExpertReview, Release, Revision
from courseware.content.releases.publishing import (
    StaleChoice,
    compile_valid,
    expert_reviews_of,
    lock_course,
    record_expert_review,
    release,
    released_revisions,
    withdraw_review,
)
from courseware.content.releases.revisions import by_path, files_of
from courseware.content.rendering.expert_reviews import Reviewer, reviewers_of
from courseware.course_format.awaiting_review import is_awaiting_review
from courseware.course_format.course import read_course


def enter_expert_review(revision: Revision, reader: Reviewer, *, by, at=None) -> Release:
    """Store a review by `reader` and show the reviewed text; return the new release, or the current one if `revision`
    has a review. `by`: user. Raise `PassMarkTooLow`; `StaleChoice` if learners have another revision, or nothing in
    `revision` needs a review.
    """
    at = at or timezone.now()

    def with_reader(reviews: Mapping[int, ExpertReview]) -> dict[str, Reviewer] | None:
        if revision.pk in reviews:
            return None
        return reviewers_of(reviews.values()) | {revision.document.identifier: reader}

    def write() -> None:
        made = ExpertReview.objects.create(revision=revision, **vars(reader), entered_at=at, entered_by=by)
        record_expert_review("expert-review-entered", made, by=by, at=at)

    note = gettext("Reviewed by %(name)s, %(profession)s") % vars(reader)
    return release_with_reviewers(revision, with_reader, write, note, by, at)


def withdraw_expert_review(review: ExpertReview, *, by, at=None) -> Release:
    """Withdraw a review and hide the reviewed text; return the new release, or the current one if the review was
    withdrawn before. `by`: user. Raise `PassMarkTooLow`; `StaleChoice` if learners have another revision, or nothing in
    it needs a review.
    """
    at = at or timezone.now()

    def without_reader(reviews: Mapping[int, ExpertReview]) -> dict[str, Reviewer] | None:
        if reviews.get(review.revision_id) != review:
            return None
        return reviewers_of(each for each in reviews.values() if each != review)

    note = gettext("Review by %(name)s was withdrawn") % {"name": review.name}
    return release_with_reviewers(
        review.revision, without_reader, partial(withdraw_review, review, by=by, at=at), note, by, at
    )


def release_with_reviewers(
    revision: Revision,
    readers_after: Callable[[Mapping[int, ExpertReview]], dict[str, Reviewer] | None],
    write: Callable[[], None],
    note: str,
    by,
    at,
) -> Release:
    """Release the same revisions with other reviewers, after calling `write` in the transaction; return the release.
    `readers_after` gets revision key → valid review, and returns document id → reviewer, or None if there is nothing to
    do: then return the current release. Raise `PassMarkTooLow`; `StaleChoice` if learners have another revision, or
    nothing in `revision` needs a review.
    """
    while True:  # again if another person has released meanwhile, as compiling holds no lock
        course = Course.objects.select_related("current").get(pk=revision.document.course_id)
        released = released_revisions(course)
        if course.current is None or released.get(revision.document_id) != revision:
            raise StaleChoice(f"{revision}: learners have another one")
        readers = readers_after({each.revision_id: each for each in expert_reviews_of(released.values())})
        if readers is None:
            return course.current
        files = by_path(files_of(released.values()).values())
        text = read_course({path: file.body for path, file in files.items()})  # was valid when it was released
        identifier = revision.document.identifier  # a figure is not in `text.documents`
        if identifier not in text.documents or not is_awaiting_review(text.source(identifier)):
            raise StaleChoice(f"{revision}: nothing in it waits")
        compiled = compile_valid(files, readers, text)
        with transaction.atomic():
            locked = lock_course(course)
            if locked.current_id == course.current_id:
                write()
                return release(locked, released.values(), compiled, impacts={}, note=note[:200], by=by, at=at)


def last_expert_reviews(course: Course) -> dict[int, ExpertReview]:
    """Return primary key of a document → its latest review that was not withdrawn, of any revision. Runs one query."""
    valid = ExpertReview.objects.filter(revision__document__course=course, undone_at=None)
    valid = valid.select_related("revision", "entered_by").order_by("pk")
    return {each.revision.document_id: each for each in valid}
