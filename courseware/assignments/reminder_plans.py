"""On which days people are reminded of a due day: as their course says, or the rule that has enrolled them."""

from collections.abc import Collection
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courseware.accounts.working_days import Calendar
from courseware.content.models import Course

DEFAULT = [7, 1, -3]
FARTHEST_REMINDER = 60  # working days
MOST = 10
A_FORTNIGHT = 10  # working days
CAUGHT_UP = 2  # working days on which nobody looked
IN_A_FORTNIGHT = 3  # letters about the training: see `outbox.letter_days`


class ReminderPlan(models.Model):
    """`days` are working days before the due day; negative: after. A course without a plan goes by `DEFAULT`."""

    course = models.OneToOneField(Course, on_delete=models.PROTECT, null=True, related_name="+")
    rule = models.OneToOneField("AssignmentRule", on_delete=models.PROTECT, null=True, related_name="+")
    days = models.JSONField(default=list)

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


def days_of_plan(text: str) -> tuple[list[int], str]:
    """What was typed, the earliest day first, and what is wrong with it; "" where nothing is."""
    parts = text.replace("，", ",").replace("−", "-").replace("、", ",").split(",")
    try:
        days = sorted({int(part) for part in parts if part.strip()}, reverse=True)
    except ValueError:
        return [], _("Expected whole numbers with commas between them, such as 7, 1, -3.")
    return days, why_not_this_plan(days)


def why_not_this_plan(days: list[int]) -> str:
    if any(abs(day) > FARTHEST_REMINDER for day in days) or len(days) > MOST:
        return _("At most %(days)d days, none farther than %(farthest)d working days from the due day.") % {
            "days": MOST,
            "farthest": FARTHEST_REMINDER,
        }
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
    days = {planned_day(due_on, before, calendar): before for before in sorted(plan, reverse=True)}
    return next((days[day] for day in sorted(days, reverse=True) if earliest < day <= today), None)
