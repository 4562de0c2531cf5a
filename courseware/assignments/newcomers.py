"""New people: known to the firm, in a team, enrolled, and told of it, all in one act."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from courseware.accounts.inviting import invite
from courseware.accounts.joining import add_person
from courseware.accounts.models import Team, User, time_zones
from courseware.content.models import Course
from courseware.evidence.models import Event
from courseware.evidence.recording import subject_of
from courseware.learning.enrolling import enroll
from courseware.learning.models import Enrollment, zone_named
from courseware.lib.dates import due_instant
from courseware.outbox.models import Message


@transaction.atomic
def bring_in(
    name: str, sign_in_name: str, *, courses: Sequence[Course] = (), due_on: date | None = None, by: User, **fields
) -> User:
    """Raises ValidationError as `add_person` does. The letter goes out after the enrollments, once."""
    person = add_unasked(name, sign_in_name, by=by, **fields)
    if courses:
        ask_for(person, courses, due_on, by=by)
    else:
        invite(person, by=by)
    return person


def add_unasked(name: str, sign_in_name: str, *, team: Team | None = None, by: User, **fields) -> User:
    """As `bring_in`, without a course and without a letter."""
    email, number = (sign_in_name, None) if "@" in sign_in_name else (None, sign_in_name)
    return add_person(name, email=email, staff_number=number, team=team, by=by, **fields)


@transaction.atomic
def ask_for(person: User, courses: Sequence[Course], due_on: date | None, *, by: User) -> None:
    zone = zone_named(time_zones(person).first())
    due_at = due_on and due_instant(due_on, zone)
    for course in courses:
        enroll(person, course, due_at=due_at, by=by)


def was_added(person: User, *, by: User, since: datetime) -> bool:
    """Whether it was `by` who added `person` since then: so a form that is sent again finds what it did before."""
    added = Event.objects.filter(subject=subject_of(person), verb="person-added", actor=by, at__gte=since)
    return added.exists()


def was_asked(person: User, courses: Sequence[Course]) -> bool:
    """Whether `person` takes all these courses, and a letter was written where there is an address."""
    begun = Enrollment.objects.filter(learner=person, course__in=courses).values("course").distinct().count()
    return begun == len(courses) and (not person.email or Message.objects.filter(person=person).exists())
