"""Whether an enrollment asks its learner for something now, and if not, why: for one row and for queries.

Everything that offers, reminds, counts as late or as stuck asks here. A caller that leaves a reason out of account
names it in `ignoring`, with a comment that says why.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courseware.accounts.absences import away_now

if TYPE_CHECKING:
    from courseware.learning.models import Enrollment


def is_not_away(at: datetime) -> Q:
    return ~Q(Exists(away_now(at).filter(person=OuterRef("learner"))))


def is_published(at: datetime) -> Q:
    return Q(course__current__isnull=False)


class NotAskedReason(StrEnum):
    """The first reason that holds is given. Values that are also those of a State, or of an Act, mean the same there.

    A line is the value, whether the reason holds for a row at an instant, and the condition of rows for which it does
    not. AWAY reads `away_until` of the row (see `with_away`).
    """

    holds: "Callable[[Enrollment, datetime], bool]"
    is_absent: Callable[[datetime], Q]

    COMPLETED = "completed", lambda row, at: row.completed_at is not None, lambda at: Q(completed_at=None)
    EXEMPT = "waived", lambda row, at: row.waived_at is not None, lambda at: Q(waived_at=None)
    LEFT = "left", lambda row, at: not row.learner.is_active, lambda at: Q(learner__is_active=True)
    AWAY = "away", lambda row, at: row.away_until is not None, is_not_away
    UNPUBLISHED = "unpublished", lambda row, at: row.course.current_id is None, is_published

    def __new__(cls, value, holds, is_absent):
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.holds, reason.is_absent = holds, is_absent
        return reason


# Reasons that are facts of the learner or the course and end without a change to the enrollment.
PERSON_OR_COURSE = frozenset({NotAskedReason.LEFT, NotAskedReason.AWAY, NotAskedReason.UNPUBLISHED})
# Dashboards filter by these reasons themselves: they show people who have left if the reader wants to see them.
FILTERED_BY_PAGE = frozenset({NotAskedReason.LEFT, NotAskedReason.UNPUBLISHED})


def not_asked_reason(
    enrollment: "Enrollment", at: datetime | None = None, *, ignoring: Collection[NotAskedReason] = ()
) -> NotAskedReason | None:
    """Why the enrollment asks for nothing at `at`; None if it asks for something.

    Runs no query if the learner and the course are loaded or their reasons are ignored.
    """
    at = at or timezone.now()
    return next((reason for reason in NotAskedReason if reason not in ignoring and reason.holds(enrollment, at)), None)


def asked(at: datetime, *, ignoring: Collection[NotAskedReason] = ()) -> Q:
    """The same as a condition on enrollments: those for which `not_asked_reason` returns None."""
    found = Q()
    for reason in NotAskedReason:
        if reason not in ignoring:
            found &= reason.is_absent(at)
    return found
