"""Who leads somebody: whose name stands under the letters to them, and whom they ask."""

from collections import defaultdict
from collections.abc import Collection

from courseware.accounts.models import Membership, Team


def lead_of(person):
    """The membership of who leads the team that `person` joined first, or else the nearest team above it; or None.

    Runs two queries.
    """
    return leads_of([person.pk]).get(person.pk)


def leads_of(people: Collection[int]) -> dict[int, Membership]:
    """The same of several, by key; without whom nobody leads. Runs two queries."""
    own = Membership.objects.filter(person__in=people, role=Membership.Role.LEARNER).select_related("team")
    lines = {each.person_id: line_up(each.team) for each in own.order_by("-pk")}  # the first one is kept
    leads = Membership.objects.filter(role=Membership.Role.MANAGER, person__is_active=True)
    leads = leads.filter(team__in={team for line in lines.values() for team in line})
    of_team = defaultdict(list)
    for lead in leads.select_related("person", "team").order_by("pk"):
        of_team[lead.team_id].append(lead)
    found = {
        person: next((lead for team in line for lead in of_team[team] if lead.person_id != person), None)
        for person, line in lines.items()
    }
    return {person: lead for person, lead in found.items() if lead}


def line_up(team: Team) -> list[int]:
    """Keys of a team and of those above it, the nearest first."""
    return [team.pk, *(int(key) for key in reversed(team.above.strip("/").split("/")) if key)]
