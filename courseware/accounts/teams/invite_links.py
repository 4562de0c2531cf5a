"""Invite links of teams, for people with a staff number who never signed in. Unexpected people wait for a manager."""

from datetime import datetime, timedelta

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.models import Deputy, JoinRequest, Membership, Team, TeamInviteLink, User
from courseware.accounts.people.onboarding import add_person
from courseware.accounts.permissions.permissions import handles_people, people_managed_by, teams_managed_by
from courseware.accounts.permissions.roles import HR
from courseware.accounts.sign_in.allauth_internals import get_ip
from courseware.audit_log.models import Event
from courseware.audit_log.record import record, subject_of
from courseware.lib.dates import site_day
from courseware.lib.text.names import visible

SIGNER = Signer(salt="courseware.accounts.teams.invite_links", sep=".")
MOST_WAITING = 100  # open requests of one link
PRESSED_TWICE = timedelta(seconds=30)


class LinkEnded(Exception):
    """The link is unknown, expired, used up or ended."""


class AccountExists(Exception):
    """The staff number belongs to a person whose request the user may not accept: see `acceptable_people`."""


def teams_to_link(user):
    """Return a queryset of the teams for which `user` may create invite links."""
    return Team.objects.all() if handles_people(user) else teams_managed_by(user)


@transaction.atomic
def make_link(team: Team, *, ends_at: datetime, uses: int, by: User, at: datetime | None = None) -> TeamInviteLink:
    """Create and log a link, which `uses` people can use until `ends_at` (aware)."""
    link = TeamInviteLink.objects.create(
        team=team, made_by=by, made_at=at or timezone.now(), ends_at=ends_at, uses_left=uses
    )
    record(
        "invite-link-created", actor=by, subject=team, data={"link": link.pk, "uses": uses, "ends_at": ends_at}, at=at
    )
    return link


@transaction.atomic
def end_link(link: TeamInviteLink, *, by: User, at: datetime | None = None) -> bool:
    """End and log the link. Return False if it was ended before."""
    if not TeamInviteLink.objects.filter(pk=link.pk, ended_at=None).update(ended_at=at or timezone.now()):
        return False
    record("invite-link-ended", actor=by, subject=link.team, data={"link": link.pk}, at=at)
    return True


def address_of(link: TeamInviteLink) -> str:
    """Return the absolute URL of the link."""
    # Signed, not stored: the database alone does not reveal a working URL.
    return settings.SITE_URL.rstrip("/") + reverse("account_join", args=[SIGNER.sign(str(link.pk))])


def open_link(token: str, at: datetime | None = None) -> TeamInviteLink:
    """Return the open link with `token`, the end of its URL, with `team` loaded. Raise LinkEnded if there is none."""
    try:
        key = int(SIGNER.unsign(token))
    except (BadSignature, ValueError):
        raise LinkEnded from None
    link = TeamInviteLink.objects.open(at or timezone.now()).select_related("team").filter(pk=key).first()
    if link is None:
        raise LinkEnded
    return link


def may_try(request, link: TeamInviteLink) -> bool:
    """Return whether `count_attempt` was called fewer than 10 times within an hour for this IP address and link."""
    return bool(ratelimit.consume(request, action="invite_links", key=rate_limit_key(request, link), dry_run=True))


def count_attempt(request, link: TeamInviteLink) -> None:
    """Count a failed attempt from this IP address with this link: see `may_try`."""
    ratelimit.consume(request, action="invite_links", key=rate_limit_key(request, link))


def rate_limit_key(request, link: TeamInviteLink) -> str:
    return f"{link.pk}|{get_ip(request)}"


@transaction.atomic
def join_by_link(link: TeamInviteLink, staff_number: str, name: str, *, at: datetime | None = None) -> User | None:
    """Return the person with this number (normalized by `plain_staff_number`) and take one use of the link, if the
    person is one of `people_who_may_join` and `is_expected`. Otherwise call `ask_manager` and return None. Raise
    LinkEnded if the link is not open. A second call for the same person within 30 seconds takes no further use.
    """
    at = at or timezone.now()
    person = User.objects.filter(staff_number=staff_number).first()
    if person and person.last_login and joined_just_now(person, link, at) and is_expected(person, link, name):
        return person  # sent twice: one use
    if person is None or not people_who_may_join().filter(pk=person.pk).exists() or not is_expected(person, link, name):
        ask_manager(link, staff_number, name, at)
        return None
    if not TeamInviteLink.objects.open(at).filter(pk=link.pk).update(uses_left=F("uses_left") - 1):
        raise LinkEnded
    record("invite-link-used", actor=person, subject=person, data={"link": link.pk}, at=at)
    return person


