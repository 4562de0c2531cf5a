"""Conflicts of interest: for 90 days users cannot decide about people who added, appointed or gave access to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from courseware.accounts.models import Deputy, Membership, User
from courseware.accounts.permissions.roles import HR
from courseware.audit_log.models import Event
from courseware.audit_log.record import subject_of
from courseware.lib.dates import site_day

CONFLICT_DURATION = timedelta(days=90)
MADE_MANAGER = Q(verb__in=["membership-added", "membership-changed"], data__role=Membership.Role.MANAGER)
# A merge can give the person another address for sign-in links; an accepted join request lets the person sign in.
FAVORS = ("person-added", "sign-in-code-created", "address-changed", "deputy-added", "merged", "join-answered")
VERBS = (*FAVORS, "membership-added", "membership-changed")


def favors(at: datetime | None = None) -> QuerySet[Event]:
    """Return events (queryset) since 90 days before `at` (default: now) that may mean a conflict: see `benefactors`."""
    since = (at or timezone.now()) - CONFLICT_DURATION
    # `verb__in` allows the index; the role of a membership is filtered afterwards.
    return Event.objects.filter(Q(verb__in=FAVORS) | MADE_MANAGER, verb__in=VERBS, at__gt=since)


def benefactors(event: Event) -> Iterator[int]:
    """Yield ids of the people about whom the subject of `event` (from `favors`) cannot decide: the actor and, for a
    change by a list import, its uploader; never the subject. Of the two "deputy-added" events, the one whose subject
    is the manager yields nothing.
    """
    if event.verb == "deputy-added" and event.subject != f"{User.logged_as}:{event.data['deputy']}":
        return
    for key in (event.actor_id, event.data.get("brought_by")):
        if key and event.subject != f"{User.logged_as}:{key}":
            yield key


@dataclass(frozen=True)
class ConflictOfInterest:
    """`benefactor` added or appointed `person`, or gave `person` a way to sign in, by `event`."""

    person: User
    benefactor: User
    event: Event


def conflicts_of_deciders(at: datetime | None = None) -> list[ConflictOfInterest]:
    """Return conflicts at `at` (default: now), newest first. Deciders: active managers, HR, superusers, and present and
    future deputies.
    """
    deputies = Deputy.objects.filter(ended_at=None, last_day__gte=site_day(at)).values("person")
    managers = Membership.objects.filter(role=Membership.Role.MANAGER).values("person")
    deciders = User.objects.filter(
        Q(is_superuser=True) | Q(groups__name=HR) | Q(pk__in=managers) | Q(pk__in=deputies), is_active=True
    )
    people = {subject_of(person): person for person in deciders.distinct().order_by("pk")}
    found = [
        (people[event.subject], key, event)
        for event in favors(at).order_by("-pk")
        if event.subject in people
        for key in benefactors(event)
    ]
    by_id = User.objects.in_bulk({key for _person, key, _event in found})
    return [ConflictOfInterest(person, by_id[key], event) for person, key, event in found]


def people_in_conflict_with(user: User) -> frozenset[int]:
    """Return ids of people about whom `user` cannot decide, without `user`. One query, cached on `user`."""
    found: frozenset[int] | None = getattr(user, "in_conflict_with", None)
    if found is None:
        events = favors().filter(subject=subject_of(user))
        found = frozenset(key for event in events for key in benefactors(event))
        user.in_conflict_with = found  # also on the user behind a lazy `request.user`
    return found
