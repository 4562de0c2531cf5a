"""The managers of a person: shown in emails, and asked for help."""

from collections import defaultdict
from collections.abc import Collection

from courseware.accounts.models import Membership, Team


def manager_of(person):
    """The manager membership in the team joined first, else in the nearest team above it; or None. Runs two queries."""
    return managers_of([person.pk]).get(person.pk)


def managers_of(people: Collection[int]) -> dict[int, Membership]:
    return {person: leads[0] for person, leads in nearest_managers(people).items()}


def nearest_managers(people: Collection[int]) -> dict[int, list[Membership]]:
    """Person key → all other managers of the team joined first, else of the nearest team above. Runs two queries."""
    return {person: levels[0] for person, levels in senior_levels(people).items()}


def next_level(people: Collection[int]) -> dict[int, list[Membership]]:
    """Person key → managers one level above the nearest, without those who manage both. Runs two queries."""
    found = {}
    for person, (nearest, *above) in senior_levels(people).items():
        near = {lead.person_id for lead in nearest}
        others = ([lead for lead in leads if lead.person_id not in near] for leads in above)
        if new := next(filter(None, others), None):
            found[person] = new
    return found


def teams_without_senior_manager() -> list[Team]:
    """Teams with learners but without a senior manager, see `next_level`. Runs two queries."""
    leads = Membership.objects.filter(role=Membership.Role.MANAGER, person__is_active=True)
    of_team = defaultdict(set)
    for team, person in leads.values_list("team", "person"):
        of_team[team].add(person)
    learning = Membership.objects.filter(role=Membership.Role.LEARNER, person__is_active=True)
    teams = Team.objects.filter(pk__in=learning.values("team")).order_by("name", "pk")

    def has_senior(team: Team) -> bool:
        levels = [of_team[key] for key in reversed(team.line) if of_team[key]]
        return any(level - levels[0] for level in levels[1:])

    return [team for team in teams if not has_senior(team)]


def senior_levels(people: Collection[int]) -> dict[int, list[list[Membership]]]:
    """Person key → other managers of the team joined first and of each team above, lowest first. Runs two queries."""
    own = Membership.objects.filter(person__in=people, role=Membership.Role.LEARNER).select_related("team")
    lines = {each.person_id: each.team.line[::-1] for each in own.order_by("-pk")}  # the first one is kept
    leads = Membership.objects.filter(role=Membership.Role.MANAGER, person__is_active=True)
    leads = leads.filter(team__in={team for line in lines.values() for team in line})
    of_team = defaultdict(list)
    for lead in leads.select_related("person", "team").order_by("pk"):
        of_team[lead.team_id].append(lead)
    found = {}
    for person, line in lines.items():
        others = ([lead for lead in of_team[team] if lead.person_id != person] for team in line)
        if levels := list(filter(None, others)):
            found[person] = levels
    return found
