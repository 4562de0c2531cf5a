"""Account merge: enrollments when two accounts of one person are merged, and when the merge is undone."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, override

from courseware.accounts.models import AccountMerge, User
from courseware.accounts.teams.memberships import lock_memberships_exclusive
from courseware.audit_log.record import NewEvent
from courseware.learning.enrollments.newest import MergedEnrollment, superseded_ids
from courseware.learning.models import Answer, Completion, Enrollment
from courseware.learning.status.headcounts import HeadcountChange, record_changes


@dataclass(frozen=True)
class JoinedEnrollment:
    """Result for one course: the newest enrollment of both accounts, and the open ones to close."""

    newest: Enrollment
    closed: tuple[Enrollment, ...]

    def is_superseded(self, enrollment: Enrollment) -> bool:
        return enrollment.pk > self.newest.pk


def joined_enrollment_of(enrollments: Collection[Enrollment]) -> JoinedEnrollment:
    """Return the result for `enrollments` of one course (not empty), from `enrollments_of`. Closed are open ones if the
    other account completed the course since they began, and all other open ones but the furthest advanced. Newest is
    the open one that remains, else the last of those not closed.
    """
    ongoing = sorted((each for each in enrollments if each.is_open), key=how_far)
    done = [each for each in ongoing if any(is_done_by(other, each) for other in enrollments)]
    ongoing = [each for each in ongoing if each not in done]
    closed = (*done, *ongoing[:-1])
    rest = [each for each in enrollments if each not in closed]
    return JoinedEnrollment(ongoing[-1] if ongoing else max(rest, key=lambda each: each.pk), closed)


def how_far(enrollment):
    return enrollment.done, enrollment.answered, enrollment.started_at is not None, -enrollment.pk


def is_done_by(enrollment: Enrollment, ongoing: Enrollment) -> bool:
    """Return whether `enrollment` is of the other account and was completed at or after the start of `ongoing`."""
    is_other = enrollment.learner_id != ongoing.learner_id
    return is_other and enrollment.completed_at is not None and enrollment.completed_at >= ongoing.enrolled_at


def enrollments_of(*people: User) -> list[Enrollment]:
    """Return all enrollments of these people by id, with `done` and `answered`: numbers of completions and answers."""

    def number(facts):
        of_run = facts.objects.filter(enrollment=OuterRef("pk")).order_by().values("enrollment")
        return Coalesce(Subquery(of_run.annotate(number=Count("pk")).values("number")), 0)

    enrollments = Enrollment.objects.filter(learner__in=people).annotate(
        done=number(Completion), answered=number(Answer)
    )
    return list(enrollments.select_related("course").order_by("pk"))


def joined_enrollments(kept: User, other: User) -> list[tuple[list[Enrollment], JoinedEnrollment]]:
    """Return (all enrollments of both people, result) for each course in which `other` is enrolled."""
    by_course: dict[int, list[Enrollment]] = defaultdict(list)
    for each in enrollments_of(kept, other):
        by_course[each.course_id].append(each)
    touched = (
        enrollments for enrollments in by_course.values() if any(each.learner_id == other.pk for each in enrollments)
    )
    return [(enrollments, joined_enrollment_of(enrollments)) for enrollments in touched]


def hold(*people: User) -> None:
    """Lock the enrollments of these people, and block new ones, until the transaction ends. Lock the people before."""
    list(Enrollment.objects.select_for_update(no_key=True).filter(learner__in=people).order_by("pk").only("pk"))
    lock_memberships_exclusive([person.pk for person in people])


def is_touched(record: MergedEnrollment) -> bool:
    return record.is_transferred or record.is_closed or record.is_superseded


def places_of_newest(enrollments: Iterable[Enrollment]) -> list[HeadcountChange]:
    """Return headcount changes that remove the enrollments marked as newest from the headcounts."""
    return [HeadcountChange(each.learner_id, each.place, None) for each in enrollments if each.is_newest]


def merged_enrollment(merge: AccountMerge, enrollment: Enrollment, joined: JoinedEnrollment) -> MergedEnrollment:
    return MergedEnrollment(
        merge=merge,
        enrollment=enrollment,
        is_transferred=enrollment.learner_id == merge.other_id,
        is_closed=enrollment in joined.closed,
        is_superseded=joined.is_superseded(enrollment),
    )


def join_enrollments(merge: AccountMerge) -> list[NewEvent]:
    """Merge and save the enrollments; return the events to log. Call `hold` before; both people must be active."""
    found = joined_enrollments(merge.kept, merge.other)
    enrollments = [each for group, _joint in found for each in group]
    transferred = [each for each in enrollments if each.learner_id == merge.other_id]
    closed = [each for _group, joined in found for each in joined.closed]
    removals = places_of_newest(enrollments)
    records = [merged_enrollment(merge, each, joined) for group, joined in found for each in group]
    MergedEnrollment.objects.bulk_create(filter(is_touched, records))
    close(closed, merge)
    # In this order: a person has one newest and one open enrollment in a course.
    Enrollment.objects.filter(pk__in=keys(enrollments)).update(is_newest=False)
    Enrollment.objects.filter(pk__in=keys(transferred)).update(learner=merge.kept)
    mark_newest([joined.newest for _group, joined in found], removals)
    events = [
        enrollment_event("enrollment-transferred", each, merge, merge.made_by, merge.made_at) for each in transferred
    ]
    return events + [NewEvent("exempted", each, merge.made_by, {"merge": merge.pk}, merge.made_at) for each in closed]


def close(enrollments: Iterable[Enrollment], merge: AccountMerge) -> None:
    with override(merge.kept.language or settings.LANGUAGE_CODE):
        reason = gettext("merged with an enrollment of the same person in another account")
    for each in enrollments:
        each.exempted_at, each.exemption_reason = merge.made_at, reason
    Enrollment.objects.filter(pk__in=keys(enrollments)).update(exempted_at=merge.made_at, exemption_reason=reason)


def mark_newest(newest: Collection[Enrollment], removals: list[HeadcountChange]) -> None:
    """Mark `newest` (at most one per person and course) and update headcounts. Unmark all others before. `removals`:
    `places_of_newest` of the enrollments marked before.
    """
    Enrollment.objects.filter(pk__in=keys(newest)).update(is_newest=True)
    now = Enrollment.objects.filter(pk__in=keys(newest))
    record_changes([*removals, *(HeadcountChange(each.learner_id, None, each.place) for each in now)])


def enrollment_event(verb: str, enrollment: Enrollment, merge: AccountMerge, by: User, at: datetime) -> NewEvent:
    return NewEvent(verb, enrollment, by, {"merge": merge.pk, "kept": merge.kept_id, "other": merge.other_id}, at)


def separate_enrollments(merge: AccountMerge, by: User, at: datetime) -> list[NewEvent]:
    """Undo `join_enrollments`; return the events to log. Work done since stays in its enrollment. Call it after `hold`,
    with the merge marked as undone and both people active.
    """
    records = list(merge.runs.order_by("enrollment"))
    back = [record.enrollment_id for record in records if record.is_transferred]
    courses = Enrollment.objects.filter(pk__in=[record.enrollment_id for record in records]).values("course")
    enrollments = list(
        Enrollment.objects.filter(learner__in=[merge.kept, merge.other], course__in=courses).order_by("pk")
    )
    removals = places_of_newest(enrollments)
    Enrollment.objects.filter(pk__in=keys(enrollments)).update(is_newest=False)
    Enrollment.objects.filter(pk__in=back).update(learner=merge.other)
    for each in enrollments:
        each.learner_id = merge.other_id if each.pk in back else each.learner_id
    opened = reopen([record.enrollment_id for record in records if record.is_closed], enrollments, merge)
    mark_newest(newest_of(enrollments), removals)
    events = [enrollment_event("enrollment-returned", each, merge, by, at) for each in enrollments if each.pk in back]
    return events + [NewEvent("exemption-undone", each, by, {"merge": merge.pk}, at) for each in opened]


def reopen(closed: Collection[int], enrollments: Collection[Enrollment], merge: AccountMerge) -> list[Enrollment]:
    """Reopen, save and return those of `enrollments` with an id in `closed` that `merge` closed and nothing has changed
    since, unless the learner has another open enrollment in the course.
    """
    busy = {(each.learner_id, each.course_id) for each in enrollments if each.is_open}
    opened = [
        each
        for each in enrollments
        if each.pk in closed
        and each.exempted_at == merge.made_at
        and not each.completed_at
        and (each.learner_id, each.course_id) not in busy
    ]
    for each in opened:
        each.exempted_at, each.exemption_reason = None, ""
    Enrollment.objects.filter(pk__in=keys(opened)).update(exempted_at=None, exemption_reason="")
    return opened


def newest_of(enrollments: Collection[Enrollment]) -> list[Enrollment]:
    """Return the last per person and course; one superseded by a merge in force only if all of them are."""
    behind = set(superseded_ids().filter(enrollment__in=enrollments).values_list("enrollment", flat=True))
    found = {
        (each.learner_id, each.course_id): each
        for each in sorted(enrollments, key=lambda each: (each.pk not in behind, each.pk))
    }
    return list(found.values())


def keys(enrollments: Iterable[Enrollment]) -> list[int]:
    return [each.pk for each in enrollments]
