"""Manager action: extension, or another change, of the due date."""

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

STEPS = (3, 7)  # days by which buttons extend
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

    def apply(self, adjustment, items):
        for item in items:
            item.due_before = item.enrollment.due_at
            item.due_after = dates.due_instant(adjustment.due_on, item.enrollment.zone)
            item.enrollment.due_at = item.due_after
            item.enrollment.due_given_at, item.enrollment.due_given_by = adjustment.made_at, adjustment.made_by
        Enrollment.objects.write_many([item.enrollment for item in items], DAY_GIVEN)
        moved = [(item, {"from": item.due_before, "to": item.due_after}) for item in items]
        return items, [self.event(adjustment, item, "extended", data) for item, data in moved]

    def undo_refusal(self, item):
        """Return LATER if the enrollment is closed or has another due date, else None. Ignores shifts by absences."""
        is_current = item.enrollment.is_open and item.enrollment.due_given_at == item.made_at
        return None if is_current else UndoRefusal.LATER

    def undo(self, items, by, at):
        enrollments = [item.enrollment for item in items]
        former = days_given(enrollments, but=items)
        events = []
        for item, enrollment in zip(items, enrollments, strict=True):
            data = {"from": enrollment.due_at, "to": item.due_before}
            events.append(NewEvent("extension-undone", enrollment, by, data, at))
            enrollment.due_at = item.due_before
            enrollment.due_given_at, enrollment.due_given_by_id = former.get(enrollment.pk, (None, None))
        Enrollment.objects.write_many(enrollments, DAY_GIVEN)
        answered = ExtensionRequest.objects.filter(adjustment=items[0].adjustment, enrollment__in=enrollments)
        events += reopen(answered.select_related("enrollment__learner"), by=by, at=at)
        return items, events + follow_absences(enrollments, by, at)

    def heading(self, adjustment):
        return gettext("Extended to %(day)s") % {"day": in_days(adjustment.due_on)}

    def words(self, item, actor_name, *, is_own):
        values = {"who": actor_name, "day": in_days(item.due_on), "before": in_days(item.due_on_before)}
        if is_own:
            return gettext("%(who)s extended your due date to %(day)s") % values
        if item.due_on_before:
            return gettext("%(who)s moved the due date from %(before)s to %(day)s") % values
        return gettext("%(who)s set the due date to %(day)s") % values


def days_given(enrollments, *, but=()):
    """Return enrollment id → (time of the last extension, user id or None), ignoring undone items and the items in
    `but`. Enrollments never extended have no key. One query.
    """
    items = AdjustmentItem.objects.filter(enrollment__in=enrollments, adjustment__kind=Extend.kind)
    items = items.filter(made_at__isnull=False, undone_at=None).exclude(pk__in=[item.pk for item in but])
    rows = items.order_by("pk").values_list("enrollment", "made_at", "adjustment__made_by")
    return {enrollment: (given_at, by) for enrollment, given_at, by in rows}


def reopen(answered: Collection[ExtensionRequest], *, by: User, at: datetime) -> list[NewEvent]:
    """Reopen requests without a newer open one; notify learners. Return events to log. Lock the enrollments before."""
    ids = [each.enrollment_id for each in answered]
    anew = set(ExtensionRequest.objects.filter(enrollment__in=ids, ended_at=None).values_list("enrollment", flat=True))
    back = [each for each in answered if each.enrollment_id not in anew]
    ExtensionRequest.objects.filter(pk__in=[each.pk for each in back]).update(**OPEN_AGAIN)
    queue_reopened_email(back)
    return [NewEvent("extension-answer-undone", each.enrollment, by, {"request": each.pk}, at) for each in back]
