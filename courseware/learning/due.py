"""Due days in words; pages show the exact date beside them."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from courseware.learning.models import Enrollment


@dataclass(frozen=True)
class Due:
    """`day` is the last day, `zone` the name of the time zone in which it ends."""

    day: date
    words: str
    zone: str
    is_overdue: bool
    is_soon: bool


def due_of(enrollment: Enrollment, at: datetime | None = None) -> Due | None:
    at = at or timezone.now()
    # Once completed or waived, a due day has no meaning.
    if not enrollment.due_at or not enrollment.is_open:
        return None
    day, state = enrollment.due_on, enrollment.state_at(at)
    return Due(
        day=day,
        words=spoken(day, timezone.localdate(at, enrollment.zone)),
        zone=str(enrollment.zone),
        is_overdue=state is Enrollment.State.OVERDUE,
        is_soon=state is Enrollment.State.DUE_SOON,
    )


def spoken(day: date, today: date) -> str:
    """For example: today, tomorrow, Friday 27 November."""
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
    return near.get((day - today).days) or date_format(day, pgettext("format of a day near by", "l j F"))
