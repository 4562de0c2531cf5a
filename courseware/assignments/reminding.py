"""Which reminders are due today. They are written as rows of the outbox, a key for each day of a run's plan.

Broken off and begun again, or run by two at once, it comes to the same: what has its key is not written again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import QuerySet

from courseware.accounts.letter_hours import LetterHours
from courseware.accounts.working_days import calendars_of_people
from courseware.assignments.models import Assignment
from courseware.assignments.mornings import Morning, MorningJob, by_person
from courseware.assignments.near_days import Plans, near
from courseware.assignments.reminder_letter import ASKS, KEPT_BACK, KIND, asked_about
from courseware.assignments.reminder_plans import (
    CAUGHT_UP,
    DEFAULT_PLAN,
    ReminderPlan,
    planned_day,
    reminder_on,
    with_repeats,
)
from courseware.learning.models import Enrollment
from courseware.learning.not_asked import NotAskedReason
from courseware.outbox.models import Message
from courseware.outbox.telling import email_to


@dataclass(frozen=True)
class DueReminder:
    """`before` is the day of the plan, `at` when it was asked, `hours` are those of the person."""

    run: Enrollment
    due_on: date
    before: int
    at: datetime
    hours: LetterHours

    @property
    def key(self) -> str:
        return f"{KIND}:{self.run.pk}:{self.due_on}:{self.before}"

    @property
    def is_of_the_day(self) -> bool:
        """And not caught up with."""
        planned = planned_day(self.due_on, self.before, self.hours.calendar)
        return planned == self.hours.day_at(self.at)

    @property
    def message(self) -> Message:
        data = {"subjects": [[self.run.pk, self.due_on.isoformat()]], "by": None}
        return email_to(self.run.learner, KIND, key=self.key, data=data, next_at=self.hours.opens_at(self.at))


def remind_due(at: datetime | None = None) -> str:
    """Says how many are new."""
    written = JOB.write(at=at)
    return f"reminders: {written}" if written else ""


def emails(morning: Morning) -> Iterator[Message]:
    """A reminder is not written while its learner waits for an answer about another day. It is caught up later."""
    for batch in reminders_due(morning):
        asking = asked_about([each.run.pk for each in batch])
        for each in batch:
            message = each.message
            message.why = ASKS if each.run.pk in asking else ""
            yield message


JOB = MorningJob(KIND, time(5, 10), emails, again=KEPT_BACK)


def reminders_due(morning: Morning, plans: Plans | None = None) -> Iterator[list[DueReminder]]:
    """Yield due reminders, up to 200 people at a time. `plans` replaces the stored reminder plans. Writes nothing."""
    plans = plans_kept() if plans is None else plans
    runs = runs_near(morning.at, plans, caught_up=CAUGHT_UP if morning.catches_up else 0)
    for batch in by_person(runs, "learner_id"):
        due = due_of_batch(batch, plans, morning.at)
        if found := [each for each in due if morning.catches_up or each.is_of_the_day]:
            yield found


def plans_kept() -> Plans:
    return {(plan.course_id, plan.rule_id): with_repeats(plan.days, plan.every) for plan in ReminderPlan.objects.all()}


def runs_near(at: datetime, plans: Plans, *, caught_up: int) -> QuerySet[Enrollment]:
    # Emails to people who are away are held when they are sent.
    runs = Enrollment.objects.newest().asked(at, ignoring={NotAskedReason.AWAY})
    return runs.filter(near(at, plans, caught_up=caught_up)).select_related("learner").with_zone()


def due_of_batch(runs: list[Enrollment], plans: Plans, at: datetime) -> Iterator[DueReminder]:
    """Runs three queries."""
    calendars, rules = calendars_of_people({run.learner_id for run in runs}), rules_that_began(runs)
    for run in runs:
        of_course = plans.get((run.course_id, None), DEFAULT_PLAN)
        plan = plans.get((None, rules.get(run.pk)), of_course)
        hours = LetterHours(run.zone, calendars[run.learner_id])
        enrolled_on = run.enrolled_at.astimezone(run.zone).date()
        before = reminder_on(hours.day_at(at), run.due_on, plan, hours.calendar, after=enrolled_on)
        if before is not None:
            yield DueReminder(run, run.due_on, before, at, hours)


def rules_that_began(runs: Iterable[Enrollment]) -> dict[int, int]:
    """Key of each run that a rule began → the key of that rule; of several the one that did it first."""
    done = Assignment.objects.filter(enrollment__in=[run.pk for run in runs], taken_back_at=None)
    done = done.exclude(deed=Assignment.Deed.EXCUSE).order_by("-pk")
    return dict(done.values_list("enrollment", "rule"))
