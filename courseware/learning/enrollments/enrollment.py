"""Enrollment of people and teams, change of due dates, exemption. Each change is one repeatable transaction."""

from django.db import transaction
from django.db.models import Count, F, OuterRef, Subquery
from django.utils import timezone

from courseware.accounts.models import Membership, time_zones
from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.audit_log.record import record_many, subject_of
from courseware.learning.emails.enrollment import queue_enrollment_email
from courseware.learning.enrollments.adjustments import adjust
from courseware.learning.enrollments.creation import BATCH, begin_many, begin_one, enrolled
from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.manager_action import CLOSED
from courseware.learning.models import Adjustment, BulkEnrollment, Enrollment, zone_named
from courseware.lib import dates


class EnrollmentClosed(Exception):
    """The enrollment is completed or exempt."""


@transaction.atomic
def enroll(learner, course, *, due_at=None, by=None, at=None):
    """Return the open enrollment of the learner in the course; if missing, create, log and announce it. `due_at`:
    instant or None. `by`: the user who enrolls, or None.
    """
    enrollment, is_new = begin_one(learner, course, due_at, at or timezone.now())
    if is_new:
        queue_enrollment_email([enrollment], by=by)
        record_many([enrolled(enrollment, by)])
    return enrollment


@transaction.atomic
def begin_enrolling(teams, course, *, due_on, at=None):
    """Return a BulkEnrollment to enroll all active learners of `teams` and the teams below; call `enroll_next` until it
    is finished. `due_on`: last day or None. People with any enrollment in the course are left out. An equal unfinished
    request is reused.
    """
    unfinished = BulkEnrollment.objects.filter(course=course, due_on=due_on, finished_at=None).prefetch_related("teams")
    if same := next((order for order in unfinished if set(order.teams.all()) == set(teams)), None):
        return same
    order = BulkEnrollment.objects.create(course=course, due_on=due_on, begun_at=at or timezone.now())
    order.teams.set(teams)
    return order


@transaction.atomic
def enroll_next(order, *, by, at=None):
    """Enroll up to BATCH more people about whom `by` (user or None) may decide. Return the current row of `order`."""
    at = at or timezone.now()
    order = (
        BulkEnrollment.objects.select_for_update(of=("self",), no_key=True).select_related("course").get(pk=order.pk)
    )
    if order.finished_at:
        return order
    waiting = waiting_for(order).exclude(person__in=undecidable_ids(by) if by else [])
    batch = waiting.annotate(zone_name=Subquery(time_zones(learner=OuterRef("person")))).select_related("person")
    zones = {each.person: zone_named(each.zone_name) for each in batch.order_by("pk")[:BATCH]}
    dues = {person: order.due_on and dates.due_instant(order.due_on, zone) for person, zone in zones.items()}
    new = begin_many(dues, order.course, at)
    order.enrolled += len(new)
    order.finished_at = None if waiting.exists() else at
    order.save(update_fields=["enrolled", "finished_at"])
    queue_enrollment_email(new, by=by)
    record_many(enrolled(enrollment, by) for enrollment in new)
    return order


def waiting_for(order):
    """Return memberships (several per person) of active learners in the teams of `order`, a BulkEnrollment, and the
    teams below, who have no enrollment in the course, not even a closed one.
    """
    teams = order.teams.all().with_subteams()
    learners = Membership.objects.filter(team__in=teams, role=Membership.Role.LEARNER, person__is_active=True)
    # Forces an index lookup per person. For a new course, PostgreSQL expects one enrollment and would compare each
    # person with all of them. A subquery of one value is not joined; `course + 0` is not in the index of the course.
    enrollments = Enrollment.objects.newest().alias(of_course=F("course") + 0)
    enrollment = enrollments.filter(learner=OuterRef("person"), of_course=order.course_id).values("pk")[:1]
    return learners.alias(run=Subquery(enrollment)).filter(run=None)


def people_pending(order):
    """Return the number of people in `waiting_for`."""
    return waiting_for(order).aggregate(people=Count("person", distinct=True))["people"]


def is_day_over(order, at=None):
    """Return whether `order`, a BulkEnrollment, is unfinished and its last day is over in the site's time zone."""
    today = timezone.localdate(at, timezone.get_default_timezone())
    return not order.finished_at and order.due_on is not None and order.due_on < today


@transaction.atomic
def set_due_date(order, due_on):
    """Set the last day (date or None) for people still to enroll by a BulkEnrollment. Return its current row."""
    order = BulkEnrollment.objects.select_for_update(no_key=True).get(pk=order.pk)
    if not order.finished_at and order.due_on != due_on:
        order.due_on = due_on
        order.save(update_fields=["due_on"])
    return order


def extend(enrollment, due_on, reason="", *, by, at=None):
    """Set the last day (a date). Return the adjustment; None if unchanged or if `by` may not decide about the learner.
    Raise `EnrollmentClosed`.
    """
    return alone(enrollment, Adjustment(kind=Extend.kind, due_on=due_on, reason=reason, made_by=by), at)


def exempt(enrollment, reason, *, by, at=None):
    """Exempt the learner. Return the adjustment; None if exempt already or if `by` may not decide about the learner.
    Raise `EnrollmentClosed` if completed.
    """
    return alone(enrollment, Adjustment(kind=Exempt.kind, reason=reason, made_by=by), at)


def alone(enrollment, adjustment, at=None):
    """Carry out an unsaved adjustment of one enrollment; return it, or None if no effect. Raise `EnrollmentClosed`."""
    made, refused = adjust([enrollment], adjustment, at=at)
    if refused and refused[0].why in CLOSED:
        raise EnrollmentClosed(subject_of(enrollment))
    return made
