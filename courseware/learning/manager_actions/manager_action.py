"""Base class of manager actions, with their forms, refusals and undo."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db import models
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.permissions.permissions import sees_whole_company, undecidable_ids
from courseware.audit_log.record import NewEvent
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment, EnrollmentQuerySet
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.form_numbers import small_number


class ActionRefusal(models.TextChoices):
    """Why an action does not change a learner."""

    OWN = "own", _("you cannot change your own training")
    CONFLICT = (
        "conflict",
        _(
            "you cannot make this change for people who added you, or made you a manager or a "
            "deputy, in the last 90 days, so another person must make this change"
        ),
    )
    OTHERS = "others", _("only another person, such as an admin, can make this change")
    COMPLETED = "completed", _("has completed the course")
    EXEMPT = "exempt", _("is exempt")
    UNCHANGED = "unchanged", _("needs no change")
    LATER = "later", _("already has a later due date")
    ENROLLED = "enrolled", _("is already enrolled")


CLOSED = {ActionRefusal.COMPLETED, ActionRefusal.EXEMPT}


class UndoRefusal(models.TextChoices):
    """Why an item is not undone."""

    UNDONE = "undone", _("This change was already undone.")
    LATE = "late", _("The time limit for undoing this change is over.")
    LATER = "later", _("This change was not undone, because there was another change later.")
    BEGUN = "begun", _("The person has started the course, so the enrollment stays.")
    UNKNOWN = "unknown", _("This version of the site cannot undo this change, so nothing was changed.")


@dataclass(frozen=True)
class Unadjusted:
    """A learner (id) who was not changed, and why."""

    learner: int
    why: ActionRefusal


class ActionForm(forms.Form):
    """Its fields are columns of an Adjustment. `enrollment`: to change; None for several people at once."""

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args: Any, enrollment: Enrollment | None = None, **kwargs: Any) -> None:
        # Several forms on one page need different element ids.
        super().__init__(*args, **{"auto_id": f"{type(self).__name__.removesuffix('Form').lower()}_%s"} | kwargs)
        self.enrollment = enrollment


class DayForm(ActionForm):
    """`steps`: number of days → date that a button sets as `due_on`. The button sends the number as `days`."""

    steps: dict[int, date] = {}

    def take_step(self):
        """If a button was pressed, set `due_on` in the sent data to its date."""
        if self.data and (day := self.steps.get(small_number(self.data.get("days")))):
            self.data = self.data.copy()
            self.data["due_on"] = day.isoformat()


class OptionalReason(forms.CharField):
    def __init__(self, **kwargs):
        usual = {"label": _("Why"), "max_length": 200, "help_text": _("Optional. The person can read this reason.")}
        super().__init__(**usual | kwargs, required=False)


def may_change(user: User, enrollment: Enrollment) -> bool:
    """Return whether `user` may change an enrollment; never an own one. Does not check that `user` may see it."""
    if enrollment.learner_id in undecidable_ids(user):
        return False
    if user.is_superuser or not sees_whole_company(user):
        return True
    return Enrollment.objects.manageable_by(user).filter(pk=enrollment.pk).exists()


def why_not_decide(adjustment: Adjustment, learner_id: int) -> ActionRefusal | None:
    """Return OWN or CONFLICT if `made_by` may not decide on a learner (id), else None; jobs may. Ignores teams."""
    if adjustment.made_by is None or learner_id not in undecidable_ids(adjustment.made_by):
        return None
    return ActionRefusal.OWN if adjustment.made_by_id == learner_id else ActionRefusal.CONFLICT


def write_exemptions(enrollments: Collection[Enrollment]) -> None:
    Enrollment.objects.write_many(enrollments, ["exempted_at", "exemption_reason"])


LinesAndEvents = tuple[list[AdjustmentItem], list[NewEvent]]


class ManagerAction:
    """One kind of change to a learner's training, with its form, refusals, effect, undo and texts. A new action is a
    subclass in this package, listed in ACTIONS; its own values need columns of Adjustment or AdjustmentItem.
    """

    kind = ""  # stored in Adjustment
    label: Promise  # the title of the page about one adjustment
    form: type[ActionForm]
    name = ""  # in its URL and in the admin; "": not on the person's page
    address = ""  # last part of its URLs
    is_for_many = True  # offered for several people at once
    is_about_people = False  # its keys are ids of people, who need no enrollment
    is_of_the_person = False  # applies to all courses of the person, and shows in each
    title: Promise
    button: Promise
    # Messages on the person's page, with `name` and the cleaned fields as placeholders.
    done: Promise
    unchanged: Promise
    admin_label: Promise | str = ""  # in the admin; "": not offered there
    event_labels: Mapping[str, Promise] = {}  # event verb → label
    undone_within = timedelta(days=1)
    related: tuple[str, ...] = ()  # relations of the enrollment that `apply` reads

    def is_offered(self, enrollment: Enrollment) -> bool:
        """Return whether its form is on the page of this enrollment."""
        return True

    def refusal(self, adjustment: Adjustment, enrollment: Enrollment) -> ActionRefusal | None:
        """Return why `adjustment` cannot change this enrollment, or None. Adjusted values may still be missing."""
        if why := why_not_decide(adjustment, enrollment.learner_id) or self.closed(enrollment):
            return why
        return ActionRefusal.UNCHANGED if self.is_unchanged(adjustment, enrollment) else None

    def closed(self, enrollment: Enrollment) -> ActionRefusal | None:
        """Return COMPLETED or EXEMPT if the enrollment is closed to this action, else None."""
        if enrollment.completed_at:
            return ActionRefusal.COMPLETED
        return ActionRefusal.EXEMPT if enrollment.exempted_at else None

    def is_unchanged(self, adjustment: Adjustment, enrollment: Enrollment) -> bool:
        """Return whether the enrollment already has the adjustment's values. False if only `apply` can tell."""
        return False

    def make(self, adjustment, items):
        """Lock, change and save the enrollments of unsaved `items`. Return (items with an effect, list of `Unadjusted`,
        events); items and events are not saved. Raise `KeyError` if an enrollment is gone.
        """
        enrollments = self.locked(items)
        able, refused = [], []
        for item in items:
            item.enrollment = enrollments[item.enrollment_id]
            why = self.refusal(adjustment, item.enrollment)
            able += [] if why else [item]
            refused += [Unadjusted(item.learner_id, why)] if why else []
        made, events = self.apply(adjustment, able) if able else ([], [])
        refused += [Unadjusted(item.learner_id, ActionRefusal.UNCHANGED) for item in able if item not in made]
        for item in made:
            item.made_at = adjustment.made_at
        return made, refused, events

    def locked(self, items: Collection[AdjustmentItem]) -> dict[int, Enrollment]:
        """Return id → enrollment of these items, locked in the order of ids. Deleted enrollments have no key."""
        return {each.pk: each for each in self.rows(items).order_by("pk")}

    def rows(self, items: Collection[AdjustmentItem]) -> EnrollmentQuerySet:
        rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).with_zone().with_due_date_shifted()
        if self.related:
            rows = rows.select_related(*self.related)
        return rows.filter(pk__in=[item.enrollment_id for item in items])

    def apply(self, adjustment: Adjustment, items: list[AdjustmentItem]) -> LinesAndEvents:
        """Change and save the locked enrollments of these items. Return items with an effect, and events to log."""
        raise NotImplementedError

    def event(self, adjustment, item, verb, data=None):
        return NewEvent(verb, item.enrollment, adjustment.made_by, data or {}, adjustment.made_at)

    def undo_refusal(self, item: AdjustmentItem) -> UndoRefusal | None:
        """Return why something other than a later item prevents undo, or None. `item.enrollment` is locked."""
        return None

    def undo(self, items: list[AdjustmentItem], by: User, at: datetime) -> LinesAndEvents:
        """Undo items of one adjustment; save their locked enrollments. Return the undone items, and events to log."""
        raise NotImplementedError

    def sentence(self, enrollment: Enrollment, cleaned: Mapping[str, Any], adjustment: Adjustment | None) -> str:
        """Return the message for the manager. `cleaned`: the form's data. `adjustment`: None if nothing was changed."""
        days = {name: date_format(value) for name, value in cleaned.items() if isinstance(value, date)}
        return (self.done if adjustment else self.unchanged) % {"name": enrollment.learner.name, **cleaned, **days}

    def heading(self, adjustment: Adjustment) -> str:
        """Return the heading of the page about one adjustment."""
        raise NotImplementedError

    def words(self, item: AdjustmentItem, actor_name: str, *, is_own: bool) -> str:
        """Return the history text of an item. `actor_name`: who acted. `is_own`: the reader is the learner."""
        raise NotImplementedError


def in_days(day: date | None) -> str:
    """Return a date as text; "" for None."""
    return date_format(day, "DATE_FORMAT") if day else ""
