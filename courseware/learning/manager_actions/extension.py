"""Give another due date."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.audit_log.record import NewEvent
from courseware.learning.due_dates.absence_shifts import follow_absences
from courseware.learning.due_dates.due_dates import DueDayField
from courseware.learning.emails.extension import queue_reopened_email
from courseware.learning.manager_actions.manager_action import (
    DayForm,
    ManagerAction,
    OptionalReason,
    UndoRefusal,
    in_days,
)
from courseware.learning.models import AdjustmentItem, Enrollment, ExtensionRequest
from courseware.lib import dates

STEPS = (3, 7)  # days that a due day is moved by a button
DAY_GIVEN = ["due_at", "due_given_at", "due_given_by"]
OPEN_AGAIN = {"end": "", "ended_at": None, "ended_by": None, "words": "", "adjustment": None}


class ExtendForm(DayForm):
    due_on = DueDayField(label=_("New due date"))
    reason = OptionalReason()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        zone = self.enrollment and self.enrollment.zone
        self.fields["due_on"].zone = zone
        if self.enrollment:
            today = timezone.localdate(timezone=zone)
            since = max(self.enrollment.due_on or today, today)
            self.steps = {days: since + timedelta(days=days) for days in STEPS}
        self.take_step()


class Extend(ManagerAction):
    kind = "extended"
    label = _("new due date")
    form = ExtendForm
    name = address = "extend"
    title = _("Extend")
    button = _("Change due date")
    done = _("The due date of %(name)s is now %(due_on)s.")
    unchanged = _("Nothing was changed: the due date of %(name)s is already %(due_on)s.")
    admin_label = _("Change due date")
    event_labels = {
        "extended": pgettext_lazy("event", "due date changed"),
        "extension-undone": pgettext_lazy("event", "due date change undone"),
    }

    def is_unchanged(self, adjustment, enrollment):
        is_same_day = adjustment.due_on and dates.due_instant(adjustment.due_on, enrollment.zone) == enrollment.due_at
        return is_same_day and not enrollment.is_due_date_shifted

    def apply(self, adjustment, lines):
        for line in lines:
            line.due_before = line.enrollment.due_at
            line.due_after = dates.due_instant(adjustment.due_on, line.enrollment.zone)
            line.enrollment.due_at = line.due_after
            line.enrollment.due_given_at, line.enrollment.due_given_by = adjustment.made_at, adjustment.made_by
        Enrollment.objects.write_many([line.enrollment for line in lines], DAY_GIVEN)
        moved = [(line, {"from": line.due_before, "to": line.due_after}) for line in lines]
        return lines, [self.event(adjustment, line, "extended", data) for line, data in moved]

    def why_it_stays(self, line):
        """An absence may have moved the day on: it is still the one that was given."""
        stands = line.enrollment.is_open and line.enrollment.due_given_at == line.made_at
        return None if stands else UndoRefusal.LATER

    def undo(self, lines, by, at):
        runs = [line.enrollment for line in lines]
        former = days_given(runs, but=lines)
        events = []
        for line, run in zip(lines, runs, strict=True):
            data = {"from": run.due_at, "to": line.due_before}
            events.append(NewEvent("extension-undone", run, by, data, at))
            run.due_at = line.due_before
            run.due_given_at, run.due_given_by_id = former.get(run.pk, (None, None))
        Enrollment.objects.write_many(runs, DAY_GIVEN)
        answered = ExtensionRequest.objects.filter(adjustment=lines[0].adjustment, enrollment__in=runs)
        events += reopen(answered.select_related("enrollment__learner"), by=by, at=at)
        return lines, events + follow_absences(runs, by, at)

    def heading(self, adjustment):
        return gettext("Extended to %(day)s") % {"day": in_days(adjustment.due_on)}

    def words(self, line, who, *, is_own):
        values = {"who": who, "day": in_days(line.due_on), "before": in_days(line.due_on_before)}
        if is_own:
            return gettext("%(who)s extended your due date to %(day)s") % values
        if line.due_on_before:
            return gettext("%(who)s moved the due date from %(before)s to %(day)s") % values
        return gettext("%(who)s set the due date to %(day)s") % values


def days_given(enrollments, *, but=()):
    """Key → when another day was given by hand that was not taken back, and the key of who gave it. Runs one query."""
    lines = AdjustmentItem.objects.filter(enrollment__in=enrollments, adjustment__kind=Extend.kind)
    lines = lines.filter(made_at__isnull=False, undone_at=None).exclude(pk__in=[line.pk for line in but])
    rows = lines.order_by("pk").values_list("enrollment", "made_at", "adjustment__made_by")
    return {enrollment: (given_at, by) for enrollment, given_at, by in rows}


def reopen(answered: Collection[ExtensionRequest], *, by: User, at: datetime) -> list[NewEvent]:
    """They wait again, but not where the learner has asked anew. Their runs are held. What is to be logged of it."""
    runs = [each.enrollment_id for each in answered]
    anew = set(ExtensionRequest.objects.filter(enrollment__in=runs, ended_at=None).values_list("enrollment", flat=True))
    back = [each for each in answered if each.enrollment_id not in anew]
    ExtensionRequest.objects.filter(pk__in=[each.pk for each in back]).update(**OPEN_AGAIN)
    queue_reopened_email(back)
    return [NewEvent("extension-answer-undone", each.enrollment, by, {"request": each.pk}, at) for each in back]
