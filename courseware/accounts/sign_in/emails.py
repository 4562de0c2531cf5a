"""Emails of this app: email types, sending hours, and reasons not to send an email."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from courseware.accounts.calendar import absences
from courseware.accounts.calendar.working_days import DAY, Calendar, calendars_of
from courseware.accounts.models import Membership
from courseware.accounts.sign_in import account_notices, invitations
from courseware.lib.dates import site_day
from courseware.notifications.email.email_types import (
    EmailCategory,
    EmailType,
    one_by_one,
    register_bar,
    register_email_type,
    register_hours,
    register_precondition,
)
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.wording.placeholders import NAME_AND_FIRM, Editable

OPENS, CLOSES = time(8), time(20)
TO_STRANGERS_A_DAY = 100  # emails to all of them together


def register_emails():
    for category in (EmailCategory.TRAINING, EmailCategory.SUBSCRIBED):
        register_hours(category, hours_of)
        register_precondition(category, "away", absences.until_return)
        register_bar(category, "left", why_of_leaver)
    callbacks = one_by_one(not_yet_here), one_by_one(invitations.link_text)
    template = "accounts/mail/invitation.txt"
    register_email_type("invitation", EmailType(_("Invitation"), template, *callbacks, editable=INVITATION))
    # Not editable: people recognize emails about passwords and sign-ins by their constant wording.
    for name, label, why_unwanted, context in (
        ("new-link", _("Link to set a password"), asked_today, invitations.link_text),
        (
            "no-account",
            _("Link requested for an email address that has no account"),
            to_company,
            lambda message: {"address": message.address},
        ),
        ("account-notice", _("Account change"), lambda message: "", account_notices.notice_context),
    ):
        template = f"accounts/mail/{name.replace('-', '_')}.txt"
        register_email_type(name, EmailType(label, template, one_by_one(why_unwanted), one_by_one(context)))


def example_of_invitation():
    link, days = f"{settings.SITE_URL}/accounts/", settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    return {"name": gettext("Li Hua"), "link": link, "days": days}


INVITATION = Editable(NAME_AND_FIRM, example_of_invitation, secrets=("link",))


def not_yet_here(message):
    """Return why an invitation (an OutgoingEmail) is not sent, or ""."""
    if not message.person.is_active:
        return gettext_noop("the person can no longer sign in")
    seen = message.person.last_login
    return gettext_noop("the person has already signed in") if seen and seen > message.written_at else ""


def asked_today(message):
    """Return why a requested link (an OutgoingEmail) is not sent, or ""."""
    if not message.person.is_active:
        return gettext_noop("the person can no longer sign in")
    return (
        gettext_noop("the link was requested more than 1 day ago") if message.written_at < timezone.now() - DAY else ""
    )


def to_company(message):
    """Return why an answer to an unknown address (an OutgoingEmail) is not sent, or "". Anyone can enter an address."""
    domain = message.address.rpartition("@")[2].lower()
    if domain not in settings.COMPANY_EMAIL_DOMAINS:
        return "COMPANY_EMAIL_DOMAINS does not name the domain of this address"
    sent = OutgoingEmail.objects.handed_over().filter(kind=message.kind, ended_at__gt=timezone.now() - DAY)
    if sent.filter(address__iexact=message.address).exists():
        return "this address got one today"
    return "" if sent.count() < TO_STRANGERS_A_DAY else f"{TO_STRANGERS_A_DAY} of them were sent today"


@dataclass(frozen=True)
class EmailHours:
    """Sending hours of one person: working days of `calendar`, from OPENS to CLOSES in `zone`."""

    zone: tzinfo
    calendar: Calendar

    def day_at(self, at: datetime) -> date:
        """Return the person's date at `at` (aware); from CLOSES on, the next date."""
        local = at.astimezone(self.zone)
        return local.date() + DAY if local.time() >= CLOSES else local.date()

    def opens_at(self, at: datetime) -> datetime:
        """Return the first moment, in UTC, from `at` (aware) on at which an email may be sent."""
        day = at.astimezone(self.zone).date()
        if self.calendar.is_working(day):
            opens, closes = (datetime.combine(day, hour, self.zone).astimezone(UTC) for hour in (OPENS, CLOSES))
            if at < closes:
                return max(at, opens)
        return datetime.combine(self.calendar.working_day_after(day), OPENS, self.zone).astimezone(UTC)


def hours_of(person_ids: Collection[int]) -> dict[int, EmailHours]:
    """Return person id → sending hours of the team joined first, else managed, else of the site. Runs two queries."""
    memberships = Membership.objects.filter(person__in=person_ids).select_related("team")
    # The last row wins: learner before manager, and the oldest membership of each.
    teams = {membership.person_id: membership.team for membership in memberships.order_by("-role", "-pk")}
    calendars = calendars_of(teams.get(person_id) for person_id in person_ids)
    return {
        person_id: EmailHours(teams[person_id].zone if person_id in teams else ZoneInfo(settings.TIME_ZONE), calendar)
        for person_id, calendar in zip(person_ids, calendars, strict=True)
    }


def why_of_leaver(message: OutgoingEmail) -> str:
    """Return why an email is not sent: no person, an inactive one, or the last day has passed (site's date); or ""."""
    person = message.person
    is_gone = person is None or not person.is_active or (person.leaves_on and person.leaves_on < site_day())
    return gettext_noop("the person left the company") if is_gone else ""