def joined_just_now(person: User, link: TeamInviteLink, at: datetime) -> bool:
    """Return whether the person used this link within 30 seconds before `at`, is active and has no password."""
    used = Event.objects.filter(subject=subject_of(person), verb="invite-link-used", at__gt=at - PRESSED_TWICE)
    return person.is_active and not person.has_usable_password() and used.filter(data__link=link.pk).exists()


def people_who_may_join() -> QuerySet[User]:
    """Return a queryset of active people who can use a link: no email, password, sign-in or rights over others yet."""
    managers = Membership.objects.filter(role=Membership.Role.MANAGER).values("person")
    deputies = Deputy.objects.filter(ended_at=None, last_day__gte=site_day() - timedelta(days=1)).values("person")
    return (
        User.objects.filter(is_active=True, email=None, last_login=None, is_staff=False, is_superuser=False)
        .filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        .exclude(audits_until__gte=site_day())
        .exclude(groups__name=HR)
        .exclude(pk__in=managers)
        .exclude(pk__in=deputies)
    )


def acceptable_people(user: User) -> QuerySet[User]:
    """Return those `people_who_may_join` whose requests `user` may accept: for HR all, for managers their learners."""
    return (
        people_who_may_join() if handles_people(user) else people_who_may_join().filter(pk__in=people_managed_by(user))
    )


def is_expected(person: User, link: TeamInviteLink, name: str) -> bool:
    """Return whether the person learns under this name in the link's team or below, or was accepted at this link."""
    if JoinRequest.objects.filter(link=link, staff_number=person.staff_number, is_accepted=True).exists():
        return True
    teams = Team.objects.filter(pk=link.team_id).with_subteams()
    memberships = person.memberships.filter(team__in=teams, role=Membership.Role.LEARNER)
    return without_spaces(person.name) == without_spaces(name) and memberships.exists()


def without_spaces(name: str) -> str:
    return "".join(visible(name).split()).casefold()


def ask_manager(link: TeamInviteLink, staff_number: str, name: str, at: datetime) -> None:
    """Create a join request; do nothing if the link has a request of this number, or MOST_WAITING unanswered ones."""
    requests = JoinRequest.objects.filter(link=link)
    if requests.filter(staff_number=staff_number).exists() or requests.filter(is_accepted=None).count() >= MOST_WAITING:
        return
    defaults = {"name": name, "asked_at": at}
    JoinRequest.objects.get_or_create(link=link, staff_number=staff_number, defaults=defaults)


@transaction.atomic
def answer_request(request: JoinRequest, is_accepted: bool, *, by: User, at: datetime | None = None) -> bool:
    """Accept or decline the request, and log it. Return False if it was answered before. Raise AccountExists: see
    `accepted_person`. Does not check whether `by` manages the team.
    """
    request = (
        JoinRequest.objects.select_for_update(of=("self",), no_key=True).select_related("link__team").get(pk=request.pk)
    )
    if request.is_accepted is not None:
        return False
    subject: Team | User = request.link.team
    if is_accepted:
        subject = accepted_person(request, by=by)
    request.is_accepted, request.answered_by, request.answered_at = is_accepted, by, at or timezone.now()
    request.save(update_fields=["is_accepted", "answered_by", "answered_at"])
    record("join-answered", actor=by, subject=subject, data={"request": request.pk, "accepted": is_accepted}, at=at)
    return True


def accepted_person(request: JoinRequest, *, by: User) -> User:
    """Return the person with the number of the request; if unknown, add the person to the team. Raise AccountExists if
    the person is known, but not one of `acceptable_people(by)`.
    """
    person = User.objects.filter(staff_number=request.staff_number).first()
    if person is None:
        return add_person(request.name, staff_number=request.staff_number, team=request.link.team, by=by)
    if not acceptable_people(by).filter(pk=person.pk).exists():
        raise AccountExists
    return person
