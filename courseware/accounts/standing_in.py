"""Name and end substitutes of managers."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import User
from courseware.accounts.sessions import ask_for_teams_anew
from courseware.accounts.substitute_letters import tell_both
from courseware.accounts.substitutes import Substitute
from courseware.evidence.recording import NewEvent, record_many


@transaction.atomic
def name_substitute(lead: User, person: User, *, first_day: date, last_day: date, by: User) -> bool:
    """Returns False if it exists already. Locks the manager, so that a second press finds the first."""
    User.objects.select_for_update(no_key=True).get(pk=lead.pk)
    named, is_new = Substitute.objects.get_or_create(
        lead=lead, person=person, first_day=first_day, last_day=last_day, ended_at=None, defaults={"made_by": by}
    )
    if is_new:
        ask_for_teams_anew(person.pk)
        tell_both(named)
        record_many(events("substitute-named", named, by))
    return is_new


@transaction.atomic
def end_substitute(substitute: Substitute, *, by: User) -> bool:
    ended = Substitute.objects.filter(pk=substitute.pk, ended_at=None).update(ended_at=timezone.now())
    if ended:
        ask_for_teams_anew(substitute.person_id)
        record_many(events("substitute-ended", substitute, by))
    return bool(ended)


def events(verb, substitute, by):
    """One event for each of both people."""
    data = {
        "lead": substitute.lead_id,
        "substitute": substitute.person_id,
        "from": substitute.first_day,
        "until": substitute.last_day,
    }
    return [NewEvent(verb, person, by, data) for person in (substitute.lead, substitute.person)]
