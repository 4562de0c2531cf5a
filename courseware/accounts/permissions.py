"""Who may see whom. Every page, export and command asks here."""

from courseware.accounts.models import Membership, Team, User


def with_teams_below(teams):
    """These team ids and those of all teams below them. One query; a firm has few teams."""
    found = set(teams)
    if not found:
        return found
    children = {}
    for team, parent in Team.objects.exclude(parent=None).values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(team)
    waiting = list(found)
    while waiting:
        for team in children.get(waiting.pop(), ()):
            if team not in found:  # a circle of teams must not hang the page
                found.add(team)
                waiting.append(team)
    return found


def is_manager(user):
    """Whether `user` manages any team. One query."""
    return user.memberships.filter(role=Membership.Role.MANAGER).exists()


def teams_managed_by(user):
    """Ids of the teams `user` manages, and of all teams below them. Two queries."""
    if not user.is_active:
        return set()
    return with_teams_below(user.memberships.filter(role=Membership.Role.MANAGER).values_list("team_id", flat=True))


def learners_of(teams):
    """The learners of these teams, as a queryset to filter by."""
    return User.objects.filter(memberships__team__in=teams, memberships__role=Membership.Role.LEARNER)


def people_managed_by(user):
    """The learners `user` answers for. A manager's own record is not among them."""
    return learners_of(teams_managed_by(user)).exclude(pk=user.pk)
