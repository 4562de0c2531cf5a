"""Due dates as text, in assignment rules and as a form field. Pages show the exact date beside the text."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar.working_days import Calendar, calendars_of_people
from courseware.learning.models import Enrollment

FARTHEST = timedelta(days=3653)  # ten years with leap days


@dataclass(frozen=True)
class Due:
    """A due date to show. `words`: such as “tomorrow”. `zone`: name of the time zone. `days_over`: days overdue."""

    day: date
    words: str
    zone: str
    is_overdue: bool
    is_soon: bool
    days_over: int


def due_of(enrollment: Enrollment, at: datetime | None = None) -> Due | None:
    """Return the due date at `at` (default: now); None without one or if the enrollment is completed or exempt."""
    at = at or timezone.now()
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
    """Return a date as text, such as “today”, “tomorrow” or “Friday 27 November”."""
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}
    return near.get((day - today).days) or day_text(day)


def day_text(day: date) -> str:
    return date_format(day, pgettext("date format, current year", "l j F"))


@dataclass(frozen=True)
class RuleDay:
    """The due date `day` that a rule sets for the date `asked`. `why_free`: why `asked` is a day off, or ""."""

    day: date
    asked: date
    why_free: str

    @property
    def words(self) -> str:
        """Why the due date is not the date asked for; "" if it is."""
        if self.day == self.asked:
            return ""
        text = gettext("%(asked)s is a day off (%(why)s), so the due date is %(day)s")
        return text % {"asked": day_text(self.asked), "why": self.why_free, "day": day_text(self.day)}


def day_for(asked: date, calendar: Calendar, *, earliest: date | None = None) -> RuleDay:
    """Return the due date for `asked`: that date if it is a working day, else the last working day before; if that one
    is before `earliest`, the next working day after `asked`.
    """
    if calendar.is_working(asked):
        return RuleDay(asked, asked, "")
    day = calendar.working_day_before(asked)
    if earliest and day < earliest:
        day = calendar.working_day_after(asked)
    return RuleDay(day, asked, calendar.why_free(asked))


def why_due_day_is_free(enrollment: Enrollment) -> str:
    """Return the holiday or weekday if an open enrollment is due on a day off, else "". Runs at most two queries."""
    if not enrollment.due_at or not enrollment.is_asked:
        return ""
    [calendar] = calendars_of_people([enrollment.learner_id]).values()
    return calendar.why_free(enrollment.due_on)


class DueDayField(forms.DateField):
    """A date from today on, within ten years. `zone`: time zone that decides what is today; None: the site's."""

    def __init__(self, *, zone=None, **kwargs):
        self.zone = zone
        text = _("The due date includes the whole day, in the time zone of the learner’s team.")
        # The browser's date picker is in the reader's language and needs no script.
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(**{"label": _("due date"), "widget": widget, "help_text": text} | kwargs)

    def validate(self, day):
        super().validate(day)
        if day is None:
            return
        today = timezone.localdate(timezone=self.zone or timezone.get_default_timezone())
        if day < today:
            raise forms.ValidationError(_("This date is in the past. Choose today or a later date."), code="past")
        if day > today + FARTHEST:
            raise forms.ValidationError(_("This date is too far away. Choose an earlier date."), code="far")
