"""Certified enrollments: end unstarted ones created by rules, if the learner is certified in the course."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.assessment.certificates.external_training import MAX_TRAININGS_PER_TRANSACTION, record_external_training
from courseware.assessment.models import ExternalTraining
from courseware.assignments.models import AssignmentRule, RuleAction
from courseware.assignments.rules import plan
from courseware.assignments.rules.lifecycle import NOT_BEGUN, RUNS_AT_ONCE, actions_behind_enrollments
from courseware.assignments.rules.plan import acting_rules, chunks_of_people, version_of
from courseware.assignments.rules.scope import (
    ActionKind,
    Certified,
    PersonFacts,
    RuleReason,
    reason_outside,
    renewal_of,
)
from courseware.jobs.schedule import Daily, schedule
from courseware.learning.enrollments.adjustments import NotUndone, adjust, undo
from courseware.learning.enrollments.newest import continues_closed_enrollment
from courseware.learning.manager_actions.certified import EndCertified
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment
from courseware.lib import dates
from courseware.lib.db.chunks import batches

Pair = tuple[int, int]  # person id, course id


@dataclass
class RecordedTrainings:
    """Numbers of trainings and of ended and kept enrollments. `adjustment` holds the ended ones, or is None."""

    trainings: int = 0
    ended: int = 0
    kept: int = 0
    adjustment: Adjustment | None = None


def unstarted_by_rules() -> QuerySet[Enrollment]:
    """Return a queryset of open, unstarted enrollments created by rules. Those that were kept on purpose or reopened,
    or that replace an enrollment closed by a merge, are left out.
    """
    items = AdjustmentItem.objects.filter(enrollment=OuterRef("pk"), adjustment__kind=EndCertified.kind)
    by_rule = actions_behind_enrollments().filter(enrollment=OuterRef("pk"))
    enrollments = Enrollment.objects.newest().open()
    return enrollments.filter(Exists(by_rule), ~Exists(items), ~continues_closed_enrollment(), **NOT_BEGUN).order_by(
        "pk"
    )


def unstarted_of(trainings: Collection[ExternalTraining]) -> list[Enrollment]:
    """Return `unstarted_by_rules` of the person and the course of a training."""
    pairs = {(each.person_id, each.course_id) for each in trainings}
    people, courses = ({pair[part] for pair in pairs} for part in (0, 1))
    found = unstarted_by_rules().filter(learner__in=people, course__in=courses)
    return [enrollment for enrollment in found if (enrollment.learner_id, enrollment.course_id) in pairs]


def unneeded_enrollments(
    enrollments: Collection[Enrollment], day: date, trainings: Collection[ExternalTraining] = ()
) -> list[Enrollment]:
    """Return those of `enrollments` whose learner is certified on `day`, also by `trainings` as if recorded.
    Enrollments that opened a renewal, or for which a rule would open one on `day`, are left out. `enrollments`: of
    `unstarted_by_rules`, which is not checked.
    """
    actions = defaultdict(list)
    for action in actions_behind_enrollments().filter(enrollment__in=enrollments).select_related("rule__current"):
        actions[action.enrollment_id].append(action)
    courses = {enrollment.course_id for enrollment in enrollments}
    acting = list(acting_rules().filter(course__in=courses))
    rules = {each.pk: each for each in acting} | {each.rule_id: each.rule for own in actions.values() for each in own}
    [people] = chunks_of_people({enrollment.learner_id for enrollment in enrollments})
    facts = {person.key: person for person in plan.facts_of(people, list(rules.values()))}
    proposed = certificates_of(trainings)
    found = []
    for enrollment in enrollments:
        person = facts.get(enrollment.learner_id)
        proofs = [person.certificates.get(enrollment.course_id)] if person else []
        proofs += proposed.get((enrollment.learner_id, enrollment.course_id), [])
        certified = max((proof for proof in proofs if proof), key=lambda proof: proof.until, default=None)
        if person and certified and day <= certified.until:
            matching = [
                rule for rule in acting if rule.course_id == enrollment.course_id and is_about(rule, person, day)
            ]
            asked = [*matching, *(action.rule for action in actions[enrollment.pk])]
            if not (
                any(renews(each, certified, day) for each in asked) or was_opened_for(certified, actions[enrollment.pk])
            ):
                found.append(enrollment)
    return found


def certificates_of(trainings: Collection[ExternalTraining]) -> Mapping[Pair, list[Certified]]:
    """Return (person id, course id) → certifications that `trainings` would give."""
    found = defaultdict(list)
    for each in trainings:
        found[each.person_id, each.course_id].append(Certified(each.trained_on, each.certifies_until, is_outside=True))
    return found


def is_about(rule: AssignmentRule, person: PersonFacts, day: date) -> bool:
    version = version_of(rule)
    return version.acts_since <= day and reason_outside(version, person, day) is None


def renews(rule: AssignmentRule, certified: Certified, day: date) -> bool:
    return renewal_of(version_of(rule), certified, day).kind is ActionKind.RENEW


def was_opened_for(certified: Certified, actions: Collection[RuleAction]) -> bool:
    """Return whether one of `actions` opened a renewal of `certified`."""
    ends_soon = any(
        each.why == RuleReason.ENDS_SOON and certified.until <= (each.why_day or date.min) for each in actions
    )
    yearly = any(each.why == RuleReason.EACH_YEAR and certified.since < (each.why_day or date.min) for each in actions)
    return ends_soon or yearly


@transaction.atomic
def end_unneeded(keys: Collection[int], adjustment: Adjustment) -> int:
    """End the enrollments among `keys` (ids, at most RUNS_AT_ONCE) that `unneeded_enrollments` finds on the day of
    `adjustment.made_at`; refused ones stay open. Save `adjustment` if any ends. Return the number of ended ones.
    """
    at = adjustment.made_at
    list(Enrollment.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    # Checked again under the lock: they cannot be started now.
    enrollments = unneeded_enrollments(list(unstarted_by_rules().filter(pk__in=keys)), dates.site_day(at))
    _made, refused = adjust(enrollments, adjustment, at=at) if enrollments else (None, [])
    left = {each.learner for each in refused}
    ended = [enrollment.pk for enrollment in enrollments if enrollment.learner_id not in left]
    # A rule may enroll the person again when the certificate has expired.
    RuleAction.objects.filter(enrollment__in=ended, undone_at=None).update(undone_at=at)
    return len(ended)


def register() -> None:
    words = _("End enrollments of people who are already certified")
    schedule("end-certified", words, end_certified, Daily(time(4, 35)))


def end_certified() -> str:
    """Nightly job: end all unneeded enrollments. Return their number as text."""
    adjustment, number = Adjustment(kind=EndCertified.kind, made_at=timezone.now()), 0
    certified = unstarted_by_rules().filter(certified_until__gte=dates.site_day())
    keys = list(certified.values_list("pk", flat=True))
    for some in batches(keys, RUNS_AT_ONCE):
        number += end_unneeded(some, adjustment)
    return f"end: {number}"


def record_trainings(trainings: Sequence[ExternalTraining], *, by: User, ends: bool | None) -> RecordedTrainings:
    """Record external training, batch by batch. Return what changed. Raise OwnTraining; earlier batches stay.
    `ends`: True ends unneeded enrollments; False keeps them, also from the nightly job; None leaves them to the job.
    """
    recorded = RecordedTrainings()
    ending = Adjustment(kind=EndCertified.kind, made_by=by, made_at=timezone.now())
    keeping = Adjustment(kind=EndCertified.kind, made_by=by, made_at=ending.made_at)
    for some in batches(trainings, MAX_TRAININGS_PER_TRANSACTION):
        with transaction.atomic():
            new = record_external_training(some, by=by, at=ending.made_at)
            recorded.trainings += len(new)
            keys = [enrollment.pk for enrollment in unstarted_of(new)] if ends is not None and new else []
            if ends:
                recorded.ended += end_unneeded(keys, ending)
            elif keys:
                recorded.kept += store_unneeded(keys, keeping)
    recorded.adjustment = ending if recorded.ended else None
    return recorded


def store_unneeded(keys: Collection[int], adjustment: Adjustment) -> int:
    """Protect from the nightly job those of `keys` (enrollment ids) that `unneeded_enrollments` finds. Save
    `adjustment` if there are any. Return their number.
    """
    at, by = adjustment.made_at, adjustment.made_by
    enrollments = unneeded_enrollments(list(unstarted_by_rules().filter(pk__in=keys)), dates.site_day(at))
    if enrollments and not adjustment.pk:
        adjustment.save(force_insert=True)
    AdjustmentItem.objects.bulk_create(
        AdjustmentItem(
            adjustment=adjustment,
            learner_id=enrollment.learner_id,
            enrollment=enrollment,
            made_at=at,
            undone_at=at,
            undone_by=by,
        )
        for enrollment in enrollments
    )
    return len(enrollments)


@transaction.atomic
def undo_ending(
    adjustment: Adjustment, items: Sequence[AdjustmentItem], *, by: User
) -> tuple[list[int], list[NotUndone]]:
    """Undo `items` of an `EndCertified` adjustment: reopen the enrollments, and let their rules act on them again.
    Arguments and result as in `adjustments.undo`.
    """
    done, left = undo(adjustment, items, by=by)
    enrollments = [item.enrollment_id for item in items if item.learner_id in done]
    RuleAction.objects.filter(enrollment__in=enrollments, undone_at=adjustment.made_at).update(undone_at=None)
    return done, left
