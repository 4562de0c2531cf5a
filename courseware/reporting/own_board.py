"""The board of somebody who leads a few teams, as it is opened every morning: nobody is looked for in it.

It shows what `board_rows.board` shows, by statements that are built once in a process. They take the key of the user
(`leader`), the keys of all teams that the user sees (`teams`), and a time.
"""

from collections.abc import Mapping, Sized
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet, Value

from courseware.accounts.permissions import people_led, sees_the_firm, teams_managed_by
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.lib.kept_query import KeptQuery
from courseware.reporting import board_rows
from courseware.reporting.board_rows import board_of, published

ROWS_A_PAGE = 25
ONE_MORE = board_rows.SORTED_BY_NAME + 1


def is_own_board(user, teams: Sized, chosen: Mapping[str, object]) -> bool:
    """Whether these (from `teams_shown_to`) are few and led by `user`, and no filter but that of a state is set."""
    return len(teams) <= board_rows.MANY_TEAMS and chosen.keys() <= {"state"} and not sees_the_firm(user)


def numbers(enrollments: EnrollmentQuerySet, at: Any) -> QuerySet:
    """(state, certification status, how many) of these."""
    found = enrollments.with_validity(at).order_by().values_list("state", "validity")
    return found.annotate(Count("pk"))


def people(enrollments: QuerySet) -> QuerySet:
    """A single row, whose last column is how many people these are about."""
    return enrollments.order_by().annotate(of=Value("all")).values_list("of").annotate(Count("learner", distinct=True))


def shown(leader: Any, teams: Any, at: Any) -> EnrollmentQuerySet:
    return board_of(published(Enrollment.objects.filter(learner__in=people_led(teams, leader))), at=at)


NUMBERS = KeptQuery(lambda leader, teams, at: numbers(shown(leader, teams, at), at))
FEW_KEYS = KeptQuery(lambda leader, teams, at: shown(leader, teams, at).order_by().values_list("pk")[:ONE_MORE])
PEOPLE = KeptQuery(lambda leader, teams, at: people(shown(leader, teams, at)))
FIRST_KEYS = KeptQuery(lambda leader, teams, at: shown(leader, teams, at).values_list("pk", flat=True)[:ROWS_A_PAGE])


def leads_many(user, at: datetime) -> bool:
    """Whether `user` leads more than MANY_TEAMS teams, or they have more than SORTED_BY_NAME rows. Runs two queries."""
    most_teams, most_rows = board_rows.MANY_TEAMS, board_rows.SORTED_BY_NAME
    teams = list(teams_managed_by(user).values_list("pk", flat=True)[: most_teams + 1])
    return len(teams) > most_teams or len(FEW_KEYS(leader=user.pk, teams=teams, at=at)) > most_rows
