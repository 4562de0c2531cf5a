"""Name and end substitutes of managers."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Deputy, Membership, User
from courseware.accounts.security.sessions import ask_for_teams_anew
from courseware.audit_log.record import NewEvent, record_many
from courseware.lib.dates import site_day
from courseware.notifications.email.email_types import EmailType, NotificationText, one_by_one, register_kind
from courseware.notifications.email.queue import tell
from courseware.notifications.models import Notification, OutgoingEmail


@transaction.atomic
def name_deputy(lead: User, person: User, *, first_day: date, last_day: date, by: User) -> bool:
    """Returns False if it exists already. Locks the manager, so that a second press finds the first."""
    User.objects.select_for_update(no_key=True).get(pk=lead.pk)
    named, is_new = Deputy.objects.get_or_create(
        lead=lead, person=person, first_day=first_day, last_day=last_day, ended_at=None, defaults={"made_by": by}
    )
    if is_new:
        ask_for_teams_anew(person.pk)
        notify_both(named)
        record_many(events("deputy-added", named, by))
    return is_new


@transaction.atomic
def end_deputy(substitute: Deputy, *, by: User) -> bool:
    ended = Deputy.objects.filter(pk=substitute.pk, ended_at=None).update(ended_at=timezone.now())
    if ended:
        ask_for_teams_anew(substitute.person_id)
        record_many(events("deputy-ended", substitute, by))
    return bool(ended)


def events(verb, substitute, by):
    """One event for the manager, one for the substitute."""
    data = {
        "lead": substitute.lead_id,
        "substitute": substitute.person_id,
        "from": substitute.first_day,
        "until": substitute.last_day,
    }
    return [NewEvent(verb, person, by, data) for person in (substitute.lead, substitute.person)]


KIND = "deputy-added"


def register_email() -> None:
    template = "accounts/mail/substitute_named.txt"
    words = _("Deputy for a manager")
    unwanted, context = one_by_one(why_no_deputy_email), one_by_one(deputy_email_context)
    register_kind(KIND, EmailType(words, template, unwanted, context, lines=deputy_notifications))


def notify_both(substitute: Deputy) -> None:
    """Also to the person who did it: somebody else may have used the session."""
    for person in (substitute.person, substitute.lead):
        tell(KIND, person, key=f"{KIND}:{substitute.pk}:{person.pk}", data={"substitute": substitute.pk})


def deputy_notifications(lines: Sequence[Notification]) -> dict[int, NotificationText]:
    named = Deputy.objects.select_related("lead", "person").in_bulk({line.data["substitute"] for line in lines})
    told = {line: named.get(line.data["substitute"]) for line in lines}
    return {line.pk: NotificationText(notification_to(line.person_id, each)) for line, each in told.items() if each}


def notification_to(reader: int, named: Deputy) -> str:
    is_lead = reader == named.lead_id
    said = {
        "other": (named.person if is_lead else named.lead).name,
        "first": date_format(named.first_day),
        "last": date_format(named.last_day),
    }
    if is_lead:
        return gettext("%(other)s covers for you from %(first)s to %(last)s.") % said
    return gettext("You cover for %(other)s from %(first)s to %(last)s.") % said


def why_no_deputy_email(message: OutgoingEmail) -> str:
    substitutes = Deputy.objects.select_related("lead", "person", "made_by")
    named = substitutes.filter(pk=message.data["substitute"]).first()
    if named is None or named.ended_at or named.last_day < site_day():
        return gettext_noop("it ended in the meantime")
    if not (named.lead.is_active and named.person.is_active):
        return gettext_noop("one of the two people can no longer sign in")
    leads = Membership.objects.filter(person=named.lead, role=Membership.Role.MANAGER)
    return "" if leads.exists() else gettext_noop("the manager no longer manages a team")


def deputy_email_context(message: OutgoingEmail) -> dict[str, object]:
    named = Deputy.objects.select_related("lead", "person", "made_by").get(pk=message.data["substitute"])
    is_lead = message.person == named.lead
    return {
        "is_lead": is_lead,
        "name": message.person.name if isinstance(message.person, User) else "",
        "other": (named.person if is_lead else named.lead).name,
        "by": "" if named.made_by == message.person else named.made_by.name,
        "first": named.first_day,
        "last": named.last_day,
    }
