"""The board of somebody who leads a few teams, as it is opened every morning: nobody is looked for in it.

It shows what `board_rows.board` shows, by statements that are built once in a process.
"""

from collections.abc import Mapping, Sized
from datetime import datetime
from typing import Any

from courseware.accounts.permissions import people_led, sees_the_firm
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.tally import Tally, tally
from courseware.lib.kept_query import KeptQuery
from courseware.reporting.board_counts import numbers, people
from courseware.reporting.board_rows import MANY_TEAMS, board_of, published

ROWS_A_PAGE = 25


def is_own_board(user, teams: Sized, chosen: Mapping[str, object]) -> bool:
    """Whether these (from `teams_shown_to`) are few and led by `user`, and no filter but that of a state is set."""
    return len(teams) <= MANY_TEAMS and chosen.keys() <= {"state"} and not sees_the_firm(user)


def shown(leader: Any, teams: Any, at: Any) -> EnrollmentQuerySet:
    return board_of(published(Enrollment.objects.filter(learner__in=people_led(teams, leader))), at=at)


NUMBERS = KeptQuery(lambda leader, teams, at: numbers(shown(leader, teams, at), at))
PEOPLE = KeptQuery(lambda leader, teams, at: people(shown(leader, teams, at)))
FIRST_KEYS = KeptQuery(lambda leader, teams, at: shown(leader, teams, at).values_list("pk", flat=True)[:ROWS_A_PAGE])


def counts_of_own(user, teams: Mapping[int, str], at: datetime) -> Tally:
    """What `counts` says of the own board. Runs one query."""
    return tally(NUMBERS(leader=user.pk, teams=list(teams), at=at))


def people_on_own(user, teams: Mapping[int, str], at: datetime) -> int:
    """Runs one query."""
    return sum(number for _all, number in PEOPLE(leader=user.pk, teams=list(teams), at=at))


def first_keys_of_own(user, teams: Mapping[int, str], at: datetime) -> list[int]:
    """Of the first page, sorted by name among those of one day. Runs one query."""
    return FIRST_KEYS(leader=user.pk, teams=list(teams), at=at)
