"""How a person comes in: known to the firm, and at a place in a team."""

from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from courseware.accounts.models import Membership, Team, User
from courseware.evidence.recording import NewEvent, record_many

LEARNER = Membership.Role.LEARNER


@transaction.atomic
def add_person(
    name: str,
    *,
    email: str | None = None,
    staff_number: str | None = None,
    language: str = "",
    post: str = "",
    starts_on: date | None = None,
    leaves_on: date | None = None,
    team: Team | None = None,
    role: str = LEARNER,
    by: User | None,
    at: datetime | None = None,
) -> User:
    """Add a person without a password, who is told nothing yet.

    Raises ValidationError, in words and by field, also where somebody with this address or number is here already: so
    a second press adds nobody.
    """
    fields = {"language": language, "post": post, "starts_on": starts_on, "leaves_on": leaves_on}
    person, events = added({"name": name, "email": email, "staff_number": staff_number, **fields}, team, role, by, at)
    record_many(events)
    return person


def added(fields: dict, team: Team | None, role: str, by: User | None, at: datetime | None) -> tuple[User, list]:
    """(the person, what is to be logged), for one of many who come in together."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(**fields)
    except IntegrityError:  # somebody adds the same person at this very moment
        raise ValidationError(_("Somebody with this address or staff number is here already.")) from None
    events = [NewEvent("person-added", person, by, {}, at)]
    if team:
        Membership.objects.create(person=person, team=team, role=role)
        events.append(NewEvent("membership-added", person, by, {"team": team.pk, "role": role}, at))
    return person, events
