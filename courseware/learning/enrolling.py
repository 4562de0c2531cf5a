"""Who takes which course, and by when. Each change is one transaction, and repeating it does no harm."""

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from courseware.accounts.models import Membership, time_zones
from courseware.accounts.permissions import with_teams_below
from courseware.evidence.recording import record, subject_of
from courseware.learning.models import Enrollment, zone_named
from courseware.lib import dates


class EnrollmentClosed(Exception):
    """The enrollment is completed or waived, so its due day has no meaning."""


@transaction.atomic
def enroll(learner, course, *, due_at=None, by=None, at=None):
    """The learner's open enrollment in the course, or a new one.

    An open one keeps its due day (see `extend`). A completed or waived one is closed: enrolling again begins a new run.
    """
    enrollment, is_new = begin(learner, course, due_at, at or timezone.now())
    if is_new:
        record_enrolled(enrollment, by)
    return enrollment


@transaction.atomic
def enroll_team(team, course, *, due_on, by, at=None):
    """Enroll every active learner of the team and of the teams below it; returns the list of new enrollments.

    `due_on` is the last day (a date, or None), which ends at midnight in the learner's zone. People who have any
    enrollment in the course are left out: a renewal is begun for each person alone.
    """
    at = at or timezone.now()
    memberships = Membership.objects.filter(
        team__in=with_teams_below({team.pk}), role=Membership.Role.LEARNER, person__is_active=True
    ).exclude(person__enrollments__course=course)
    memberships = memberships.annotate(zone_name=Subquery(time_zones(learner=OuterRef("person"))))
    zones = {each.person: zone_named(each.zone_name) for each in memberships.select_related("person").order_by("pk")}
    begun = [begin(learner, course, due_on and dates.due_instant(due_on, zone), at) for learner, zone in zones.items()]
    new = [enrollment for enrollment, is_new in begun if is_new]
    for enrollment in new:  # the log comes last: it is locked from here to the end
        record_enrolled(enrollment, by)
    return new


def begin(learner, course, due_at, at):
    """(the open enrollment, whether it is new)."""
    # If two enroll the same person at once, the constraint lets one through, and the other gets that enrollment.
    defaults = {"due_at": due_at, "enrolled_at": at}
    return Enrollment.objects.open().get_or_create(learner=learner, course=course, defaults=defaults)


def record_enrolled(enrollment, by):
    data = {"course": enrollment.course.identifier, "learner": enrollment.learner_id, "due_at": enrollment.due_at}
    record("enrolled", actor=by, subject=enrollment, data=data, at=enrollment.enrolled_at)


@transaction.atomic
def extend(enrollment, due_on, *, by, at=None):
    """Set the last day of an open enrollment; the log has the former one. Raises EnrollmentClosed."""
    enrollment = Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment.pk)
    if not enrollment.is_open:
        raise EnrollmentClosed(subject_of(enrollment))
    due_at = dates.due_instant(due_on, enrollment.zone)
    if due_at != enrollment.due_at:
        data = {"from": enrollment.due_at, "to": due_at}
        enrollment.due_at = due_at
        enrollment.save(update_fields=["due_at"])
        record("extended", actor=by, subject=enrollment, data=data, at=at)
    return enrollment


@transaction.atomic
def waive(enrollment, reason, *, by, at=None):
    """Excuse the learner, for a reason; the first reason stays. Raises EnrollmentClosed if it is completed."""
    enrollment = Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment.pk)
    if enrollment.completed_at:
        raise EnrollmentClosed(subject_of(enrollment))
    if not enrollment.waived_at:
        enrollment.waived_at, enrollment.waived_reason = at or timezone.now(), reason
        enrollment.save(update_fields=["waived_at", "waived_reason"])
        record("waived", actor=by, subject=enrollment, at=enrollment.waived_at)
    return enrollment
