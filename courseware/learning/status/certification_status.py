"""Certification status in a course: certified, expiring, expired or never. Computed by a higher app (`register`)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from types import SimpleNamespace

from django.conf import settings
from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courseware.lib import dates
from courseware.lib.db.condition_eval import fulfils

Pair = tuple[int, int]  # ids of a person and of a course
Ends = Callable[[Collection[Pair]], Mapping[Pair, date]]

_registered: list[Ends] = []


def register(ends: Ends) -> None:
    """Set the function `ends`: pairs (person id, course id) → last day certified, without pairs never certified."""
    _registered[:] = [ends]


def fill_certified_until(enrollments: Iterable) -> None:
    """Set `certified_until` of enrollments without one, if ever certified; do not save. Pass at most one enrollment per
    person and course, as others are not set.
    """
    unknown = {(each.learner_id, each.course_id): each for each in enrollments if each.certified_until is None}
    for ends in _registered if unknown else ():
        for pair, end in ends(unknown.keys()).items():
            unknown[pair].certified_until = end


def certified(at: datetime) -> Q:
    """Return the condition on enrollments: `certified_until` is the day of `at` in the site's time zone, or later."""
    return Q(certified_until__gte=dates.site_day(at))


def ending(at: datetime) -> Q:
    return certified(at) & Q(
        certified_until__lte=dates.site_day(at) + timedelta(days=settings.CERTIFICATE_EXPIRY_NOTICE_DAYS)
    )


def ended(at: datetime) -> Q:
    return Q(certified_until__lt=dates.site_day(at))


def ends_within() -> str:
    days = settings.CERTIFICATE_EXPIRY_NOTICE_DAYS
    return ngettext("expires within %(days)d day", "expires within %(days)d days", days) % {"days": days}


class CertificationStatus(models.TextChoices):
    """The first status whose condition holds; ENDING is certified, too. A member is: value, condition, label."""

    condition: Callable[[datetime], Q]

    ENDING = "ending", ending, lazy(ends_within, str)()
    CERTIFIED = "certified", certified, _("certified")
    ENDED = "ended", ended, _("expired")
    NEVER = "never", lambda at: Q(certified_until=None), _("never certified")

    def __new__(cls, value, condition):
        status = str.__new__(cls, value)
        status._value_ = value
        status.condition = condition
        return status

    @property
    def is_certified(self) -> bool:
        return self in (CertificationStatus.ENDING, CertificationStatus.CERTIFIED)

    @property
    def has_last_day(self) -> bool:
        return self != CertificationStatus.NEVER


def status_of(certified_until: date | None, at: datetime) -> CertificationStatus:
    """Return the status at `at` for a last certified day (None: never certified)."""
    row = SimpleNamespace(certified_until=certified_until)
    return next(status for status in CertificationStatus if fulfils(row, status.condition(at)))


def column(at: datetime) -> Case:
    """Return an expression that annotates a query with the value of `CertificationStatus` at `at`."""
    return Case(*(When(status.condition(at), then=Value(status.value)) for status in CertificationStatus))
