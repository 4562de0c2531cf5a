"""Changing the plans of reminders. Letters that were written already stay: they are asked once more when they leave."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import transaction

from courseware.accounts.models import User
from courseware.assignments.models import AssignmentRule
from courseware.assignments.reminder_plans import DEFAULT, DEFAULT_EVERY, EscalationSwitch, ReminderPlan, is_escalated
from courseware.content.models import Course
from courseware.evidence.recording import NewEvent, record, record_many


class Planned(NamedTuple):
    """`days` is None where a rule goes by its course. `every`: see `ReminderPlan`."""

    owner: Course | AssignmentRule
    days: list[int] | None
    every: int = DEFAULT_EVERY

    @property
    def place(self) -> dict[str, Any]:
        return {"course" if isinstance(self.owner, Course) else "rule": self.owner}

    def is_as(self, plan: ReminderPlan | None) -> bool:
        """Whether `plan` is the same; None: no plan is stored."""
        if plan is None:
            return self.days is None or (isinstance(self.owner, Course) and self[1:] == (DEFAULT, DEFAULT_EVERY))
        return self[1:] == (plan.days, plan.every)


@transaction.atomic
def keep_plans(wanted: Iterable[Planned], *, by: User) -> int:
    """Returns how many have changed."""
    changed = [each for each in wanted if keep_plan(each)]
    record_many(
        NewEvent("reminders-planned", each.owner, by, {"days": each.days, "every": each.every}) for each in changed
    )
    return len(changed)


@transaction.atomic
def switch_escalation(is_on: bool, *, by: User) -> bool:
    """Whether the next level is told of who is late for days. Returns whether it was the other way before."""
    if is_escalated() == is_on:
        return False
    switch = EscalationSwitch.objects.create(is_on=is_on, made_by=by)
    record("escalation-switched", actor=by, subject=switch, data={"is_on": is_on})
    return True


def keep_plan(wanted: Planned) -> bool:
    plan = ReminderPlan.objects.select_for_update(no_key=True).filter(**wanted.place).first()
    if wanted.is_as(plan):
        return False
    if wanted.days is None:
        ReminderPlan.objects.filter(**wanted.place).delete()
    else:
        ReminderPlan.objects.update_or_create(**wanted.place, defaults={"days": wanted.days, "every": wanted.every})
    return True
