"""Teams made, changed and closed. A team is where people stand; nothing of their records is in it."""

from django.db import transaction

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.moving import ended
from courseware.accounts.whereabouts import change_teams_of
from courseware.evidence.recording import NewEvent, record, record_many, subject_of

LEARNER = Membership.Role.LEARNER


class LearnersLeft(Exception):
    """The team has learners, and nobody said where they go."""


@transaction.atomic
def add_team(team: Team, *, by: User) -> Team:
    """`team` is new and checked."""
    team.save()
    record("team-added", actor=by, subject=team, data={"parent": team.parent_id})
    return team


@transaction.atomic
def change_team(team: Team, changed: list[str], *, by: User) -> None:
    """`changed`: the fields in which the checked `team` differs from its row."""
    if not changed:
        return
    team.save()
    events = [NewEvent("team-changed", team, by, {"fields": sorted(changed)})]
    if "parent" in changed:  # the managers above see the people below
        events.append(NewEvent("team-moved", team, by, {"parent": team.parent_id}))
    record_many(events)


@transaction.atomic
def close_team(team: Team, *, to: Team | None, by: User) -> None:
    """The learners go on in `to`, nobody leads the team any more, and those below belong to the one above.

    The row goes: what people did is theirs, and the log keeps who stood here. Raises LearnersLeft.
    """
    lock_teams()  # first, as the admin does, where a team is moved and its people change in one form
    people = list(lock_people_of(team))
    change_teams_of(person.pk for person in people)  # all at once, as they join the other team one by one
    learners = Membership.objects.filter(team=team, role=LEARNER)
    if learners.exists() and to is None:
        raise LearnersLeft(team)
    events = [] if to is None else joining(to, [place.person for place in learners.select_related("person")], by)
    events += ended(Membership.objects.filter(team=team), by, None)
    for below in team.children.order_by("pk"):
        below.parent = team.parent
        below.save()
        events.append(NewEvent("team-moved", below, by, {"parent": below.parent_id}))
    events.append(NewEvent("team-deleted", subject_of(team), by, {"people": [person.pk for person in people]}))
    team.delete()
    record_many(events)


def lock_teams():
    """As whoever moves one."""
    list(Team.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def lock_people_of(team):
    people = Membership.objects.filter(team=team).values("person")
    return User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk")


def joining(team, people, by):
    """Give these a place to learn in `team`; what is to be logged of it."""
    events = []
    for person in people:
        _place, is_new = Membership.objects.get_or_create(person=person, team=team, role=LEARNER)
        if is_new:
            events.append(NewEvent("membership-added", person, by, {"team": team.pk, "role": LEARNER}))
    return events
