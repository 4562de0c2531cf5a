"""Which reminders a morning would bring."""

from collections.abc import Collection, Iterator
from datetime import datetime

from courseware.assignments.mornings import PEOPLE_AT_ONCE, Morning
from courseware.assignments.reminder_letter import APART, ASKS, REMINDED, asked_about, when_reminded
from courseware.assignments.reminder_plans import CAUGHT_UP
from courseware.assignments.reminding import due_of_batch, plans_kept, runs_near
from courseware.outbox.models import Message


class ComingReminders:
    def __init__(self, morning: Morning, at: datetime) -> None:
        self.catches_up, self.at, self.plans = morning.catches_up, at, plans_kept()
        self.near = runs_near(at, self.plans, caught_up=CAUGHT_UP if morning.catches_up else 0)

    def readers(self, after: int) -> Collection[int]:
        keys = self.near.filter(learner__gt=after).order_by("learner").values_list("learner", flat=True).distinct()
        return list(keys[:PEOPLE_AT_ONCE])

    def letters(self, people: Collection[int]) -> Iterator[tuple[Message, str]]:
        near = list(self.near.filter(learner__in=people).order_by("pk"))
        due = [each for each in due_of_batch(near, self.plans, self.at) if self.catches_up or each.is_of_the_day]
        asking = asked_about([each.run.pk for each in due])
        told = when_reminded(people, self.at - APART)
        for each in due:
            message, last = each.message, told.get((each.run.learner_id, each.run.pk))
            is_near = last is not None and last > message.next_at - APART
            yield message, ASKS if each.run.pk in asking else REMINDED if is_near else ""
