"""The email types of this app, and when an email is no longer wanted at the time of sending."""

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
    register_hours,
    register_kind,
    register_precondition,
)
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.wording.placeholders import NAME_AND_FIRM, Editable

OPENS, CLOSES = time(8), time(20)
TO_STRANGERS_A_DAY = 100  # of all of them together


def register_emails():
    for sort in (EmailCategory.TRAINING, EmailCategory.SUBSCRIBED):
        register_hours(sort, hours_of)
        register_precondition(sort, "away", absences.until_return)
        register_bar(sort, "left", why_of_leaver)
    questions = one_by_one(not_yet_here), one_by_one(invitations.link_text)
    template = "accounts/mail/invitation.txt"
    register_kind("invitation", EmailType(_("Invitation"), template, *questions, editable=INVITATION))
    # Each word of these is the product's: about a password or a sign-in, people know letters by what they always say.
    for name, words, why_unwanted, context in (
        ("new-link", _("New password link"), asked_today, invitations.link_text),
        (
            "no-account",
            _("No account with this email address"),
            to_company,
            lambda message: {"address": message.address},
        ),
        ("account-notice", _("Account change"), lambda message: "", account_notices.in_words),
    ):
        template = f"accounts/mail/{name.replace('-', '_')}.txt"
        register_kind(name, EmailType(words, template, one_by_one(why_unwanted), one_by_one(context)))


def example_of_invitation():
    link, days = f"{settings.SITE_URL}/accounts/", settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60)
    return {"name": gettext("Li Hua"), "link": link, "days": days}


INVITATION = Editable(NAME_AND_FIRM, example_of_invitation, secrets=("link",))


def not_yet_here(message):
    if not message.person.is_active:
        return gettext_noop("the person can no longer sign in")
    seen = message.person.last_login
    return gettext_noop("the person signed in in the meantime") if seen and seen > message.written_at else ""


def asked_today(message):
    if not message.person.is_active:
        return gettext_noop("the person can no longer sign in")
    return gettext_noop("it was requested more than 1 day ago") if message.written_at < timezone.now() - DAY else ""


def to_company(message):
    """Strangers can type any address: only addresses of the company get an email, and none gets many."""
    domain = message.address.rpartition("@")[2].lower()
    if domain not in settings.COMPANY_EMAIL_DOMAINS:
        return "COMPANY_EMAIL_DOMAINS does not name the domain of this address"
    sent = OutgoingEmail.objects.handed_over().filter(kind=message.kind, ended_at__gt=timezone.now() - DAY)
    if sent.filter(address__iexact=message.address).exists():
        return "this address got one today"
    return "" if sent.count() < TO_STRANGERS_A_DAY else f"{TO_STRANGERS_A_DAY} of them were sent today"


@dataclass(frozen=True)
class EmailHours:
    zone: tzinfo
    calendar: Calendar

    def day_at(self, at: datetime) -> date:
        """The reader's day to which emails written at `at` belong; after closing time, tomorrow."""
        local = at.astimezone(self.zone)
        return local.date() + DAY if local.time() >= CLOSES else local.date()

    def opens_at(self, at: datetime) -> datetime:
        """The first instant from `at` on at which an email may be sent."""
        day = at.astimezone(self.zone).date()
        if self.calendar.is_working(day):
            opens, closes = (datetime.combine(day, hour, self.zone).astimezone(UTC) for hour in (OPENS, CLOSES))
            if at < closes:
                return max(at, opens)
        return datetime.combine(self.calendar.working_day_after(day), OPENS, self.zone).astimezone(UTC)


def hours_of(people: Collection[int]) -> dict[int, EmailHours]:
    """By the team that each joined first, else manages; without a team, by the site. Runs two queries."""
    places = Membership.objects.filter(person__in=people).select_related("team")
    # Learner before manager, and the first of each: what comes last here is kept.
    teams = {place.person_id: place.team for place in places.order_by("-role", "-pk")}
    calendars = calendars_of(teams.get(person) for person in people)
    return {
        person: EmailHours(teams[person].zone if person in teams else ZoneInfo(settings.TIME_ZONE), calendar)
        for person, calendar in zip(people, calendars, strict=True)
    }


def why_of_leaver(message: OutgoingEmail) -> str:
    """Former people get no email. The last day ends in the time zone of the site, as in `let_go`."""
    person = message.person
    is_gone = person is None or not person.is_active or (person.leaves_on and person.leaves_on < site_day())
    return gettext_noop("the person left the company") if is_gone else ""
