"""Adjustments: do and undo manager actions. One transaction per batch, one `AdjustmentItem` per learner."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext

from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.audit_log.record import record_many
from courseware.jobs.tasks import task
from courseware.learning.enrollments.creation import BATCH
from courseware.learning.manager_actions import ACTIONS, BY_KIND, ENROLL, described_by
from courseware.learning.manager_actions.manager_action import ManagerAction, UndoRefusal
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment


@transaction.atomic
def start_adjustment(adjustment, keys, *, at=None):
    """Carry out an unsaved adjustment. `keys`: ids of enrollments, or of people if the action is about people. Return
    (adjustment, list of `Unadjusted`); None instead of an adjustment without effect. For more than BATCH keys a worker
    does it, and the result is (adjustment, []). People who completed the course or are exempt are enrolled again only
    if there is 1 key.
    """
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
    """Carry out the saved adjustment `pk` for `keys` (see `start_adjustment`) in batches. A rerun skips those done."""
    adjustment = Adjustment.objects.get(pk=pk)
    of_key = "learner" if BY_KIND[adjustment.kind].is_about_people else "enrollment"
    done = set(adjustment.lines.values_list(of_key, flat=True))
    keys = [key for key in keys if key not in done]
    for first in range(0, len(keys), BATCH):
        if not decide_on_next(pk, keys[first : first + BATCH], left=len(keys) - first):
            return


@transaction.atomic
def decide_on_next(pk, batch, *, left):
    """Carry out one batch of ids (see `start_adjustment`) for the adjustment `pk`. `left`: number of people not
    processed yet, including this batch. Return False if cancelled.
    """
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
    """Cancel the rest of an adjustment that a worker carries out. Return the number of people left out, or 0."""
    adjustment = Adjustment.objects.select_for_update(no_key=True).get(pk=adjustment.pk)
    left = adjustment.people_left or 0
    if left:
        adjustment.people_left = 0
        adjustment.save(update_fields=["people_left"])
    return left


@transaction.atomic
def adjust(enrollments, adjustment, *, at=None):
    """Carry out an adjustment, saved or not, for these enrollments, and save it if it has an effect. Return
    (adjustment, list of `Unadjusted`); None instead of an adjustment without effect.
    """
    adjustment.made_at = at or timezone.now()
    items = [
        AdjustmentItem(adjustment=adjustment, learner_id=each.learner_id, enrollment_id=each.pk) for each in enrollments
    ]
    made, refused, events = BY_KIND[adjustment.kind].make(adjustment, items)
    return keep(adjustment, made, events), refused


def keep(adjustment, made, events):
    """Save and log the adjustment with the items `made` and the `events`. Return it; None without items."""
    if not made:
        return None
    if not adjustment.pk:
        adjustment.save(force_insert=True)
    for item in made:
        item.adjustment = adjustment  # it has its id only now
    AdjustmentItem.objects.bulk_create(made)
    record_many(events)
    return adjustment


@transaction.atomic
def enroll_people(people, adjustment, *, again=False, at=None):
    """Like `adjust`, for ids of people; inactive ones are skipped. `again`: also people who completed or are exempt."""
    adjustment.made_at = at or timezone.now()
    made, refused, events = ENROLL.make_for_people(adjustment, people, again=again)
    return keep(adjustment, made, events), refused


def adjustments_of(enrollment, *, is_own):
    """Return the items of an enrollment, oldest first, undone ones too, with `words`: text for the learner (`is_own`)
    or for others. Includes extra time set in other courses. Runs one query.
    """
    kinds = [action.kind for action in ACTIONS if action.is_of_the_person]
    of_the_person = Q(adjustment__kind__in=kinds, learner=enrollment.learner_id)
    items = AdjustmentItem.objects.filter(Q(enrollment=enrollment.pk) | of_the_person, made_at__isnull=False)
    items = list(items.select_related("adjustment__made_by", "undone_by").order_by("made_at", "pk"))
    for item in items:
        if item.enrollment_id == enrollment.pk:
            item.enrollment = enrollment  # its zone is loaded
        actor_name = item.adjustment.made_by.name if item.adjustment.made_by else gettext("The site")
        item.words = described_by(item.adjustment).words(item, actor_name, is_own=is_own)
    return items


@dataclass(frozen=True)
class NotUndone:
    """A learner (id) whose item was not undone, and why."""

    learner: int
    why: UndoRefusal


def newest_lines(enrollments):
    """Return enrollment id → id of its newest item, undone or not; without items no key. `enrollments`: rows or ids."""
    items = AdjustmentItem.objects.filter(enrollment__in=enrollments, made_at__isnull=False)
    return dict(items.order_by().values_list("enrollment").annotate(Max("pk")))


def items_manageable_by(user, adjustment):
    """Return items of `adjustment` about enrollments that `user` may change; items whose enrollment was removed only if
    `user` made the adjustment. Items too late to undo are included: see `can_undo`.
    """
    own = Q(enrollment__in=Enrollment.objects.manageable_by(user))
    if adjustment.made_by_id == user.pk:
        own |= Q(enrollment=None)
    items = adjustment.lines.filter(own).exclude(learner__in=undecidable_ids(user)).order_by("enrollment", "pk")
    return items.select_related("adjustment")


def can_undo(item, newest, at=None):
    """Return whether `undo_refusal` is None; `undo` can still refuse. `newest`: from `newest_lines`. `at`: or now."""
    return undo_refusal(item, newest, at or timezone.now()) is None


def undo_refusal(item, newest, at):
    """Return an `UndoRefusal` if the kind is unknown, the item undone or too old, or not the newest of its enrollment;
    else None. `newest`: from `newest_lines`. `ManagerAction.undo_refusal` checks the rest.
    """
    action = BY_KIND.get(item.adjustment.kind)
    if action is None:
        return UndoRefusal.UNKNOWN
    if item.undone_at or item.enrollment_id is None:
        return UndoRefusal.UNDONE
    if item.made_at is None or at - item.made_at > action.undone_within:
        return UndoRefusal.LATE
    return None if newest.get(item.enrollment_id) == item.pk else UndoRefusal.LATER


@transaction.atomic
def undo(adjustment, items, *, by, at=None):
    """Undo, save and log `items` of one adjustment. Pass at most BATCH items, from `items_manageable_by`: neither is
    checked. Return (ids of restored learners, list of `NotUndone`).
    """
    at = at or timezone.now()
    action = BY_KIND.get(adjustment.kind) or ManagerAction()
    enrollments = action.locked(items)
    of_now = AdjustmentItem.objects.filter(pk__in=[item.pk for item in items], adjustment=adjustment)
    fresh = list(of_now.select_related("learner"))
    newest = newest_lines(enrollments)
    able, left = [], []
    for item in fresh:
        item.adjustment = adjustment
        item.enrollment = enrollments.get(item.enrollment_id)
        why = undo_refusal(item, newest, at) or action.undo_refusal(item)
        able += [] if why else [item]
        left += [NotUndone(item.learner_id, why)] if why else []
    done, events = action.undo(able, by, at) if able else ([], [])
    left += [NotUndone(item.learner_id, UndoRefusal.LATER) for item in able if item not in done]
    for item in done:
        item.undone_at, item.undone_by = at, by
    AdjustmentItem.objects.bulk_update(done, ["undone_at", "undone_by"])
    record_many(events)
    return [item.learner_id for item in done], left
