"""Create, change, move and close teams."""

from django.db import transaction

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.teams.memberships import end_memberships, lock_memberships_exclusive
from courseware.audit_log.record import NewEvent, record, record_many, subject_of

LEARNER = Membership.Role.LEARNER


class LearnersLeft(Exception):
    """The team has learners, but no other team was chosen for them."""


@transaction.atomic
def add_team(team: Team, *, by: User) -> Team:
    """Save and log an unsaved team, which the caller has validated with `full_clean`. Return it."""
    team.save()
    record("team-added", actor=by, subject=team, data={"parent": team.parent_id})
    return team


@transaction.atomic
def change_team(team: Team, changed: list[str], *, by: User) -> None:
    """Save and log a changed and validated team. `changed`: names of its changed fields; if empty, do nothing."""
    if not changed:
        return
    team.save()
    events = [NewEvent("team-changed", team, by, {"fields": sorted(changed)})]
    if "parent" in changed:  # the managers above see the people below
        events.append(NewEvent("team-moved", team, by, {"parent": team.parent_id}))
    record_many(events)


@transaction.atomic
def close_team(team: Team, *, to: Team | None, by: User) -> None:
    """Delete and log the team. Its learners become learners of `to`, its subteams move to its parent, and its managers
    lose the role. Raise LearnersLeft if it has learners and `to` is None.
    """
    lock_teams()  # before the people, in the same order as the admin
    memberships = Membership.objects.filter(team=team)
    locked = User.objects.select_for_update(no_key=True).filter(pk__in=memberships.values("person"))
    people = list(locked.order_by("pk"))
    lock_memberships_exclusive(person.pk for person in people)  # all before the first change, against deadlocks
    learners = memberships.filter(role=LEARNER)
    if learners.exists() and to is None:
        raise LearnersLeft(team)
    events = [] if to is None else add_learners(to, [each.person for each in learners.select_related("person")], by)
    events += end_memberships(memberships, by, None)
    for subteam in team.children.order_by("pk"):
        subteam.parent = team.parent
        subteam.save()
        events.append(NewEvent("team-moved", subteam, by, {"parent": subteam.parent_id}))
    events.append(NewEvent("team-deleted", subject_of(team), by, {"people": [person.pk for person in people]}))
    team.delete()
    record_many(events)


def lock_teams():
    list(Team.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def add_learners(team, people, by):
    """Make `people` (users) learners in `team`. Return the events to log; none about people who are learners there."""
    events = []
    for person in people:
        _membership, is_new = Membership.objects.get_or_create(person=person, team=team, role=LEARNER)
        if is_new:
            events.append(NewEvent("membership-added", person, by, {"team": team.pk, "role": LEARNER}))
    return events
