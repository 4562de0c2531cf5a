"""Change memberships."""

from datetime import datetime

from django.db import transaction

from courseware.accounts.joining import LEARNER
from courseware.accounts.models import Membership, Team, User
from courseware.evidence.recording import NewEvent, record_many


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
def add_place(person: User, team: Team, role: str, *, by: User) -> bool:
    place, is_new = Membership.objects.get_or_create(person=lock_person(person), team=team, role=role)
    if is_new:
        record_many([NewEvent("membership-added", place.person, by, {"team": team.pk, "role": role})])
    return is_new


@transaction.atomic
def end_place(person: User, place: int, *, by: User) -> bool:
    """`place`: key of a membership of this person. Returns whether it existed."""
    events = ended(Membership.objects.filter(person=lock_person(person), pk=place), by, None)
    record_many(events)
    return bool(events)
