"""Who leads somebody: whose name stands under the letters to them, and whom they ask."""

from courseware.accounts.models import Membership


def lead_of(person):
    """The membership of who leads the team that `person` joined first, or else the nearest team above it; or None.

    Runs two queries.
    """
    own = person.memberships.filter(role=Membership.Role.LEARNER).select_related("team").order_by("pk").first()
    if own is None:
        return None
    line = [own.team_id, *(int(key) for key in reversed(own.team.above.strip("/").split("/")) if key)]
    leads = Membership.objects.filter(team__in=line, role=Membership.Role.MANAGER, person__is_active=True)
    leads = leads.exclude(person=person).select_related("person", "team")
    return min(leads, key=lambda lead: (line.index(lead.team_id), lead.pk), default=None)
