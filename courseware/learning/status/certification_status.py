"""Certification in a course, stored on the newest run. A higher app knows it."""

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

Pair = tuple[int, int]  # the keys of a person and of a course
Ends = Callable[[Collection[Pair]], Mapping[Pair, date]]

_registered: list[Ends] = []


def register(ends: Ends) -> None:
    """`ends`: (person, course) pairs → last day certified; pairs never certified are left out."""
    _registered[:] = [ends]


def mark(runs: Iterable) -> None:
    unknown = {(run.learner_id, run.course_id): run for run in runs if run.certified_until is None}
    for ends in _registered if unknown else ():
        for pair, end in ends(unknown.keys()).items():
            unknown[pair].certified_until = end


def certified(at: datetime) -> Q:
    """To the end of the last day, in the site's time zone."""
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
    """The first one whose condition holds; ENDING is certified, too. Values: condition, label."""

    condition: Callable[[datetime], Q]

    ENDING = "ending", ending, lazy(ends_within, str)()
    CERTIFIED = "certified", certified, _("certified")
    ENDED = "ended", ended, _("expired")
    NEVER = "never", lambda at: Q(certified_until=None), _("never certified")

    def __new__(cls, value, condition):
        validity = str.__new__(cls, value)
        validity._value_ = value
        validity.condition = condition
        return validity

    @property
    def is_certified(self) -> bool:
        return self in (CertificationStatus.ENDING, CertificationStatus.CERTIFIED)

    @property
    def has_last_day(self) -> bool:
        return self != CertificationStatus.NEVER


def validity_of(certified_until: date | None, at: datetime) -> CertificationStatus:
    row = SimpleNamespace(certified_until=certified_until)
    return next(validity for validity in CertificationStatus if fulfils(row, validity.condition(at)))


def column(at: datetime) -> Case:
    return Case(*(When(validity.condition(at), then=Value(validity.value)) for validity in CertificationStatus))
