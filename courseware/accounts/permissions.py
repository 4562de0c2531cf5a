"""Who may see whom: the only place that decides it, for pages, exports and commands."""

from courseware.accounts.models import Membership, Team, User


def is_privileged(user):
    # A superuser sees everybody's records also where the admin is closed to them.
    return user.is_staff or user.is_superuser


def with_teams_below(teams):
    """Ids of these teams and of all teams below them. Runs one query; a firm has few teams."""
    ids = set(teams)
    if not ids:
        return ids
    children = {}
    for team, parent in Team.objects.exclude(parent=None).values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(team)
    waiting = list(ids)
    while waiting:
        for team in children.get(waiting.pop(), ()):
            if team not in ids:  # teams in a circle must not make this endless
                ids.add(team)
                waiting.append(team)
    return ids


def is_manager(user):
    """Runs one query."""
    return user.memberships.filter(role=Membership.Role.MANAGER).exists()


def teams_managed_by(user):
    """Ids of the teams `user` manages, and of all teams below them. Runs two queries."""
    if not user.is_active:
        return set()
    return with_teams_below(user.memberships.filter(role=Membership.Role.MANAGER).values_list("team_id", flat=True))


def learners_of(teams):
    return User.objects.filter(memberships__team__in=teams, memberships__role=Membership.Role.LEARNER)


def people_managed_by(user):
    """The learners `user` is responsible for, without `user`."""
    return learners_of(teams_managed_by(user)).exclude(pk=user.pk)
