"""Offboarding: mark people as left, let them return, and delete people added by mistake."""

from datetime import datetime

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext_noop

from courseware.accounts.api_keys import ApiKey
from courseware.accounts.models import Membership, User, merge_of
from courseware.accounts.permissions.role_changes import drop_sessions
from courseware.accounts.teams.memberships import end_memberships, lock_person
from courseware.audit_log.record import NewEvent, record, record_many, subject_of
from courseware.lib.dates import site_day
from courseware.notifications.models import DeliveryState, OutgoingEmail


@transaction.atomic
def leave(person: User, *, by: User | None, at: datetime | None = None) -> bool:
    """Deactivate `person`, end sessions, API keys and manager roles, set the last day to today unless it is earlier,
    and log it. Learner memberships stay. Return False if already inactive.
    """
    events = leave_locked(lock_person(person), by, at)
    record_many(events)
    person.refresh_from_db()
    return bool(events)


@transaction.atomic
def come_back(person: User, *, by: User | None, at: datetime | None = None) -> bool:
    """Activate `person`, without a last day, and log it. Return False if active, or an alias of another account."""
    events = come_back_locked(lock_person(person), by, at)
    record_many(events)
    person.refresh_from_db()
    return bool(events)


def leave_locked(person: User, by: User | None, at: datetime | None) -> list[NewEvent]:
    """Do what `leave` does, without logging, for a locked person. Return the events to log, [] if inactive."""
    if not person.is_active:
        return []
    person.is_active = False
    person.leaves_on = min(person.leaves_on or site_day(at), site_day(at))
    person.save(update_fields=["is_active", "leaves_on"])
    events = end_memberships(Membership.objects.filter(person=person, role=Membership.Role.MANAGER), by, at)
    drop_sessions(person)
    ApiKey.objects.filter(person=person).delete()  # for good, also if the person returns
    return [NewEvent("rights-changed", person, by, {"is_active": [True, False]}, at), *events]


def come_back_locked(person: User, by: User | None, at: datetime | None) -> list[NewEvent]:
    """Do what `come_back` does, without logging, for a locked person. Return the events to log, or []."""
    if person.is_active or merge_of(person):  # a merged account stays inactive
        return []
    person.is_active, person.leaves_on = True, None
    person.save(update_fields=["is_active", "leaves_on"])
    drop_sessions(person)
    return [NewEvent("rights-changed", person, by, {"is_active": [False, True]}, at)]


def deactivate_leavers() -> str:
    """Nightly job: call `leave` for people, but not staff, after their last day. Return their number as text."""
    leavers = User.objects.filter(is_active=True, leaves_on__lt=site_day(), is_staff=False, is_superuser=False)
    return str(sum(leave(person, by=None) for person in leavers.order_by("pk")))


class HasRecord(Exception):
    """The person has signed in, or has records."""


@transaction.atomic
def remove_person(person: User, *, by: User) -> None:
    """Delete the person and skip waiting emails. Raise HasRecord if the person signed in or has records."""
    row = lock_person(person)
    subject, teams = subject_of(row), sorted(row.memberships.values_list("team", flat=True))
    if row.last_login:
        raise HasRecord(person)
    emails = OutgoingEmail.objects.filter(person=row)
    emails.filter(state=DeliveryState.QUEUED).update(
        state=DeliveryState.SKIPPED,
        why=gettext_noop("the person was added by mistake and deleted"),
        ended_at=timezone.now(),
    )
    emails.update(person=None)
    try:
        row.delete()  # every record protects its person
    except ProtectedError:
        raise HasRecord(person) from None
    record("person-deleted", actor=by, subject=subject, data={"teams": teams})
