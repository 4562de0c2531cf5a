"""What all manager actions have in common. See `ManagerAction`."""

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
from courseware.accounts.permissions.permissions import not_decided_by, sees_whole_company
from courseware.audit_log.record import NewEvent
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment, EnrollmentQuerySet
from courseware.lib.web.form_layout import Fields
from courseware.lib.web.form_numbers import small_number


class ActionRefusal(models.TextChoices):
    """Why somebody is left as they are."""

    OWN = "own", _("you cannot change your own training")
    CONFLICT = "conflict", _("added or appointed you in the last 90 days, so another person must decide")
    OTHERS = "others", _("must be changed by another person, such as an admin")
    COMPLETED = "completed", _("has completed the course")
    EXCUSED = "excused", _("is exempt")
    UNCHANGED = "unchanged", _("needs no change")
    LATER = "later", _("already has a later due date")
    ENROLLED = "enrolled", _("is already enrolled")


CLOSED = {ActionRefusal.COMPLETED, ActionRefusal.EXCUSED}


class UndoRefusal(models.TextChoices):
    """Why a line is not taken back."""

    UNDONE = "undone", _("This was already undone.")
    LATE = "late", _("The time limit for undoing this is over.")
    LATER = "later", _("Nothing was undone, because there was another change or event later.")
    BEGUN = "begun", _("The person has started the course, so the enrollment stays.")
    UNKNOWN = "unknown", _("This version of the site cannot undo this, so nothing was changed.")


@dataclass(frozen=True)
class Unadjusted:
    """`learner` is a key."""

    learner: int
    why: ActionRefusal


class ActionForm(forms.Form):
    """Its fields are columns of an Adjustment. `enrollment` is None for several at once."""

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args: Any, enrollment: Enrollment | None = None, **kwargs: Any) -> None:
        # Of several on one page, each has ids of its own.
        super().__init__(*args, **{"auto_id": f"{type(self).__name__.removesuffix('Form').lower()}_%s"} | kwargs)
        self.enrollment = enrollment


class DayForm(ActionForm):
    """`steps`: days offered beside the field `due_on`, sent as their number in `days`."""

    steps: dict[int, date] = {}

    def take_step(self):
        if self.data and (day := self.steps.get(small_number(self.data.get("days")))):
            self.data = self.data.copy()
            self.data["due_on"] = day.isoformat()


class OptionalReason(forms.CharField):
    def __init__(self, **kwargs):
        usual = {"label": _("Why"), "max_length": 200, "help_text": _("Optional. The person can read it.")}
        super().__init__(**usual | kwargs, required=False)


def may_change(user: User, enrollment: Enrollment) -> bool:
    """Whether `user`, who sees the enrollment, may change it. Nobody changes the own training."""
    if enrollment.learner_id in not_decided_by(user):
        return False
    if user.is_superuser or not sees_whole_company(user):
        return True
    return Enrollment.objects.in_hands_of(user).filter(pk=enrollment.pk).exists()


def why_not_decide(adjustment: Adjustment, learner: int) -> ActionRefusal | None:
    """Why the adjustment is refused; `learner` is a key. An adjustment made by a job is never refused."""
    if adjustment.made_by is None or learner not in not_decided_by(adjustment.made_by):
        return None
    return ActionRefusal.OWN if adjustment.made_by_id == learner else ActionRefusal.CONFLICT


def write_exemptions(enrollments: Collection[Enrollment]) -> None:
    Enrollment.objects.write_many(enrollments, ["exempted_at", "exemption_reason"])


LinesAndEvents = tuple[list[AdjustmentItem], list[NewEvent]]


