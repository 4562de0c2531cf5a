"""Make, change and switch rules, and take back what a rule did for people who have not begun.

Each step or batch is one transaction and harmless when repeated.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from courseware.accounts.models import AccountMerge, User
from courseware.accounts.permissions.permissions import not_decided_by
from courseware.assignments.models import AssignmentRule, RuleAction, RuleVersion
from courseware.assignments.rules.execution import act_soon
from courseware.assignments.rules.plan import version_of
from courseware.audit_log.record import NewEvent, record, record_many, subject_of
from courseware.jobs.tasks import task
from courseware.learning.emails import enrollment
from courseware.learning.enrollments.newest import stands_for_another
from courseware.learning.models import Enrollment
from courseware.lib.db.chunks import batches
from courseware.notifications.models import OutgoingEmail

BOOKKEEPING = {"id", "rule", "number", "made_by", "made_at"}
TERMS = tuple(field.attname for field in RuleVersion._meta.concrete_fields if field.name not in BOOKKEEPING)


class NameTaken(Exception):
    """Another rule that is on has the same name."""


def is_name_taken(rule: AssignmentRule, name: str) -> bool:
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


RUNS_AT_ONCE = 50  # so that nobody else waits longer than that takes
NOT_BEGUN = dict.fromkeys(("started_at", "attempts", "runs"))


def deeds_behind_runs() -> QuerySet[RuleAction]:
    return RuleAction.objects.filter(taken_back_at=None).exclude(deed=RuleAction.Kind.EXCUSE)


def runs_begun_by(rule: AssignmentRule) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(pk__in=deeds_behind_runs().filter(rule=rule).values("enrollment"))


def runs_to_go(rule: AssignmentRule, by: User) -> QuerySet[Enrollment]:
    """Enrollments by this rule alone in which nobody did, asked or decided anything, if `by` may decide about them."""
    others = deeds_behind_runs().filter(enrollment=OuterRef("pk")).exclude(rule=rule)
    untouched = NOT_BEGUN | dict.fromkeys(("adjustment_lines", "day_requests", "manager_questions"))
    open_runs = runs_begun_by(rule).open()  # type: ignore[attr-defined]
    return open_runs.filter(~Exists(others), ~stands_for_another(), **untouched).exclude(learner__in=not_decided_by(by))


def runs_that_stay(rule: AssignmentRule, by: User) -> QuerySet[Enrollment]:
    return runs_begun_by(rule).exclude(pk__in=runs_to_go(rule, by).values("pk"))


@transaction.atomic
def take_back_deeds(rule: AssignmentRule, *, by: User) -> int:
    """Switch the rule off, and take back a batch; a worker does the rest. Returns how many are taken back at once."""
    at = timezone.now()
    switch_off(rule, by=by, at=at)
    if not (number := take_back_next(rule, by=by, at=at)):
        return 0
    record("rule-taken-back", actor=by, subject=rule, at=at)
    if runs_to_go(rule, by).exists():
        take_back_rest.enqueue(rule.pk, by.pk)
    return number


@task
def take_back_rest(rule: int, by: int) -> None:
    person = User.objects.get(pk=by)
    while take_back_next(AssignmentRule.objects.get(pk=rule), by=person):
        pass


@transaction.atomic
def take_back_next(rule: AssignmentRule, *, by: User, at: datetime | None = None) -> int:
    """Nothing where the rule was switched on again meanwhile."""
    rule, at = locked_rule(rule), at or timezone.now()
    if rule.is_on:
        return 0
    keys = list(runs_to_go(rule, by).order_by("pk").values_list("pk", flat=True)[:RUNS_AT_ONCE])
    return take_back_runs(rule, keys, by=by, at=at)


def take_back_for_some(rule: AssignmentRule, keys: Sequence[int], *, by: User) -> int:
    """Take back those of these enrollments that are in `runs_to_go`, for good. Returns how many."""
    at, number = timezone.now(), 0
    for some in batches(keys, RUNS_AT_ONCE):
        with transaction.atomic():
            gone = take_back_runs(locked_rule(rule), some, by=by, at=at, is_final=True)
            if gone:
                record("rule-taken-back", actor=by, subject=rule, data={"people": gone}, at=at)
        number += gone
    return number


def take_back_runs(rule: AssignmentRule, keys: Sequence[int], *, by: User, at: datetime, is_final: bool = False) -> int:
    """Call it in the transaction that has locked the rule."""
    list(Enrollment.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    # Asked once more, now that nobody can begin them.
    runs = list(runs_to_go(rule, by).filter(pk__in=keys).select_related("learner").order_by("pk"))
    told = told_of(runs)
    excused, removed = [run for run in runs if run.pk in told], [run for run in runs if run.pk not in told]
    for run in excused:
        with translation.override(run.learner.language or settings.LANGUAGE_CODE):
            reason = _("The rule “%(rule)s” was taken back.") % {"rule": rule}
        run.waived_at, run.waived_reason = at, reason
    deeds = RuleAction.objects.filter(rule=rule, enrollment__in=runs, taken_back_at=None)
    deeds.update(taken_back_at=at, is_final=is_final)
    Enrollment.objects.write_many(excused, ["waived_at", "waived_reason"])
    data = {"rule": rule.pk}
    events = [NewEvent("waived", run, by, data, at) for run in excused]
    events += [NewEvent("enrollment-removed", subject_of(run), by, data, at) for run in removed]
    if removed:
        Enrollment.objects.remove_many(removed)
    record_many(events)
    return len(runs)


def told_of(runs: list[Enrollment]) -> set[int]:
    """Keys of the enrollments that an email has left about, to whichever account of the learner."""
    people = {run.learner_id for run in runs}
    names = AccountMerge.objects.standing().filter(kept__in=people).values_list("other", flat=True)
    letters = OutgoingEmail.objects.handed_over().filter(kind__in=enrollment.KINDS, person__in=[*people, *names])
    return {run for data in letters.values_list("data", flat=True) for run in data.get("subjects", ())}
