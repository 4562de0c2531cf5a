"""Places in teams, one by one: to learn there, or to lead. From one team to another people go by `moving`."""

from django.db import transaction

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.moving import ended, lock_person
from courseware.evidence.recording import NewEvent, record_many


@transaction.atomic
def add_place(person: User, team: Team, role: str, *, by: User) -> bool:
    """Beside those that the person has. Returns whether it is new."""
    place, is_new = Membership.objects.get_or_create(person=lock_person(person), team=team, role=role)
    if is_new:
        record_many([NewEvent("membership-added", place.person, by, {"team": team.pk, "role": role})])
    return is_new


@transaction.atomic
def end_place(person: User, place: int, *, by: User) -> bool:
    """`place`: the key of a membership of this person. Returns whether there was one."""
    events = ended(Membership.objects.filter(person=lock_person(person), pk=place), by, None)
    record_many(events)
    return bool(events)
