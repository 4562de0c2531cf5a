"""Lifecycle of assignment rules: create, change, switch and roll back. Each step may be repeated."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from courseware.accounts.models import AccountMerge, User
from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.assignments.models import AssignmentRule, RuleAction, RuleVersion
from courseware.assignments.rules.execution import run_rules_soon
from courseware.assignments.rules.plan import version_of
from courseware.audit_log.record import NewEvent, record, record_many, subject_of
from courseware.jobs.tasks import task
from courseware.learning.emails import enrollment
from courseware.learning.enrollments.newest import continues_closed_enrollment
from courseware.learning.models import Enrollment
from courseware.lib.db.chunks import batches
from courseware.notifications.models import OutgoingEmail

BOOKKEEPING = {"id", "rule", "number", "made_by", "made_at"}
TERMS = tuple(field.attname for field in RuleVersion._meta.concrete_fields if field.name not in BOOKKEEPING)


class NameTaken(Exception):
    """Another active rule has the same name."""


def is_name_taken(rule: AssignmentRule, name: str) -> bool:
    """Return whether an active rule other than `rule` has this name, in upper or lower case."""
    others = AssignmentRule.objects.filter(switched_on_at__isnull=False, current__name__iexact=name.strip())
    return others.exclude(pk=rule.pk).exists()


def locked_rule(rule: AssignmentRule) -> AssignmentRule:
    return AssignmentRule.objects.select_for_update(no_key=True).get(pk=rule.pk)


def terms_of(version: RuleVersion) -> dict:
    return {name: getattr(version, name) for name in TERMS}


@transaction.atomic
def make_rule(course, version: RuleVersion, *, by: User | None, at: datetime | None = None) -> AssignmentRule:
    """Create and log a rule that is off, with the unsaved `version`."""
    rule = AssignmentRule.objects.create(course=course)
    return change_rule(rule, version, by=by, at=at)


@transaction.atomic
def change_rule(
    rule: AssignmentRule, version: RuleVersion, *, by: User | None, at: datetime | None = None
) -> AssignmentRule:
    """Save and log the unsaved `version` as the current one, if it differs. A used name is allowed. Return the rule."""
    rule, at = locked_rule(rule), at or timezone.now()
    before = rule.current
    if before and terms_of(before) == terms_of(version):
        return rule
    version.rule, version.number, version.made_by, version.made_at = rule, before.number + 1 if before else 1, by, at
    version.save()
    rule.current = version
    rule.save(update_fields=["current"])
    verb = "rule-changed" if before else "rule-created"
    record(verb, actor=by, subject=rule, data={"version": version.number, "course": rule.course_id}, at=at)
    return rule


@transaction.atomic
def switch_on(rule: AssignmentRule, *, by: User | None, at: datetime | None = None) -> bool:
    """Switch the rule on and execute it soon; log it. Return False if it was on. Raise NameTaken."""
    rule, at = locked_rule(rule), at or timezone.now()
    if rule.is_on:
        return False
    if is_name_taken(rule, version_of(rule).name):
        raise NameTaken
    rule.switched_on_at = at
    rule.save(update_fields=["switched_on_at"])
    run_rules_soon.enqueue(rule.pk)
    record("rule-enabled", actor=by, subject=rule, data={"version": version_of(rule).number}, at=at)
    return True


@transaction.atomic
def switch_off(rule: AssignmentRule, *, by: User | None, at: datetime | None = None) -> bool:
    """Switch the rule off and log it; enrollments stay. Return False if it was off."""
    rule = locked_rule(rule)
    if not rule.is_on:
        return False
    rule.switched_on_at = None
    rule.save(update_fields=["switched_on_at"])
    record("rule-disabled", actor=by, subject=rule, at=at)
    return True


RUNS_AT_ONCE = 50  # to keep locks short
NOT_BEGUN = dict.fromkeys(("started_at", "attempts", "runs"))


def actions_behind_enrollments() -> QuerySet[RuleAction]:
    """Return a queryset of the actions, not undone, that created enrollments."""
    return RuleAction.objects.filter(undone_at=None).exclude(kind=RuleAction.Kind.EXEMPT)


def enrollments_created_by(rule: AssignmentRule) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(pk__in=actions_behind_enrollments().filter(rule=rule).values("enrollment"))


def enrollments_to_remove(rule: AssignmentRule, by: User) -> QuerySet[Enrollment]:
    """Return a queryset of open enrollments created by this rule alone: not started, and without adjustments, extension
    requests, and questions to a manager. Those of `undecidable_ids(by)`, and those that replace an enrollment closed by
    a merge, are left out.
    """
    others = actions_behind_enrollments().filter(enrollment=OuterRef("pk")).exclude(rule=rule)
    untouched = NOT_BEGUN | dict.fromkeys(("adjustment_items", "extension_requests", "manager_questions"))
    open_enrollments = enrollments_created_by(rule).open()  # type: ignore[attr-defined]
    return open_enrollments.filter(~Exists(others), ~continues_closed_enrollment(), **untouched).exclude(
        learner__in=undecidable_ids(by)
    )


def enrollments_that_stay(rule: AssignmentRule, by: User) -> QuerySet[Enrollment]:
    """Return a queryset of enrollments created by the rule that are not in `enrollments_to_remove`."""
    return enrollments_created_by(rule).exclude(pk__in=enrollments_to_remove(rule, by).values("pk"))


@transaction.atomic
def undo_actions_of_rule(rule: AssignmentRule, *, by: User) -> int:
    """Switch the rule off, undo actions for RUNS_AT_ONCE enrollments, queue the rest. Return the number undone now."""
    at = timezone.now()
    switch_off(rule, by=by, at=at)
    if not (number := undo_next(rule, by=by, at=at)):
        return 0
    record("rule-rolled-back", actor=by, subject=rule, at=at)
    if enrollments_to_remove(rule, by).exists():
        undo_rest.enqueue(rule.pk, by.pk)
    return number


@task
def undo_rest(rule: int, by: int) -> None:
    person = User.objects.get(pk=by)
    while undo_next(AssignmentRule.objects.get(pk=rule), by=person):
        pass


@transaction.atomic
def undo_next(rule: AssignmentRule, *, by: User, at: datetime | None = None) -> int:
    """Undo the actions for the next RUNS_AT_ONCE enrollments. Return how many; 0 if the rule is on or none is left."""
    rule, at = locked_rule(rule), at or timezone.now()
    if rule.is_on:
        return 0
    keys = list(enrollments_to_remove(rule, by).order_by("pk").values_list("pk", flat=True)[:RUNS_AT_ONCE])
    return remove_enrollments(rule, keys, by=by, at=at)


def undo_for_some(rule: AssignmentRule, keys: Sequence[int], *, by: User) -> int:
    """Undo for good the actions for those `keys` (enrollment ids) in `enrollments_to_remove`. Return how many."""
    at, number = timezone.now(), 0
    for some in batches(keys, RUNS_AT_ONCE):
        with transaction.atomic():
            gone = remove_enrollments(locked_rule(rule), some, by=by, at=at, is_final=True)
            if gone:
                record("rule-rolled-back", actor=by, subject=rule, data={"people": gone}, at=at)
        number += gone
    return number


def remove_enrollments(
    rule: AssignmentRule, keys: Sequence[int], *, by: User, at: datetime, is_final: bool = False
) -> int:
    """Remove those of `keys` (ids) that are in `enrollments_to_remove`; if an email about an enrollment was sent,
    exempt the learner instead. Return how many. The caller has locked the rule. `is_final`: the rule does not enroll
    these people again.
    """
    list(Enrollment.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    # Checked again under the lock: they cannot be started now.
    enrollments = list(enrollments_to_remove(rule, by).filter(pk__in=keys).select_related("learner").order_by("pk"))
    emailed = shown_of(enrollments)
    exempted, removed = (
        [each for each in enrollments if each.pk in emailed],
        [each for each in enrollments if each.pk not in emailed],
    )
    for each in exempted:
        with translation.override(each.learner.language or settings.LANGUAGE_CODE):
            reason = _("The actions of the rule “%(rule)s” were undone.") % {"rule": rule}
        each.exempted_at, each.exemption_reason = at, reason
    actions = RuleAction.objects.filter(rule=rule, enrollment__in=enrollments, undone_at=None)
    actions.update(undone_at=at, is_final=is_final)
    Enrollment.objects.write_many(exempted, ["exempted_at", "exemption_reason"])
    data = {"rule": rule.pk}
    events = [NewEvent("exempted", each, by, data, at) for each in exempted]
    events += [NewEvent("enrollment-removed", subject_of(each), by, data, at) for each in removed]
    if removed:
        Enrollment.objects.remove_many(removed)
    record_many(events)
    return len(enrollments)


def shown_of(enrollments: list[Enrollment]) -> set[int]:
    """Return ids of enrollments, of the same learners, about which an email was sent to the learner or an alias."""
    people = {each.learner_id for each in enrollments}
    aliases = AccountMerge.objects.in_force().filter(kept__in=people).values_list("other", flat=True)
    emails = OutgoingEmail.objects.handed_over().filter(kind__in=enrollment.KINDS, person__in=[*people, *aliases])
    return {each for data in emails.values_list("data", flat=True) for each in data.get("subjects", ())}
