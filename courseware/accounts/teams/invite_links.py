"""Links that bring in a team: for people with a staff number who have never signed in. Others wait for a manager."""

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
MOST_WAITING = 100  # of one link
PRESSED_TWICE = timedelta(seconds=30)


class LinkEnded(Exception):
    """The link has expired, was used up or was ended."""


class AlreadyHere(Exception):
    """The number belongs to somebody who signs in another way."""


def teams_to_link(user):
    return Team.objects.all() if handles_people(user) else teams_managed_by(user)


@transaction.atomic
def make_link(team: Team, *, ends_at: datetime, uses: int, by: User, at: datetime | None = None) -> TeamInviteLink:
    link = TeamInviteLink.objects.create(
        team=team, made_by=by, made_at=at or timezone.now(), ends_at=ends_at, uses_left=uses
    )
    record(
        "invite-link-created", actor=by, subject=team, data={"link": link.pk, "uses": uses, "ends_at": ends_at}, at=at
    )
    return link


@transaction.atomic
def end_link(link: TeamInviteLink, *, by: User, at: datetime | None = None) -> bool:
    if not TeamInviteLink.objects.filter(pk=link.pk, ended_at=None).update(ended_at=at or timezone.now()):
        return False
    record("invite-link-ended", actor=by, subject=link.team, data={"link": link.pk}, at=at)
    return True


def address_of(link: TeamInviteLink) -> str:
    # Signed, not kept: who reads the database learns no address by which one comes in.
    return settings.SITE_URL.rstrip("/") + reverse("account_join", args=[SIGNER.sign(str(link.pk))])


def open_link(token: str, at: datetime | None = None) -> TeamInviteLink:
    """The link of this token. Raises LinkEnded, also for an unknown token."""
    try:
        key = int(SIGNER.unsign(token))
    except (BadSignature, ValueError):
        raise LinkEnded from None
    link = TeamInviteLink.objects.open(at or timezone.now()).select_related("team").filter(pk=key).first()
    if link is None:
        raise LinkEnded
    return link


def may_try(request, link: TeamInviteLink) -> bool:
    """At most ten failed tries an hour, per place and link."""
    return bool(ratelimit.consume(request, action="invite_links", key=place_at(request, link), dry_run=True))


def count_attempt(request, link: TeamInviteLink) -> None:
    ratelimit.consume(request, action="invite_links", key=place_at(request, link))


def place_at(request, link: TeamInviteLink) -> str:
    return f"{link.pk}|{get_ip(request)}"


@transaction.atomic
def come_in(link: TeamInviteLink, staff_number: str, name: str, *, at: datetime | None = None) -> User | None:
    """Use the link once and return the person; None: the manager is asked. Raises LinkEnded."""
    at = at or timezone.now()
    person = User.objects.filter(staff_number=staff_number).first()
    if person and person.last_login and came_just_now(person, link, at) and is_expected(person, link, name):
        return person  # pressed twice: one use
    if person is None or not never_here().filter(pk=person.pk).exists() or not is_expected(person, link, name):
        ask_manager(link, staff_number, name, at)
        return None
    if not TeamInviteLink.objects.open(at).filter(pk=link.pk).update(uses_left=F("uses_left") - 1):
        raise LinkEnded
    record("invite-link-used", actor=person, subject=person, data={"link": link.pk}, at=at)
    return person


def came_just_now(person: User, link: TeamInviteLink, at: datetime) -> bool:
    """Whether the person used this link within 30 seconds and has no password yet: a second press."""
    used = Event.objects.filter(subject=subject_of(person), verb="invite-link-used", at__gt=at - PRESSED_TWICE)
    return person.is_active and not person.has_usable_password() and used.filter(data__link=link.pk).exists()


def never_here() -> QuerySet[User]:
    """People who may use a link: active learners with a staff number alone, no password and no sign-in yet."""
    leads = Membership.objects.filter(role=Membership.Role.MANAGER).values("person")
    stand_in = Deputy.objects.filter(ended_at=None, last_day__gte=site_day() - timedelta(days=1)).values("person")
    return (
        User.objects.filter(is_active=True, email=None, last_login=None, is_staff=False, is_superuser=False)
        .filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        .exclude(audits_until__gte=site_day())
        .exclude(groups__name=HR)
        .exclude(pk__in=leads)
        .exclude(pk__in=stand_in)
    )


def may_be_let_in(user: User) -> QuerySet[User]:
    """People whom `user` may let in: managers people of their own teams, HR anybody."""
    return never_here() if handles_people(user) else never_here().filter(pk__in=people_managed_by(user))


def is_expected(person: User, link: TeamInviteLink, name: str) -> bool:
    """Whether the person is on the list of the team or a team below by number and name, or was let in."""
    if JoinRequest.objects.filter(link=link, staff_number=person.staff_number, is_accepted=True).exists():
        return True
    teams = Team.objects.filter(pk=link.team_id).with_subteams()
    places = person.memberships.filter(team__in=teams, role=Membership.Role.LEARNER)
    return without_spaces(person.name) == without_spaces(name) and places.exists()


def without_spaces(name: str) -> str:
    return "".join(visible(name).split()).casefold()


def ask_manager(link: TeamInviteLink, staff_number: str, name: str, at: datetime) -> None:
    asked = JoinRequest.objects.filter(link=link)
    if asked.filter(staff_number=staff_number).exists() or asked.filter(is_accepted=None).count() >= MOST_WAITING:
        return
    defaults = {"name": name, "asked_at": at}
    JoinRequest.objects.get_or_create(link=link, staff_number=staff_number, defaults=defaults)


@transaction.atomic
def answer_request(asked: JoinRequest, is_accepted: bool, *, by: User, at: datetime | None = None) -> bool:
    """Accept or decline; the first answer stands, and True says that this was it. Raises AlreadyHere."""
    asked = (
        JoinRequest.objects.select_for_update(of=("self",), no_key=True).select_related("link__team").get(pk=asked.pk)
    )
    if asked.is_accepted is not None:
        return False
    subject: Team | User = asked.link.team
    if is_accepted:
        subject = person_let_in(asked, by=by)
    asked.is_accepted, asked.answered_by, asked.answered_at = is_accepted, by, at or timezone.now()
    asked.save(update_fields=["is_accepted", "answered_by", "answered_at"])
    record("join-answered", actor=by, subject=subject, data={"request": asked.pk, "accepted": is_accepted}, at=at)
    return True


def person_let_in(asked: JoinRequest, *, by: User) -> User:
    person = User.objects.filter(staff_number=asked.staff_number).first()
    if person is None:
        return add_person(asked.name, staff_number=asked.staff_number, team=asked.link.team, by=by)
    if not may_be_let_in(by).filter(pk=person.pk).exists():
        raise AlreadyHere
    return person
