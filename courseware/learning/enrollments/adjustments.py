"""Carry out manager actions, one transaction per batch and one `AdjustmentItem` per learner, and undo them.

A decision can be undone within a day unless another followed, an end by certification within a week.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext

from courseware.accounts.permissions.permissions import not_decided_by
from courseware.audit_log.record import record_many
from courseware.jobs.tasks import task
from courseware.learning.enrollments.creation import BATCH
from courseware.learning.manager_actions import ACTIONS, BY_KIND, ENROLL, described_by
from courseware.learning.manager_actions.manager_action import ManagerAction, UndoRefusal
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment


@transaction.atomic
def decide(adjustment, keys, *, at=None):
    """Act on these enrollments, or enroll these people. More than BATCH are left to a worker: (adjustment, [])."""
    keys = sorted(keys)
    if len(keys) > BATCH:
        adjustment.made_at, adjustment.people_left = at or timezone.now(), len(keys)
        adjustment.save(force_insert=True)
        decide_on_all.enqueue(adjustment.pk, keys)
        return adjustment, []
    if BY_KIND[adjustment.kind].is_about_people:
        return enroll_people(keys, adjustment, again=len(keys) == 1, at=at)
    return adjust(Enrollment.objects.filter(pk__in=keys).order_by("pk"), adjustment, at=at)


@task
def decide_on_all(pk, keys):
    """Started again, it skips everybody who has a line already, undone or not."""
    adjustment = Adjustment.objects.get(pk=pk)
    of_key = "learner" if BY_KIND[adjustment.kind].is_about_people else "enrollment"
    done = set(adjustment.lines.values_list(of_key, flat=True))
    keys = [key for key in keys if key not in done]
    for first in range(0, len(keys), BATCH):
        if not decide_on_next(pk, keys[first : first + BATCH], left=len(keys) - first):
            return


@transaction.atomic
def decide_on_next(pk, batch, *, left):
    """`left` counts the people not done yet, with these. Returns False if the rest was called off."""
    rows = Adjustment.objects.select_for_update(of=("self",), no_key=True).select_related("made_by", "course")
    adjustment = rows.get(pk=pk)
    if adjustment.people_left == 0:
        return False
    if BY_KIND[adjustment.kind].is_about_people:
        enroll_people(batch, adjustment, at=adjustment.made_at)
    else:
        adjust(Enrollment.objects.filter(pk__in=batch).order_by("pk"), adjustment, at=adjustment.made_at)
    adjustment.people_left = left - len(batch)
    adjustment.save(update_fields=["people_left"])
    return True


@transaction.atomic
def call_off(adjustment):
    """Leave everybody whom the worker has not reached as they are. Returns their number."""
    adjustment = Adjustment.objects.select_for_update(no_key=True).get(pk=adjustment.pk)
    left = adjustment.people_left or 0
    if left:
        adjustment.people_left = 0
        adjustment.save(update_fields=["people_left"])
    return left


@transaction.atomic
def adjust(enrollments, adjustment, *, at=None):
    """(the adjustment, None if it changed nothing; the refusals). It is saved with its first line."""
    adjustment.made_at = at or timezone.now()
    waiting = [
        AdjustmentItem(adjustment=adjustment, learner_id=each.learner_id, enrollment_id=each.pk) for each in enrollments
    ]
    made, refused, events = BY_KIND[adjustment.kind].make(adjustment, waiting)
    return keep(adjustment, made, events), refused


def keep(adjustment, made, events):
    """The adjustment, saved and logged with its lines; None without lines."""
    if not made:
        return None
    if not adjustment.pk:
        adjustment.save(force_insert=True)
    for line in made:
        line.adjustment = adjustment  # which has its key only now
    AdjustmentItem.objects.bulk_create(made)
    record_many(events)
    return adjustment


@transaction.atomic
def enroll_people(people, adjustment, *, again=False, at=None):
    """Like `adjust`, for keys of active people. `again`: also people who completed the course or are exempt."""
    adjustment.made_at = at or timezone.now()
    made, refused, events = ENROLL.make_for_people(adjustment, people, again=again)
    return keep(adjustment, made, events), refused


def adjustments_of(enrollment, *, is_own):
    """Adjustment lines, oldest first, with `words` for the learner (`is_own`) or for others. Runs 1 query.

    Includes extra time given in other courses.
    """
    kinds = [action.kind for action in ACTIONS if action.is_of_the_person]
    of_the_person = Q(adjustment__kind__in=kinds, learner=enrollment.learner_id)
    lines = AdjustmentItem.objects.filter(Q(enrollment=enrollment.pk) | of_the_person, made_at__isnull=False)
    lines = list(lines.select_related("adjustment__made_by", "undone_by").order_by("made_at", "pk"))
    for line in lines:
        if line.enrollment_id == enrollment.pk:
            line.enrollment = enrollment  # whose zone is known
        who = line.adjustment.made_by.name if line.adjustment.made_by else gettext("The site")
        line.words = described_by(line.adjustment).words(line, who, is_own=is_own)
    return lines


@dataclass(frozen=True)
class NotUndone:
    learner: int
    why: UndoRefusal


def newest_lines(enrollments):
    lines = AdjustmentItem.objects.filter(enrollment__in=enrollments, made_at__isnull=False)
    return dict(lines.order_by().values_list("enrollment").annotate(Max("pk")))


def items_manageable_by(user, adjustment):
    """Lines that `user` may undo; those of removed enrollments only if `user` had made them."""
    own = Q(enrollment__in=Enrollment.objects.in_hands_of(user))
    if adjustment.made_by_id == user.pk:
        own |= Q(enrollment=None)
    lines = adjustment.lines.filter(own).exclude(learner__in=not_decided_by(user)).order_by("enrollment", "pk")
    return lines.select_related("adjustment")


def may_still(line, newest, at=None):
    """Whether the line can be undone; `newest` is from `newest_lines`."""
    return why_it_stays(line, newest, at or timezone.now()) is None


def why_it_stays(line, newest, at):
    action = BY_KIND.get(line.adjustment.kind)
    if action is None:
        return UndoRefusal.UNKNOWN
    if line.undone_at or line.enrollment_id is None:
        return UndoRefusal.UNDONE
    if line.made_at is None or at - line.made_at > action.undone_within:
        return UndoRefusal.LATE
    return None if newest.get(line.enrollment_id) == line.pk else UndoRefusal.LATER


@transaction.atomic
def undo(adjustment, lines, *, by, at=None):
    """(keys of learners restored, those who were not). `lines` are of the adjustment, at most a batch."""
    at = at or timezone.now()
    action = BY_KIND.get(adjustment.kind) or ManagerAction()
    enrollments = action.locked(lines)
    of_now = AdjustmentItem.objects.filter(pk__in=[line.pk for line in lines], adjustment=adjustment)
    fresh = list(of_now.select_related("learner"))
    newest = newest_lines(enrollments)
    able, left = [], []
    for line in fresh:
        line.adjustment = adjustment
        line.enrollment = enrollments.get(line.enrollment_id)
        why = why_it_stays(line, newest, at) or action.why_it_stays(line)
        able += [] if why else [line]
        left += [NotUndone(line.learner_id, why)] if why else []
    done, events = action.undo(able, by, at) if able else ([], [])
    left += [NotUndone(line.learner_id, UndoRefusal.LATER) for line in able if line not in done]
    for line in done:
        line.undone_at, line.undone_by = at, by
    AdjustmentItem.objects.bulk_update(done, ["undone_at", "undone_by"])
    record_many(events)
    return [line.learner_id for line in done], left
