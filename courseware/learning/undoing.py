"""Undo a decision within a day, unless another followed. An end by certification can be undone for a week."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from courseware.accounts.permissions import not_decided_by
from courseware.evidence.recording import record_many
from courseware.learning.adjustments import AdjustmentLine
from courseware.learning.manager_actions import BY_KIND
from courseware.learning.manager_actions.manager_action import ManagerAction, Stays
from courseware.learning.models import Enrollment


@dataclass(frozen=True)
class NotUndone:
    """`learner` is a key."""

    learner: int
    why: Stays


def newest_lines(enrollments):
    """Enrollment → key of its newest line. Runs one query."""
    lines = AdjustmentLine.objects.filter(enrollment__in=enrollments, made_at__isnull=False)
    return dict(lines.order_by().values_list("enrollment").annotate(Max("pk")))


def lines_in_hands_of(user, adjustment):
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
        return Stays.UNKNOWN
    if line.undone_at or line.enrollment_id is None:
        return Stays.UNDONE
    if line.made_at is None or at - line.made_at > action.undone_within:
        return Stays.LATE
    return None if newest.get(line.enrollment_id) == line.pk else Stays.LATER


@transaction.atomic
def undo(adjustment, lines, *, by, at=None):
    """(keys of learners restored, those who were not). `lines` are of the adjustment, at most a batch."""
    at = at or timezone.now()
    action = BY_KIND.get(adjustment.kind) or ManagerAction()
    enrollments = action.locked(lines)
    of_now = AdjustmentLine.objects.filter(pk__in=[line.pk for line in lines], adjustment=adjustment)
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
    left += [NotUndone(line.learner_id, Stays.LATER) for line in able if line not in done]
    for line in done:
        line.undone_at, line.undone_by = at, by
    AdjustmentLine.objects.bulk_update(done, ["undone_at", "undone_by"])
    record_many(events)
    return [line.learner_id for line in done], left
