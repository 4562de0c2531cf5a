"""Onboarding: add people to the company, one or many, with or without a team."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from courseware.accounts.models import Membership, Team, User
from courseware.audit_log.record import NewEvent, record_many

LEARNER = Membership.Role.LEARNER


@transaction.atomic
def add_person(
    name: str,
    *,
    email: str | None = None,
    staff_number: str | None = None,
    language: str = "",
    job_role: str = "",
    starts_on: date | None = None,
    leaves_on: date | None = None,
    team: Team | None = None,
    role: str = LEARNER,
    by: User | None,
    at: datetime | None = None,
) -> User:
    """Add and log a person without password; send no email. Raise ValidationError, also if email or number is taken."""
    fields = {"language": language, "job_role": job_role, "starts_on": starts_on, "leaves_on": leaves_on}
    person, events = add_person_with_events(
        {"name": name, "email": email, "staff_number": staff_number, **fields}, team, role, by, at
    )
    record_many(events)
    return person


def add_person_with_events(
    fields: dict, team: Team | None, role: str, by: User | None, at: datetime | None
) -> tuple[User, list]:
    """Do what `add_person` does, without logging. `fields`: field of `User` → value. Return (person, events to log)."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(**fields)
    except IntegrityError:  # the same person was added at the same time
        raise ValidationError(_("Another account already has this email address or staff number.")) from None
    if team:
        Membership.objects.create(person=person, team=team, role=role)
    return person, events_of(person, team, role, by, at)


Newcomer = tuple[dict, Team | None, str]  # fields of `User`, the team, the role in it


def add_people(newcomers: Mapping[int, Newcomer], by: User | None, at: datetime) -> dict[int, list[NewEvent]]:
    """Add those `newcomers` (any key → `Newcomer`) who are valid and whose email and number no account has. Return key
    → events to log of added people. Raise IntegrityError if an email or number occurs twice or was just taken.
    """
    people = {key: person for key, (fields, _team, _role) in newcomers.items() if (person := well_formed(fields))}
    names = names_here(people.values())
    new = {key: each for key, each in people.items() if names.isdisjoint({each.email, each.staff_number})}
    User.objects.create_together(list(new.values()))
    memberships = {key: newcomers[key][1:] for key in new}
    # Without signals: new people have no sessions and enrollments that a signal would update.
    Membership.objects.bulk_create(
        [Membership(person=new[key], team=team, role=role) for key, (team, role) in memberships.items() if team]
    )
    return {key: events_of(new[key], team, role, by, at) for key, (team, role) in memberships.items()}


def well_formed(fields: dict) -> User | None:
    person = User(**fields)
    try:
        person.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
    except ValidationError:
        return None
    return person


def names_here(people: Iterable[User]) -> set[str]:
    """Return addresses and numbers of accounts that share one with these unsaved people. Runs one query."""
    addresses, numbers = ({getattr(each, field) for each in people} - {None} for field in ("email", "staff_number"))
    found = User.objects.filter(Q(email__in=addresses) | Q(staff_number__in=numbers)).order_by()
    return {name for names in found.values_list("email", "staff_number") for name in names if name}


def events_of(person: User, team: Team | None, role: str, by: User | None, at: datetime | None) -> list[NewEvent]:
    events = [NewEvent("person-added", person, by, {}, at)]
    if team:
        events.append(NewEvent("membership-added", person, by, {"team": team.pk, "role": role}, at))
    return events
