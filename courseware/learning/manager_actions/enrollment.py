"""Manager action: enrollment of people in a course."""

from collections.abc import Collection, Iterator
from datetime import timedelta, tzinfo

from django import forms
from django.conf import settings
from django.db import models
from django.utils.translation import get_language, gettext, override, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User, time_zones
from courseware.audit_log.record import NewEvent, subject_of
from courseware.content.models import Course
from courseware.content.rendering.store import outline
from courseware.learning.due_dates.due_dates import DueDayField
from courseware.learning.emails.enrollment import queue_enrollment_email
from courseware.learning.enrollments.creation import begin_many, enrolled
from courseware.learning.enrollments.newest import continues_closed_enrollment
from courseware.learning.manager_actions.manager_action import (
    ActionRefusal,
    DayForm,
    ManagerAction,
    OptionalReason,
    Unadjusted,
    UndoRefusal,
    in_days,
    why_not_decide,
    write_exemptions,
)
from courseware.learning.models import (
    Adjustment,
    AdjustmentItem,
    Enrollment,
    ExtensionRequest,
    ManagerQuestion,
    SurveyReceipt,
    zone_named,
)
from courseware.lib import dates
from courseware.notifications.models import OutgoingEmail

SOON = 14  # days until the due date that a button offers


class OneTitledCourse(forms.ModelChoiceField):
    def __init__(self):
        courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
        super().__init__(courses.order_by("pk"), label=_("Course"))

    def label_from_instance(self, course):
        return outline(course.current, get_language()).title


class EnrollForm(DayForm):
    course = OneTitledCourse()
    due_on = DueDayField(label=_("Due date"), required=False)
    reason = OptionalReason()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.steps = {SOON: dates.site_day() + timedelta(days=SOON)}
        self.take_step()


class Enroll(ManagerAction):
    kind = "enrolled"
    label = _("enrolled")
    form = EnrollForm
    address = "enroll"
    is_about_people = True
    title = _("Enroll in a course")
    button = _("Enroll")
    event_labels = {
        "enrolled": pgettext_lazy("event", "enrolled"),
        "enrollment-removed": pgettext_lazy("event", "enrollment undone"),
    }

    def make_for_people(self, adjustment, people, *, again):
        """Like `make`, for ids of people; inactive ones are skipped. Queue emails. `again`: also people who completed
        the course or are exempt.
        """
        zones = dict(zones_of(people))
        newest = Enrollment.objects.newest().filter(learner__in=zones, course=adjustment.course)
        newest_by_learner = {each.learner_id: each for each in newest}
        able, refused = [], []
        for person in zones:
            why = why_not_enroll(adjustment, person.pk, newest_by_learner.get(person.pk), again=again)
            able += [] if why else [person]
            refused += [Unadjusted(person.pk, why)] if why else []
        dues = {each: adjustment.due_on and dates.due_instant(adjustment.due_on, zones[each]) for each in able}
        at = adjustment.made_at
        new = begin_many(dues, adjustment.course, at)
        made = [
            AdjustmentItem(learner_id=each.learner_id, enrollment=each, due_after=each.due_at, made_at=at)
            for each in new
        ]
        queue_enrollment_email(new, by=adjustment.made_by, is_held=True)
        return made, refused, [enrolled(each, adjustment.made_by) for each in new]

    def undo_refusal(self, item):
        if item.enrollment.started_at:
            return UndoRefusal.BEGUN
        return None if item.enrollment.is_open else UndoRefusal.LATER

    def undo(self, items, by, at):
        """Delete enrollments, but exempt those in `items_with_trace`. Enrollments that continue one of a merged account
        stay, and their items are not returned.
        """
        shared = Enrollment.objects.filter(continues_closed_enrollment(), pk__in=[item.enrollment_id for item in items])
        for_another = set(shared.values_list("pk", flat=True))
        if not (items := [item for item in items if item.enrollment_id not in for_another]):
            return [], []
        to_stay = items_with_trace(items)
        removed = [item.enrollment for item in items if item not in to_stay]  # only the item stays
        for item in to_stay:
            item.enrollment.exempted_at, item.enrollment.exemption_reason = at, by_mistake(item.learner)
        write_exemptions([item.enrollment for item in to_stay])
        events = [NewEvent("exempted", item.enrollment, by, {}, at) for item in to_stay]
        events += [NewEvent("enrollment-removed", subject_of(Enrollment, each.pk), by, {}, at) for each in removed]
        if removed:
            Enrollment.objects.remove_many(removed)
        for item in items:
            item.enrollment = item.enrollment if item in to_stay else None
        return items, events

    def heading(self, adjustment):
        if adjustment.due_on:
            return gettext("Enrolled, due on %(day)s") % {"day": in_days(adjustment.due_on)}
        return gettext("Enrolled")

    def words(self, item, actor_name, *, is_own):
        if is_own:
            return gettext("%(who)s enrolled you") % {"who": actor_name}
        return gettext("Enrolled by %(who)s") % {"who": actor_name}


def zones_of(people: Collection[int]) -> Iterator[tuple[User, tzinfo]]:
    """Yield (person, time zone of the team joined first) for active people among these ids. Runs one query."""
    found = User.objects.filter(pk__in=people, is_active=True)
    for person in found.annotate(zone_name=models.Subquery(time_zones(learner=models.OuterRef("pk")))).order_by("pk"):
        yield person, zone_named(vars(person)["zone_name"])


def why_not_enroll(
    adjustment: Adjustment, person_id: int, newest: Enrollment | None, *, again: bool
) -> ActionRefusal | None:
    """Return why a person (id) cannot be enrolled, or None. `newest`: the person's newest enrollment in the course, or
    None. `again`: allow it after completion or exemption.
    """
    if why := why_not_decide(adjustment, person_id):
        return why
    if newest and newest.is_open:
        return ActionRefusal.ENROLLED
    if newest and not again:
        return ActionRefusal.COMPLETED if newest.completed_at else ActionRefusal.EXEMPT
    return None


def items_with_trace(items):
    """Return those of `items` (at least one) whose learner got any email since, or whose enrollment has a survey
    receipt, extension request or question.
    """
    since = min(item.made_at for item in items)
    people = [item.learner_id for item in items]
    emails = OutgoingEmail.objects.handed_over().filter(person__in=people, written_at__gte=since)
    emailed = set(emails.values_list("person", flat=True))
    receipts = SurveyReceipt.objects.filter(enrollment__in=[item.enrollment_id for item in items])
    answered = set(receipts.values_list("enrollment", flat=True))
    for asked in (ExtensionRequest, ManagerQuestion):
        rows = asked.objects.filter(enrollment__in=[item.enrollment_id for item in items])
        answered |= set(rows.values_list("enrollment", flat=True))
    return [item for item in items if item.learner_id in emailed or item.enrollment_id in answered]


def by_mistake(person: User) -> str:
    with override(person.language or settings.LANGUAGE_CODE):
        return gettext("enrolled by mistake")
