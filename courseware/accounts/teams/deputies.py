"""Deputies of managers: name and end them, and notify both people."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Deputy, Membership, User
from courseware.accounts.security.sessions import reload_session_facts
from courseware.audit_log.record import NewEvent, record_many
from courseware.lib.dates import site_day
from courseware.notifications.email.email_types import EmailType, NotificationText, one_by_one, register_email_type
from courseware.notifications.email.queue import queue_email
from courseware.notifications.models import Notification, OutgoingEmail


@transaction.atomic
def add_deputy(manager: User, person: User, *, first_day: date, last_day: date, by: User) -> bool:
    """Make `person` a deputy of `manager` from first to last day; notify and log. Return False if the same exists."""
    User.objects.select_for_update(no_key=True).get(pk=manager.pk)
    deputy, is_new = Deputy.objects.get_or_create(
        manager=manager, person=person, first_day=first_day, last_day=last_day, ended_at=None, defaults={"made_by": by}
    )
    if is_new:
        reload_session_facts(person.pk)
        notify_both(deputy)
        record_many(events("deputy-added", deputy, by))
    return is_new


@transaction.atomic
def end_deputy(deputy: Deputy, *, by: User) -> bool:
    """End the deputy's rights now, and log it. Return False if ended before."""
    ended = Deputy.objects.filter(pk=deputy.pk, ended_at=None).update(ended_at=timezone.now())
    if ended:
        reload_session_facts(deputy.person_id)
        record_many(events("deputy-ended", deputy, by))
    return bool(ended)


def events(verb, deputy, by):
    """Return two events of `verb`: for the manager and for the deputy."""
    data = {
        "manager": deputy.manager_id,
        "deputy": deputy.person_id,
        "from": deputy.first_day,
        "until": deputy.last_day,
    }
    return [NewEvent(verb, person, by, data) for person in (deputy.manager, deputy.person)]


KIND = "deputy-added"


def register_email() -> None:
    template = "accounts/mail/deputy_named.txt"
    label = _("Deputy for a manager")
    unwanted, context = one_by_one(why_no_deputy_email), one_by_one(deputy_email_context)
    register_email_type(KIND, EmailType(label, template, unwanted, context, lines=deputy_notifications))


def notify_both(deputy: Deputy) -> None:
    """Email the deputy and the manager, even if one of them made the change."""
    for person in (deputy.person, deputy.manager):
        queue_email(KIND, person, key=f"{KIND}:{deputy.pk}:{person.pk}", data={"deputy": deputy.pk})


def deputy_notifications(lines: Sequence[Notification]) -> dict[int, NotificationText]:
    deputies = Deputy.objects.select_related("manager", "person").in_bulk({line.data["deputy"] for line in lines})
    found = {line: deputies.get(line.data["deputy"]) for line in lines}
    return {line.pk: NotificationText(notification_to(line.person_id, each)) for line, each in found.items() if each}


def notification_to(recipient_id: int, deputy: Deputy) -> str:
    is_manager = recipient_id == deputy.manager_id
    values = {
        "other": (deputy.person if is_manager else deputy.manager).name,
        "first": date_format(deputy.first_day),
        "last": date_format(deputy.last_day),
    }
    if is_manager:
        return gettext("%(other)s is your deputy from %(first)s to %(last)s.") % values
    return gettext("You are the deputy of %(other)s from %(first)s to %(last)s.") % values


def why_no_deputy_email(message: OutgoingEmail) -> str:
    deputies = Deputy.objects.select_related("manager", "person", "made_by")
    deputy = deputies.filter(pk=message.data["deputy"]).first()
    if deputy is None or deputy.ended_at or deputy.last_day < site_day():
        return gettext_noop("the deputy no longer acts for the manager")
    if not (deputy.manager.is_active and deputy.person.is_active):
        return gettext_noop("the manager or the deputy can no longer sign in")
    managed = Membership.objects.filter(person=deputy.manager, role=Membership.Role.MANAGER)
    return "" if managed.exists() else gettext_noop("the manager no longer manages a team")


def deputy_email_context(message: OutgoingEmail) -> dict[str, object]:
    deputy = Deputy.objects.select_related("manager", "person", "made_by").get(pk=message.data["deputy"])
    is_manager = message.person == deputy.manager
    return {
        "is_manager": is_manager,
        "name": message.person.name if isinstance(message.person, User) else "",
        "other": (deputy.person if is_manager else deputy.manager).name,
        "by": "" if deputy.made_by == message.person else deputy.made_by.name,
        "first": deputy.first_day,
        "last": deputy.last_day,
    }
