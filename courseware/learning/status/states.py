"""States of an enrollment: conditions for queries and rows, colours and labels."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courseware.learning.status.certification_status import certified
from courseware.lib.db.condition_eval import fulfils

# An enrollment is due soon in the last 72 hours before its due instant.
DUE_SOON = timedelta(days=3)
OPEN = Q(completed_at=None, exempted_at=None)
# `urgency` of enrollments without a due date: later than any due date that can be set.
NO_DAY = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class IsSet:
    """Condition of a state with nothing left to do and no due date: `column` is not null. `year` is used as `urgency`,
    after NO_DAY. `words`: the reason, as a predicate about the learner.
    """

    column: str
    year: int
    words: Promise

    @property
    def place(self) -> datetime:
        """The value of `urgency` in this state."""
        return datetime(self.year, 1, 1, tzinfo=UTC)

    def __call__(self, at: datetime) -> Q:
        return Q(urgency=self.place)

    def holds(self, row, at: datetime) -> bool:
        return getattr(row, self.column) is not None

    def is_absent(self, at: datetime) -> Q:
        """Return the condition of rows that are not in this state."""
        return Q(**{self.column: None})


def overdue(at: datetime) -> Q:
    return Q(urgency__lte=at)


def due_soon(at: datetime) -> Q:
    return Q(urgency__gt=at, urgency__lte=at + DUE_SOON)


def due_later(at: datetime) -> Q:
    return Q(urgency__gt=at + DUE_SOON, urgency__lte=NO_DAY)


def learns(at: datetime) -> Q:
    """Return the condition: due later or without a due date, and not certified (else RENEWING)."""
    return due_later(at) & ~certified(at)


class State(models.TextChoices):
    """States of an enrollment, the most urgent first. At every instant exactly one condition holds. A member is: value,
    condition at an instant, colour, whether it is shown if empty, label. States with an IsSet condition are reasons in
    `not_asked`, too. If several of their columns are set, the first state counts.
    """

    condition: Callable[[datetime], Q]
    colour: str
    is_shown_empty: bool

    OVERDUE = "overdue", overdue, "alert", True, _("overdue")
    DUE_SOON = "due-soon", due_soon, "warn", True, _("due soon")
    NOT_STARTED = "not-started", lambda at: learns(at) & Q(started_at=None), "plain", True, _("not started")
    IN_PROGRESS = "in-progress", lambda at: learns(at) & ~Q(started_at=None), "", True, _("in progress")
    RENEWING = "renewing", lambda at: due_later(at) & certified(at), "good", False, _("renewal open")
    COMPLETED = "completed", IsSet("completed_at", 9998, _("has completed the course")), "good", True, _("completed")
    EXEMPT = "waived", IsSet("exempted_at", 9999, _("is exempt")), "plain", False, _("exempt")

    def __new__(cls, value, condition, colour, is_shown_empty):
        state = str.__new__(cls, value)
        state._value_ = value
        state.condition, state.colour, state.is_shown_empty = condition, colour, is_shown_empty
        return state

    @property
    def is_asked(self) -> bool:
        """Whether the learner has something left to do in this state."""
        return not isinstance(self.condition, IsSet)


# States with nothing left to do, with their conditions.
NOT_ASKED = {state: state.condition for state in State if isinstance(state.condition, IsSet)}
PLACES_WITHOUT_DAY = {each.column: each.place for each in NOT_ASKED.values()}
# Sort key of dashboards, the earliest first. It does not depend on the time, so the database can store and index it.
# Django cannot alter a generated column, so write the migration for another column by hand: RemoveIndex of each index
# that names `urgency`, RemoveField and AddField of `urgency`, then AddIndex of the same indexes.
URGENCY = Case(
    *(When(**{f"{column}__isnull": False}, then=Value(place)) for column, place in PLACES_WITHOUT_DAY.items()),
    default=Coalesce("due_at", Value(NO_DAY)),
)


def urgency_of(enrollment) -> datetime:
    """Return the value of `urgency` from memory: the due instant, NO_DAY without one, a later year if closed."""
    instants = (instant for column, instant in PLACES_WITHOUT_DAY.items() if getattr(enrollment, column))
    return next(instants, enrollment.due_at or NO_DAY)


def state_of(enrollment, at: datetime) -> State:
    """Return the state of an enrollment at `at` from its values in memory."""
    row = SimpleNamespace(
        urgency=urgency_of(enrollment),
        started_at=enrollment.started_at,
        certified_until=enrollment.certified_until,
    )
    return next(state for state in State if fulfils(row, state.condition(at)))


def column(at: datetime) -> Case:
    """Return an expression that annotates a query with the value of `State` at `at`."""
    return Case(*(When(state.condition(at), then=Value(state.value)) for state in State))
