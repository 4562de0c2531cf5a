"""Not asked: why an enrollment requires nothing of its learner now. Callers comment why they ignore a reason."""

from collections.abc import Callable, Collection
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.absences import absent_now
from courseware.learning.status.states import NOT_ASKED, IsSet, State

if TYPE_CHECKING:
    from courseware.learning.models import Enrollment


def is_here(at: datetime) -> Q:
    """Return the condition on enrollments: the learner has not left the company by now. `at` is ignored."""
    return Q(learner__is_active=True)


def is_not_away(at: datetime) -> Q:
    """Return the condition on enrollments: the learner has no absence at `at`."""
    return ~Q(Exists(absent_now(at).filter(person=OuterRef("learner"))))


def is_published(at: datetime) -> Q:
    return Q(course__current__isnull=False)


class NotAskedReason(StrEnum):
    """Reasons of the learner or the course, which end without a change to the enrollment."""

    LEFT = "left"
    AWAY = "away"
    UNPUBLISHED = "unpublished"


Reason = State | NotAskedReason


class ReasonRule(NamedTuple):
    """Whether a reason holds for an enrollment at an instant, the condition of those without it, and its label."""

    holds: Callable[[Any, datetime], bool]
    is_absent: Callable[[datetime], Q]
    words: Promise | str = ""


# By Reason, in order of precedence. AWAY reads `away_until` of the row (see `with_away`).
REASONS: dict[Any, ReasonRule | IsSet] = {
    **NOT_ASKED,
    NotAskedReason.LEFT: ReasonRule(lambda row, at: not row.learner.is_active, is_here, _("left the company")),
    NotAskedReason.AWAY: ReasonRule(lambda row, at: row.away_until is not None, is_not_away, _("is away")),
    NotAskedReason.UNPUBLISHED: ReasonRule(lambda row, at: row.course.current_id is None, is_published),
}
PERSON_OR_COURSE = frozenset(NotAskedReason)
# Dashboards filter by these reasons themselves: on request they show people who have left.
FILTERED_BY_PAGE = frozenset({NotAskedReason.LEFT, NotAskedReason.UNPUBLISHED})


def not_asked_reason(
    enrollment: "Enrollment", at: datetime | None = None, *, ignoring: Collection[Reason] = ()
) -> Reason | None:
    """Return the first reason why nothing is required, or None; `at` is ignored. Without `with_away`, AWAY is never
    returned. Runs no query if learner and course are loaded or their reasons are ignored.
    """
    at = at or timezone.now()
    counted = ((reason, rule) for reason, rule in REASONS.items() if reason not in ignoring)
    return next((reason for reason, rule in counted if rule.holds(enrollment, at)), None)


def asked(at: datetime, *, ignoring: Collection[Reason] = ()) -> Q:
    """Return the condition of enrollments to which no `Reason` applies, except those in `ignoring`. `at` matters only
    for absences.
    """
    found = Q()
    for reason, rule in REASONS.items():
        if reason not in ignoring:
            found &= rule.is_absent(at)
    return found