class ManagerAction:
    """One kind of change to a learner's training, with its form, refusals, effect, undo and texts.

    Pages, admin, addresses and audit log follow from the attributes and methods. A new action is a subclass in this
    package, listed in ACTIONS; a value of its own needs columns of Adjustment or AdjustmentItem.
    """

    kind = ""  # stored in Adjustment
    label: Promise  # the title of the page about one adjustment
    form: type[ActionForm]
    name = ""  # of its address and in the admin; "": not on the person's page
    address = ""  # the end of its addresses
    is_for_many = True  # whether it is offered for several people at once
    is_about_people = False  # whether its keys are those of people, who need no enrollment yet
    is_of_the_person = False  # whether it holds in every course of the person, and shows on the pages of all
    title: Promise
    button: Promise
    # What the person's page says after a change, and if nothing was changed; with `name` and the cleaned fields.
    done: Promise
    unchanged: Promise
    admin_label: Promise | str = ""  # of the action in the admin's list; "": not there
    event_labels: Mapping[str, Promise] = {}  # event verbs of the audit log, with their words
    undone_within = timedelta(days=1)
    related: tuple[str, ...] = ()  # relations of the enrollment that the effect reads

    def is_offered(self, enrollment: Enrollment) -> bool:
        """Whether its form shows on the page of this enrollment."""
        return True

    def refusal(self, adjustment: Adjustment, enrollment: Enrollment) -> ActionRefusal | None:
        """Why `adjustment` cannot be applied to this enrollment; None if it can. Its values may still be missing."""
        if why := why_not_decide(adjustment, enrollment.learner_id) or self.closed(enrollment):
            return why
        return ActionRefusal.UNCHANGED if self.is_unchanged(adjustment, enrollment) else None

    def closed(self, enrollment: Enrollment) -> ActionRefusal | None:
        if enrollment.completed_at:
            return ActionRefusal.COMPLETED
        return ActionRefusal.EXCUSED if enrollment.exempted_at else None

    def is_unchanged(self, adjustment: Adjustment, enrollment: Enrollment) -> bool:
        """Whether the enrollment already has the values of the adjustment. False if only `apply` can tell."""
        return False

    def make(self, adjustment, lines):
        """(the lines that changed something, who was refused, what to log). Locks all, writes all but lines and log."""
        enrollments = self.locked(lines)
        able, refused = [], []
        for line in lines:
            line.enrollment = enrollments[line.enrollment_id]
            why = self.refusal(adjustment, line.enrollment)
            able += [] if why else [line]
            refused += [Unadjusted(line.learner_id, why)] if why else []
        made, events = self.apply(adjustment, able) if able else ([], [])
        refused += [Unadjusted(line.learner_id, ActionRefusal.UNCHANGED) for line in able if line not in made]
        for line in made:
            line.made_at = adjustment.made_at
        return made, refused, events

    def locked(self, lines: Collection[AdjustmentItem]) -> dict[int, Enrollment]:
        """Key → enrollment, locked in the order of keys."""
        return {each.pk: each for each in self.rows(lines).order_by("pk")}

    def rows(self, lines: Collection[AdjustmentItem]) -> EnrollmentQuerySet:
        rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).with_zone().with_day_moved()
        if self.related:
            rows = rows.select_related(*self.related)
        return rows.filter(pk__in=[line.enrollment_id for line in lines])

    def apply(self, adjustment: Adjustment, lines: list[AdjustmentItem]) -> LinesAndEvents:
        """Change the locked enrollments of these lines. Returns the lines that changed something, and what to log."""
        raise NotImplementedError

    def event(self, adjustment, line, verb, data=None):
        return NewEvent(verb, line.enrollment, adjustment.made_by, data or {}, adjustment.made_at)

    def why_it_stays(self, line: AdjustmentItem) -> UndoRefusal | None:
        """Whether something else came in between that is no adjustment."""
        return None

    def undo(self, lines: list[AdjustmentItem], by: User, at: datetime) -> LinesAndEvents:
        """Undo the change of these lines, whose enrollments are locked. Returns the undone lines, and what to log."""
        raise NotImplementedError

    def sentence(self, enrollment: Enrollment, cleaned: Mapping[str, Any], adjustment: Adjustment | None) -> str:
        """The message for the manager: what was done, or why nothing was changed."""
        days = {name: date_format(value) for name, value in cleaned.items() if isinstance(value, date)}
        return (self.done if adjustment else self.unchanged) % {"name": enrollment.learner.name, **cleaned, **days}

    def heading(self, adjustment: Adjustment) -> str:
        """Of the page about one adjustment."""
        raise NotImplementedError

    def words(self, line: AdjustmentItem, who: str, *, is_own: bool) -> str:
        """What `who` did, in the history of the enrollment; `is_own`: said to the learner."""
        raise NotImplementedError


def in_days(day: date | None) -> str:
    return date_format(day, "DATE_FORMAT") if day else ""
