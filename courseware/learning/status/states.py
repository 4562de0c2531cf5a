"""The states of an enrollment: the one table for queries, pages, filters and colours."""

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

# An enrollment is due soon in its last three days (counted as 72 hours before its due instant).
DUE_SOON = timedelta(days=3)
OPEN = Q(completed_at=None, exempted_at=None)
# The place in the order of enrollments without a due date: behind every day that can be given.
NO_DAY = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class IsSet:
    """The condition of a state in which nothing is asked and no due date counts: its column is set.

    `year` is its place in the order, behind NO_DAY; `words` say of a learner why nothing is asked.
    """

    column: str
    year: int
    words: Promise

    @property
    def place(self) -> datetime:
        return datetime(self.year, 1, 1, tzinfo=UTC)

    def __call__(self, at: datetime) -> Q:
        return Q(urgency=self.place)

    def holds(self, row, at: datetime) -> bool:
        return getattr(row, self.column) is not None

    def is_absent(self, at: datetime) -> Q:
        return Q(**{self.column: None})


def overdue(at: datetime) -> Q:
    return Q(urgency__lte=at)


def due_soon(at: datetime) -> Q:
    return Q(urgency__gt=at, urgency__lte=at + DUE_SOON)


def due_later(at: datetime) -> Q:
    return Q(urgency__gt=at + DUE_SOON, urgency__lte=NO_DAY)


def learns(at: datetime) -> Q:
    """Whoever is certified renews, and is told of by that."""
    return due_later(at) & ~certified(at)


class State(models.TextChoices):
    """The most urgent first. At every instant exactly one condition holds.

    A line is the value, its condition at an instant, the colour of its mark, whether it is shown while nobody is in it,
    and its name. IsSet as condition makes the state a reason in `not_asked`, too. If the columns of several are
    set, the first one counts.
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
    WAIVED = "waived", IsSet("exempted_at", 9999, _("is exempt")), "plain", False, _("exempt")

    def __new__(cls, value, condition, colour, is_shown_empty):
        state = str.__new__(cls, value)
        state._value_ = value
        state.condition, state.colour, state.is_shown_empty = condition, colour, is_shown_empty
        return state

    @property
    def is_asked(self) -> bool:
        return not isinstance(self.condition, IsSet)


# States in which nothing is asked, with their columns.
NOT_ASKED = {state: state.condition for state in State if isinstance(state.condition, IsSet)}
PLACES_WITHOUT_DAY = {each.column: each.place for each in NOT_ASKED.values()}
# What dashboards are ordered by, the earliest first. It reads no clock, so the database keeps it with an index.
# The migration for another column is written by hand, because Django cannot alter a generated column: RemoveIndex of
# each index that names `urgency`, RemoveField and AddField of `urgency`, then AddIndex of the same indexes.
URGENCY = Case(
    *(When(**{f"{column}__isnull": False}, then=Value(place)) for column, place in PLACES_WITHOUT_DAY.items()),
    default=Coalesce("due_at", Value(NO_DAY)),
)


def urgency_of(enrollment) -> datetime:
    """`URGENCY` of a row as it is in memory, where it may just have been changed."""
    places = (place for column, place in PLACES_WITHOUT_DAY.items() if getattr(enrollment, column))
    return next(places, enrollment.due_at or NO_DAY)


def state_of(enrollment, at: datetime) -> State:
    row = SimpleNamespace(
        urgency=urgency_of(enrollment),
        started_at=enrollment.started_at,
        certified_until=enrollment.certified_until,
    )
    return next(state for state in State if fulfils(row, state.condition(at)))


def column(at: datetime) -> Case:
    """A value of State, to annotate a query with."""
    return Case(*(When(state.condition(at), then=Value(state.value)) for state in State))
