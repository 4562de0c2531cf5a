"""A list of people that somebody said yes to: done as it was said, then the rules, then a letter to whom none wrote."""

from courseware.accounts.rosters.applying import apply_next, invite_who_came
from courseware.accounts.rosters.roster import Roster
from courseware.assignments.acting import act
from courseware.jobs.tasks import task


@task
def take_up(pk: int) -> None:
    """Harmless when repeated. In this order, for the letter about a course lets people in as an invitation does."""
    while apply_next(pk):
        pass
    act()
    invite_who_came(Roster.objects.select_related("said_yes").get(pk=pk))
