"""Change memberships and data of a person. The log holds the changed fields, never their values."""

from datetime import datetime

from django.db import transaction

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.people.onboarding import LEARNER
from courseware.accounts.sign_in.account_notices import notify
from courseware.audit_log.record import NewEvent, record_many
from courseware.notifications.models import DeliveryState, OutgoingEmail


@transaction.atomic
def move(person: User, team: Team, *, role: str = LEARNER, by: User | None, at: datetime | None = None) -> bool:
    """Replace the person's teams of this role by `team`. Returns False if the person has the role there already."""
    events = moved(lock_person(person), team, role, by, at)
    record_many(events)
    return bool(events)


def lock_person(person: User) -> User:
    """The current row, locked. Lock the person before changing any membership."""
    return User.objects.select_for_update(no_key=True).get(pk=person.pk)


def moved(person: User, team: Team, role: str, by: User | None, at: datetime | None) -> list[NewEvent]:
    """Move the locked person. Returns the events to log."""
    places = Membership.objects.filter(person=person, role=role)
    if places.filter(team=team).exists():
        return []
    events = ended(places, by, at)
    Membership.objects.create(person=person, team=team, role=role)
    return [*events, NewEvent("membership-added", person, by, {"team": team.pk, "role": role}, at)]


def ended(places, by: User | None, at: datetime | None) -> list[NewEvent]:
    """End these memberships. Returns the events to log."""
    gone = list(places.select_related("person").order_by("pk"))
    places.delete()
    return [
        NewEvent("membership-removed", each.person, by, {"team": each.team_id, "role": each.role}, at) for each in gone
    ]


@transaction.atomic
def add_membership(person: User, team: Team, role: str, *, by: User) -> bool:
    place, is_new = Membership.objects.get_or_create(person=lock_person(person), team=team, role=role)
    if is_new:
        record_many([NewEvent("membership-added", place.person, by, {"team": team.pk, "role": role})])
    return is_new


@transaction.atomic
def end_membership(person: User, place: int, *, by: User) -> bool:
    """`place`: key of a membership of this person. Returns whether it existed."""
    events = ended(Membership.objects.filter(person=lock_person(person), pk=place), by, None)
    record_many(events)
    return bool(events)


@transaction.atomic
def change_particulars(person: User, values: dict, *, by: User) -> list[str]:
    """Set `values` by field. Returns the names of the changed fields. Raises ValidationError."""
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
    """Report a new address to the old one. Waiting emails follow, except such reports: an email may contain a link."""
    if address:
        waiting = OutgoingEmail.objects.filter(person=person, address=address, state=DeliveryState.QUEUED)
        waiting.exclude(kind="account-notice").update(address=person.email or "")
        notify(person, "address-changed", address=address)
