"""Managers of people: the nearest ones, who appear in emails and as contacts, and senior managers."""

from collections import defaultdict
from collections.abc import Collection

from courseware.accounts.models import Membership, Team


def manager_of(person):
    """Return the first membership of `nearest_managers`, or None. Runs two queries."""
    return managers_of([person.pk]).get(person.pk)


def managers_of(people: Collection[int]) -> dict[int, Membership]:
    """Return person id → first membership of `nearest_managers`, if there is one. `people`: ids. Runs two queries."""
    return {person: managers[0] for person, managers in nearest_managers(people).items()}


def nearest_managers(people: Collection[int]) -> dict[int, list[Membership]]:
    """Return person id → memberships of the active managers of the team joined first as a learner, else of the nearest
    team above that has any. Nobody is their own manager. People without a manager are missing. `people`: ids. Runs two
    queries.
    """
    return {person: levels[0] for person, levels in senior_levels(people).items()}


def senior_managers(people: Collection[int]) -> dict[int, list[Membership]]:
    """Return person id → memberships of managers who are not `nearest_managers`, of the lowest team above with such
    managers. People without a senior manager are missing. `people`: ids. Runs two queries.
    """
    found = {}
    for person, (nearest, *above) in senior_levels(people).items():
        near = {manager.person_id for manager in nearest}
        others = ([manager for manager in managers if manager.person_id not in near] for managers in above)
        if new := next(filter(None, others), None):
            found[person] = new
    return found


def teams_without_senior_manager() -> list[Team]:
    """Return the teams with active learners but no senior manager above. Runs two queries."""
    managers = Membership.objects.filter(role=Membership.Role.MANAGER, person__is_active=True)
    of_team = defaultdict(set)
    for team, person in managers.values_list("team", "person"):
        of_team[team].add(person)
    learning = Membership.objects.filter(role=Membership.Role.LEARNER, person__is_active=True)
    teams = Team.objects.filter(pk__in=learning.values("team")).order_by("name", "pk")

    def has_senior(team: Team) -> bool:
        levels = [of_team[key] for key in reversed(team.line) if of_team[key]]
        return any(level - levels[0] for level in levels[1:])

    return [team for team in teams if not has_senior(team)]


def senior_levels(people: Collection[int]) -> dict[int, list[list[Membership]]]:
    """Return person id → lists of managers (memberships) by team, the team joined first as a learner first, then the
    teams above. Only active managers other than the person count; teams and people without any are left out.
    """
    own = Membership.objects.filter(person__in=people, role=Membership.Role.LEARNER).select_related("team")
    lines = {each.person_id: each.team.line[::-1] for each in own.order_by("-pk")}  # the team joined first wins
    managers = Membership.objects.filter(role=Membership.Role.MANAGER, person__is_active=True)
    managers = managers.filter(team__in={team for line in lines.values() for team in line})
    of_team = defaultdict(list)
    for manager in managers.select_related("person", "team").order_by("pk"):
        of_team[manager.team_id].append(manager)
    found = {}
    for person, line in lines.items():
        others = ([manager for manager in of_team[team] if manager.person_id != person] for team in line)
        if levels := list(filter(None, others)):
            found[person] = levels
    return found
