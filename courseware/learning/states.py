"""The states of an enrollment: the one table for queries, pages, filters and colours."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from courseware.lib.matching import fulfils

# An enrollment is due soon in its last three days (counted as 72 hours before its due instant).
DUE_SOON = timedelta(days=3)
OPEN = Q(completed_at=None, waived_at=None)


class State(models.TextChoices):
    """The most urgent first: the state is the first whose condition holds at an instant, see `PRECEDENCE`.

    A line is the value, its condition at an instant, the colour of its mark, whether it is shown while nobody is in it,
    and its name.
    """

    condition: Callable[[datetime], Q]
    colour: str
    is_shown_empty: bool

    OVERDUE = "overdue", lambda at: Q(due_at__lte=at), "alert", True, _("overdue")
    DUE_SOON = "due-soon", lambda at: Q(due_at__lte=at + DUE_SOON), "warn", True, _("due soon")
    NOT_STARTED = "not-started", lambda at: Q(started_at=None), "plain", True, _("not started")
    IN_PROGRESS = "in-progress", lambda at: OPEN, "", True, _("in progress")
    COMPLETED = "completed", lambda at: ~Q(completed_at=None), "good", True, _("completed")
    WAIVED = "waived", lambda at: ~Q(waived_at=None), "plain", False, _("waived")

    def __new__(cls, value, condition, colour, is_shown_empty):
        state = str.__new__(cls, value)
        state._value_ = value
        state.condition, state.colour, state.is_shown_empty = condition, colour, is_shown_empty
        return state


# What ends an enrollment is asked first, so that the other conditions need not say each time that it is open.
PRECEDENCE = sorted(State, key=lambda state: state not in (State.COMPLETED, State.WAIVED))


def state_of(enrollment, at: datetime) -> State:
    return next(state for state in PRECEDENCE if fulfils(enrollment, state.condition(at)))


def columns(at: datetime) -> dict[str, Case]:
    """`state` (a value of State) and `urgency` (0 is the most urgent, for ordering), to annotate a query with."""
    urgency = {state: place for place, state in enumerate(State)}
    conditions = [(state.condition(at), state) for state in PRECEDENCE]
    return {
        "state": Case(*(When(condition, then=Value(state.value)) for condition, state in conditions)),
        "urgency": Case(*(When(condition, then=Value(urgency[state])) for condition, state in conditions)),
    }
