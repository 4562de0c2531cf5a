"""The states of an enrollment: the one table for queries, pages, filters and colours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from courseware.learning.validity import certified
from courseware.lib.matching import fulfils

# An enrollment is due soon in its last three days (counted as 72 hours before its due instant).
DUE_SOON = timedelta(days=3)
OPEN = Q(completed_at=None, waived_at=None)
# Where in the order of a board those stand for whom no due instant counts: behind every day somebody could be given.
NO_DAY, DONE, EXCUSED = (datetime(year, 1, 1, tzinfo=UTC) for year in (9997, 9998, 9999))
# No due date counts once one of these columns is set. The first one that is set decides the place in the order.
PLACES_WITHOUT_DAY = {"completed_at": DONE, "waived_at": EXCUSED}
# What boards are ordered by, the earliest first. It depends on no clock, so that the database keeps it with an index;
# each state is a span of it.
# If another column is added to it, the migration is written by hand: RemoveIndex of each index that
# names `urgency`, RemoveField and AddField of `urgency`, then AddIndex of the same indexes. Django cannot alter a
# generated column. A state in which no due date counts gets a year of its own behind NO_DAY.
URGENCY = Case(
    *(When(**{f"{column}__isnull": False}, then=Value(place)) for column, place in PLACES_WITHOUT_DAY.items()),
    default=Coalesce("due_at", Value(NO_DAY)),
)


def urgency_of(enrollment) -> datetime:
    """`URGENCY` of a row as it is in memory, where it may just have been changed."""
    places = (place for column, place in PLACES_WITHOUT_DAY.items() if getattr(enrollment, column))
    return next(places, enrollment.due_at or NO_DAY)


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
    whether it asks the learner for something (if not, it is also a reason in `not_asked`), and its name.
    """

    condition: Callable[[datetime], Q]
    colour: str
    is_shown_empty: bool
    is_asked: bool

    OVERDUE = "overdue", overdue, "alert", True, True, _("overdue")
    DUE_SOON = "due-soon", due_soon, "warn", True, True, _("due soon")
    NOT_STARTED = "not-started", lambda at: learns(at) & Q(started_at=None), "plain", True, True, _("not started")
    IN_PROGRESS = "in-progress", lambda at: learns(at) & ~Q(started_at=None), "", True, True, _("in progress")
    RENEWING = "renewing", lambda at: due_later(at) & certified(at), "good", False, True, _("renewal open")
    COMPLETED = "completed", lambda at: Q(urgency=DONE), "good", True, False, _("completed")
    WAIVED = "waived", lambda at: Q(urgency=EXCUSED), "plain", False, False, _("waived")

    def __new__(cls, value, condition, colour, is_shown_empty, is_asked):
        state = str.__new__(cls, value)
        state._value_ = value
        state.condition, state.colour = condition, colour
        state.is_shown_empty, state.is_asked = is_shown_empty, is_asked
        return state


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
