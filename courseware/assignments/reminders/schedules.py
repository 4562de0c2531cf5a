"""Reminder schedules of courses and rules, and the setting for escalation emails."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from courseware.accounts.calendar.working_days import DAY, Calendar
from courseware.accounts.models import User
from courseware.assignments.models import (
    DEFAULT_EVERY,
    DEFAULT_REMINDER_DAYS,
    AssignmentRule,
    EscalationSetting,
    ReminderSchedule,
)
from courseware.audit_log.record import NewEvent, record, record_many
from courseware.content.models import Course

FARTHEST_REMINDER = 60  # working days
LAST_REPEAT = 260  # working days after the due date: about a year
MOST = 10
A_FORTNIGHT = 10  # working days
CAUGHT_UP = 2  # working days, with the current one, on which a missed reminder is caught up
IN_A_FORTNIGHT = 3  # training emails: see `notifications.email.sending_limits`


def with_repeats(days: list[int], every: int) -> list[int]:
    """Return `days`, working days before the due date (negative: after), and repeats each `every` working days after
    the last of `days` and the due date, up to LAST_REPEAT. No repeats if `every` is 0 or `days` is empty.
    """
    if not days or not every:
        return days
    return [*days, *range(min(*days, 0) - every, -LAST_REPEAT - 1, -every)]


def is_escalated() -> bool:
    newest = EscalationSetting.objects.values_list("is_on", flat=True).first()
    return bool(newest)


DEFAULT_PLAN = with_repeats(DEFAULT_REMINDER_DAYS, DEFAULT_EVERY)


def days_of_schedule(text: str) -> tuple[list[int], str]:
    """Return (days, earliest reminder first; error message or "") of a `text` such as "7, 1, -3"."""
    parts = text.replace("，", ",").replace("−", "-").replace("、", ",").split(",")
    try:
        days = sorted({int(part) for part in parts if part.strip()}, reverse=True)
    except ValueError:
        return [], _("Enter whole numbers with commas between them, such as 7, 1, -3.")
    if any(abs(day) > FARTHEST_REMINDER for day in days) or len(days) > MOST:
        return days, _(
            "Enter at most %(days)d numbers. Each reminder is at most %(farthest)d working days before or "
            "after the due date."
        ) % {
            "days": MOST,
            "farthest": FARTHEST_REMINDER,
        }
    return days, why_too_many(days)


def why_too_many(days: list[int]) -> str:
    """Return an error message if the email limit would stop a reminder, else "". `days`: earliest first."""
    for first, fourth in zip(days, days[IN_A_FORTNIGHT:], strict=False):
        if first - fourth < A_FORTNIGHT:
            message = _(
                "From day %(first)d to day %(last)d, there are 4 reminders within 14 days. A person gets at "
                "most 3 training emails in 14 days, so the last reminder would not be sent."
            )
            return message % {"first": first, "last": fourth}
    return ""


def planned_day(due_on: date, before: int, calendar: Calendar) -> date:
    """Return the date `before` working days before `due_on` (negative: after). 0: `due_on` or the last working day."""
    if before:
        return calendar.add_working_days(due_on, -before)
    return due_on if calendar.is_working(due_on) else calendar.working_day_before(due_on)


def reminder_on(today: date, due_on: date, plan: Collection[int], calendar: Calendar, *, after: date) -> int | None:
    """Return the day of `plan` whose date is latest, of those up to `today`, after the date `after`, and less than
    CAUGHT_UP working days ago; None without one. `plan`: working days before the due date, negative: after.
    """
    earliest = max(calendar.add_working_days(today, -CAUGHT_UP), after)
    late = calendar.working_days_between(due_on + DAY, today)
    near = [before for before in plan if before >= 0 or late - CAUGHT_UP <= -before <= late]  # skips most repeats
    days = {planned_day(due_on, before, calendar): before for before in sorted(near, reverse=True)}
    return next((days[day] for day in sorted(days, reverse=True) if earliest < day <= today), None)


class Planned(NamedTuple):
    """A schedule to store. `days` None: a rule uses the schedule of its course. `every`: see `ReminderSchedule`."""

    owner: Course | AssignmentRule
    days: list[int] | None
    every: int = DEFAULT_EVERY

    @property
    def place(self) -> dict[str, Any]:
        return {"course" if isinstance(self.owner, Course) else "rule": self.owner}

    def is_as(self, stored: ReminderSchedule | None) -> bool:
        """Return whether the schedule equals `stored`, or the default if that is None."""
        if stored is None:
            is_default = self[1:] == (DEFAULT_REMINDER_DAYS, DEFAULT_EVERY)
            return self.days is None or (isinstance(self.owner, Course) and is_default)
        return self[1:] == (stored.days, stored.every)


@transaction.atomic
def store_schedules(wanted: Iterable[Planned], *, by: User) -> int:
    """Store and log the schedules that differ from the stored ones; `days` None deletes one. Return how many differ."""
    changed = [each for each in wanted if store_plan(each)]
    record_many(
        NewEvent("reminders-scheduled", each.owner, by, {"days": each.days, "every": each.every}) for each in changed
    )
    return len(changed)


@transaction.atomic
def switch_escalation(is_on: bool, *, by: User) -> bool:
    """Switch escalation emails to senior managers on or off, and log it. Return False if nothing changed."""
    if is_escalated() == is_on:
        return False
    switch = EscalationSetting.objects.create(is_on=is_on, made_by=by)
    record("escalation-switched", actor=by, subject=switch, data={"is_on": is_on})
    return True


def store_plan(wanted: Planned) -> bool:
    stored = ReminderSchedule.objects.select_for_update(no_key=True).filter(**wanted.place).first()
    if wanted.is_as(stored):
        return False
    if wanted.days is None:
        ReminderSchedule.objects.filter(**wanted.place).delete()
    else:
        ReminderSchedule.objects.update_or_create(**wanted.place, defaults={"days": wanted.days, "every": wanted.every})
    return True
