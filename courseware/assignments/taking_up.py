"""A list of people that somebody said yes to: done as it was said, then the rules, then a letter to whom none wrote."""

from django.db import transaction

from courseware.accounts.rosters.applying import apply_next, invite_who_came
from courseware.accounts.rosters.roster import Roster
from courseware.assignments.acting import act
from courseware.jobs.tasks import task


@task
def take_up(pk: int) -> None:
    """Harmless when repeated. In this order, for the letter about a course lets people in as an invitation does."""
    while apply_next(pk):
        pass
    finish(pk)


@task
def take_up_next(pk: int) -> None:
    """Like `take_up`, with a task for each part, so that other work can run between two parts."""
    with transaction.atomic():  # the part and the task for the next one are committed together
        if apply_next(pk):
            take_up_next.enqueue(pk)
            return
    finish(pk)


def finish(pk: int) -> None:
    act()
    invite_who_came(Roster.objects.select_related("said_yes").get(pk=pk))
