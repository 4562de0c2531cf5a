"""Rules made, changed, switched on and off. Each is one transaction, and harmless when repeated."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assignments.acting import act_soon
from courseware.assignments.models import AssignmentRule, RuleVersion
from courseware.assignments.planning import version_of
from courseware.evidence.recording import record

BOOKKEEPING = {"id", "rule", "number", "made_by", "made_at"}
TERMS = tuple(field.attname for field in RuleVersion._meta.concrete_fields if field.name not in BOOKKEEPING)


class NameTaken(Exception):
    """Another rule that is on has the same name."""


def is_name_taken(rule: AssignmentRule, name: str) -> bool:
    """Whether another rule that is on has this name."""
    others = AssignmentRule.objects.filter(switched_on_at__isnull=False, current__name__iexact=name.strip())
    return others.exclude(pk=rule.pk).exists()


def locked_rule(rule: AssignmentRule) -> AssignmentRule:
    return AssignmentRule.objects.select_for_update(no_key=True).get(pk=rule.pk)


def what_it_says(version: RuleVersion) -> dict:
    return {name: getattr(version, name) for name in TERMS}


@transaction.atomic
def make_rule(course, version: RuleVersion, *, by: User | None, at: datetime | None = None) -> AssignmentRule:
    """A rule that is off; `version` is not saved yet."""
    rule = AssignmentRule.objects.create(course=course)
    return change_rule(rule, version, by=by, at=at)


@transaction.atomic
def change_rule(
    rule: AssignmentRule, version: RuleVersion, *, by: User | None, at: datetime | None = None
) -> AssignmentRule:
    """What it says from now on; what it did stays as it was done. Where nothing differs, nothing is changed."""
    rule, at = locked_rule(rule), at or timezone.now()
    before = rule.current
    if before and what_it_says(before) == what_it_says(version):
        return rule
    version.rule, version.number, version.made_by, version.made_at = rule, before.number + 1 if before else 1, by, at
    version.save()
    rule.current = version
    rule.save(update_fields=["current"])
    verb = "rule-changed" if before else "rule-made"
    record(verb, actor=by, subject=rule, data={"version": version.number, "course": rule.course_id}, at=at)
    return rule


@transaction.atomic
def switch_on(rule: AssignmentRule, *, by: User | None, at: datetime | None = None) -> bool:
    """From now on it acts, at once and every night. Returns whether it was off. Raises NameTaken."""
    rule, at = locked_rule(rule), at or timezone.now()
    if rule.is_on:
        return False
    if is_name_taken(rule, version_of(rule).name):
        raise NameTaken
    rule.switched_on_at = at
    rule.save(update_fields=["switched_on_at"])
    act_soon.enqueue(rule.pk)
    record("rule-switched-on", actor=by, subject=rule, data={"version": version_of(rule).number}, at=at)
    return True


@transaction.atomic
def switch_off(rule: AssignmentRule, *, by: User | None, at: datetime | None = None) -> bool:
    """It does nothing more; who was enrolled stays so. Returns whether it was on."""
    rule = locked_rule(rule)
    if not rule.is_on:
        return False
    rule.switched_on_at = None
    rule.save(update_fields=["switched_on_at"])
    record("rule-switched-off", actor=by, subject=rule, at=at)
    return True
