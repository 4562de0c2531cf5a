"""Reminder plans and the escalation switch.

A reminder plan sets on which days people are reminded of a due date: one for a course, or one for an assignment rule.
The switch turns emails to the next level about people who are days late on or off.
"""

from collections.abc import Collection
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courseware.accounts.working_days import DAY, Calendar
from courseware.content.models import Course

DEFAULT = [7, 1, -3]
DEFAULT_EVERY = 10  # working days
FARTHEST_REMINDER = 60  # working days
LAST_REPEAT = 260  # working days after the due day: about a year
MOST = 10
A_FORTNIGHT = 10  # working days
CAUGHT_UP = 2  # working days on which nobody looked
IN_A_FORTNIGHT = 3  # letters about the training: see `outbox.letter_days`


class ReminderPlan(models.Model):
    """`days` are working days before the due day; negative: after. A course without a plan goes by `DEFAULT`.

    `every`: working days between repeated reminders after the last of these days; 0: no repeats.
    """

    course = models.OneToOneField(Course, on_delete=models.PROTECT, null=True, related_name="+")
    rule = models.OneToOneField("AssignmentRule", on_delete=models.PROTECT, null=True, related_name="+")
    days = models.JSONField(default=list)
    every = models.PositiveSmallIntegerField(default=DEFAULT_EVERY)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("plan of reminders"), gettext_lazy("plans of reminders")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(course=None, rule__isnull=False) | Q(course__isnull=False, rule=None),
                name="a_plan_of_a_course_or_of_a_rule",
            )
        ]

    def __str__(self):
        return f"{self.rule or self.course}: {self.days}"


class EscalationSwitch(models.Model):
    """Turns escalation emails to the next level on or off. The newest row counts; without a row they are off."""

    is_on = models.BooleanField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("switch of escalation"), gettext_lazy("switches of escalation")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.made_at:%Y-%m-%d} {self.is_on}"


def with_repeats(days: list[int], every: int) -> list[int]:
    """The days of a plan and of its repeated reminders. A plan without days has no repeats.

    Repeats are counted from the last day of the plan, or from the due day if that is later.
    """
    if not days or not every:
        return days
    return [*days, *range(min(*days, 0) - every, -LAST_REPEAT - 1, -every)]


def is_escalated() -> bool:
    """Runs one query."""
    newest = EscalationSwitch.objects.values_list("is_on", flat=True).first()
    return bool(newest)


DEFAULT_PLAN = with_repeats(DEFAULT, DEFAULT_EVERY)


def days_of_plan(text: str) -> tuple[list[int], str]:
    """What was typed, the earliest day first, and what is wrong with it; "" where nothing is."""
    parts = text.replace("，", ",").replace("−", "-").replace("、", ",").split(",")
    try:
        days = sorted({int(part) for part in parts if part.strip()}, reverse=True)
    except ValueError:
        return [], _("Expected whole numbers with commas between them, such as 7, 1, -3.")
    if any(abs(day) > FARTHEST_REMINDER for day in days) or len(days) > MOST:
        return days, _("At most %(days)d days, none farther than %(farthest)d working days from the due day.") % {
            "days": MOST,
            "farthest": FARTHEST_REMINDER,
        }
    return days, why_too_many(days)


def why_too_many(days: list[int]) -> str:
    """Why these days, the earliest first, exceed the limit of emails per person; "" if they do not."""
    for first, fourth in zip(days, days[IN_A_FORTNIGHT:], strict=False):
        if first - fourth < A_FORTNIGHT:
            said = _(
                "From %(first)d to %(last)d are four reminders within fourteen days. A person gets three letters about "
                "the training in that time, so the last one would not leave."
            )
            return said % {"first": first, "last": fourth}
    return ""


def planned_day(due_on: date, before: int, calendar: Calendar) -> date:
    """The working day so many before the due day; where negative, after it. 0 is the due day, or the one before."""
    if before:
        return calendar.add_working_days(due_on, -before)
    return due_on if calendar.is_working(due_on) else calendar.working_day_before(due_on)


def reminder_on(today: date, due_on: date, plan: Collection[int], calendar: Calendar, *, after: date) -> int | None:
    """Which day of the plan it is today, or was since the last two working days when nobody looked.

    None where there is none, or where it lies not `after` the day of enrolling, on which the first letter said it all.
    """
    earliest = max(calendar.add_working_days(today, -CAUGHT_UP), after)
    late = calendar.working_days_between(due_on + DAY, today)
    near = [before for before in plan if before >= 0 or late - CAUGHT_UP <= -before <= late]  # of a year of repeats
    days = {planned_day(due_on, before, calendar): before for before in sorted(near, reverse=True)}
    return next((days[day] for day in sorted(days, reverse=True) if earliest < day <= today), None)
