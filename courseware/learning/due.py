"""Due days in words. Pages show the exact date beside them."""

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from courseware.accounts.working_days import Calendar, calendars_of_people
from courseware.learning.models import Enrollment


@dataclass(frozen=True)
class Due:
    """`day` is the last day, `zone` the name of its time zone."""

    day: date
    words: str
    zone: str
    is_overdue: bool
    is_soon: bool
    days_over: int


def due_of(enrollment: Enrollment, at: datetime | None = None) -> Due | None:
    at = at or timezone.now()
    # A due day has no meaning while nothing is asked for.
    if not enrollment.due_at or not enrollment.is_asked:
        return None
    day, state = enrollment.due_on, enrollment.state_at(at)
    today = timezone.localdate(at, enrollment.zone)
    return Due(
        day=day,
        words=spoken(day, today),
        zone=str(enrollment.zone),
        is_overdue=state is Enrollment.State.OVERDUE,
        is_soon=state is Enrollment.State.DUE_SOON,
        days_over=max(0, (today - day).days),
    )


def spoken(day: date, today: date) -> str:
    """For example: today, tomorrow, Friday 27 November."""
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
    return near.get((day - today).days) or day_in_words(day)


def day_in_words(day: date) -> str:
    return date_format(day, pgettext("format of a day near by", "l j F"))


@dataclass(frozen=True)
class RuleDay:
    """The last day that a rule gives for the day `asked`; `why_free` is "" if that one is a working day."""

    day: date
    asked: date
    why_free: str

    @property
    def words(self) -> str:
        """Why it is another day; "" if it is not."""
        if self.day == self.asked:
            return ""
        words = gettext("%(asked)s is a free day (%(why)s): the due day is %(day)s")
        return words % {"asked": day_in_words(self.asked), "why": self.why_free, "day": day_in_words(self.day)}


def day_for(asked: date, calendar: Calendar, *, earliest: date | None = None) -> RuleDay:
    """`asked`, or the working day before it; if that is before `earliest`, the working day after."""
    if calendar.is_working(asked):
        return RuleDay(asked, asked, "")
    day = calendar.working_day_before(asked)
    if earliest and day < earliest:
        day = calendar.working_day_after(asked)
    return RuleDay(day, asked, calendar.why_free(asked))


def why_due_day_is_free(enrollment: Enrollment) -> str:
    """The holiday or weekday that a day given by hand falls on. Runs at most two queries."""
    if not enrollment.due_at or not enrollment.is_asked:
        return ""
    [calendar] = calendars_of_people([enrollment.learner_id]).values()
    return calendar.why_free(enrollment.due_on)
