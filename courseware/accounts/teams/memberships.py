"""Changes of memberships and data of a person, and locks. The audit log holds names of changed fields, not values."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.onboarding import LEARNER
from courseware.accounts.sign_in.account_notices import notify
from courseware.audit_log.record import NewEvent, record_many
from courseware.notifications.models import DeliveryState, OutgoingEmail

LOCKS = 1668576116  # first key of the advisory locks; no other code in this database uses it
SLOTS = 1024  # people share slots: PostgreSQL holds a few thousand locks, and a team can be larger


@transaction.atomic
def move(person: User, team: Team, *, role: str = LEARNER, by: User | None, at: datetime | None = None) -> bool:
    """Replace the person's teams of this role by `team`, and log it. If `team` is one of them, only return False."""
    events = move_locked(lock_person(person), team, role, by, at)
    record_many(events)
    return bool(events)


def lock_person(person: User) -> User:
    """Lock and return the current row. Call it before any change of the person's memberships."""
    return User.objects.select_for_update(no_key=True).get(pk=person.pk)


def move_locked(person: User, team: Team, role: str, by: User | None, at: datetime | None) -> list[NewEvent]:
    """Do what `move` does, without logging, for a locked person. Return the events to log, or []."""
    memberships = Membership.objects.filter(person=person, role=role)
    if memberships.filter(team=team).exists():
        return []
    events = end_memberships(memberships, by, at)
    Membership.objects.create(person=person, team=team, role=role)
    return [*events, NewEvent("membership-added", person, by, {"team": team.pk, "role": role}, at)]


def end_memberships(memberships, by: User | None, at: datetime | None) -> list[NewEvent]:
    """Delete these memberships (a queryset). Return the events to log."""
    gone = list(memberships.select_related("person").order_by("pk"))
    memberships.delete()
    return [
        NewEvent("membership-removed", each.person, by, {"team": each.team_id, "role": each.role}, at) for each in gone
    ]


@transaction.atomic
def add_membership(person: User, team: Team, role: str, *, by: User) -> bool:
    """Add and log a membership; others stay. Return False if the person has it already."""
    membership, is_new = Membership.objects.get_or_create(person=lock_person(person), team=team, role=role)
    if is_new:
        record_many([NewEvent("membership-added", membership.person, by, {"team": team.pk, "role": role})])
    return is_new


@transaction.atomic
def end_membership(person: User, membership_id: int, *, by: User) -> bool:
    """Delete and log the membership (id). Return False if the person does not have it."""
    events = end_memberships(Membership.objects.filter(person=lock_person(person), pk=membership_id), by, None)
    record_many(events)
    return bool(events)


@transaction.atomic
def change_profile(person: User, values: dict, *, by: User) -> list[str]:
    """Store `values` (field of `User` → value) in the database; the object `person` stays as it is. Log them and return
    the names of changed fields. If the email changes, call `notify_old_address`. Raise ValidationError.
    """
    row = lock_person(person)
    changed = sorted(field for field, value in values.items() if getattr(row, field) != value)
    if not changed:
        return []
    address = row.email
    for field in changed:
        setattr(row, field, values[field])
    row.full_clean(exclude=["password"])
    row.save(update_fields=changed)
    events = [NewEvent("person-changed", row, by, {"fields": changed})]
    if "email" in changed:
        events.append(NewEvent("address-changed", row, by))
        notify_old_address(row, address)
    record_many(events)
    return changed


def notify_old_address(person: User, address: str | None) -> None:
    """Notify the earlier email `address` of a saved change, and redirect waiting emails, except account notices, to the
    new one. Do nothing if `address` is None.
    """
    if address:
        waiting = OutgoingEmail.objects.filter(person=person, address=address, state=DeliveryState.QUEUED)
        waiting.exclude(kind="account-notice").update(address=person.email or "")
        notify(person, "address-changed", address=address)


# Advisory locks: they keep membership changes and headcount updates from missing each other's rows


def lock_memberships_shared(person_ids: Iterable[int]) -> None:
    """Block `lock_memberships_exclusive` of these people (ids) until the transaction ends. One query on PostgreSQL."""
    lock("pg_advisory_xact_lock_shared", person_ids)


def lock_memberships_exclusive(person_ids: Iterable[int]) -> None:
    """Block both kinds of membership locks of these people (ids) until the transaction ends. Pass all people at once:
    locking them one by one can deadlock. One query on PostgreSQL.
    """
    lock("pg_advisory_xact_lock", person_ids)


def lock(function: str, person_ids: Iterable[int]) -> None:
    slots = sorted({person_id % SLOTS for person_id in person_ids})
    if slots and connection.vendor == "postgresql":  # SQLite has one writer at a time
        with connection.cursor() as cursor:
            statement = f"SELECT {function}(%s, slot) FROM unnest(%s::int[]) AS slot"  # noqa: S608 - a constant
            cursor.execute(statement, [LOCKS, slots])
