"""How many people are on a dashboard, by state and certification status: of its rows, or of the headcounts.

Both sources give the same totals; `DashboardCount` chooses between them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext, ngettext

from courseware.accounts.models import Team
from courseware.accounts.permissions import audits, handles_people, learners_of, own_teams, sees_the_firm
from courseware.content.models import Course
from courseware.learning.headcounts import Headcount, Tally, tally
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.states import DUE_SOON, State
from courseware.learning.validity import Validity, ends_within
from courseware.reporting import board_rows, own_board
from courseware.reporting.board_filters import DueDays

KNOWN_TO_HEADCOUNTS = frozenset({"state", "sort", "team", "course", "days", "left"})


class DashboardCount:
    """The totals of a user's dashboard at one time; each is read from the database when first needed.

    `teams` are (key, name) of the teams that the user sees, `filters` as `BoardFilter.chosen` gives them. With
    `is_exact` all rows are counted, however many there are.
    """

    def __init__(self, user, teams: QuerySet, filters: Mapping[str, Any], at: datetime, *, is_exact: bool = False):
        self.user, self.teams, self.filters, self.at, self.is_exact = user, teams, filters, at, is_exact

    @cached_property
    def everyone(self) -> Any:
        """The rows in any state: totals are by state."""
        filters = {key: value for key, value in self.filters.items() if key not in {"state", "sort", "stuck"}}
        everyone = board_rows.board(self.user, at=self.at, **filters)
        return board_rows.those_stuck(everyone, get_language(), self.at) if "stuck" in self.filters else everyone

    @property
    def rows(self) -> QuerySet:
        """The rows in the chosen state."""
        state = self.filters.get("state")
        return board_rows.in_standing(self.everyone, state, self.at) if state else self.everyone

    @cached_property
    def own(self) -> dict[str, Any] | None:
        """What the prepared statements of `own_board` are asked with, if they know these rows."""
        if not own_board.is_own_board(self.user, self.teams, self.filters):
            return None
        return {"leader": self.user.pk, "teams": [team for team, _name in self.teams], "at": self.at}

    @cached_property
    def totals(self) -> Tally | None:
        """None if there are more than SORTED_BY_NAME rows, and only reading all of them would tell.

        Up to that number rows are read; of more rows the headcounts tell. They are asked first for a user of more than
        MANY_TEAMS teams: it takes long to find the first row among so many.
        """
        if self.own:
            return tally(own_board.NUMBERS(**self.own))
        sources = [self.of_few_rows, self.of_headcounts]
        if len(self.teams) > board_rows.MANY_TEAMS:
            sources.reverse()
        found = next((totals for source in sources if (totals := source()) is not None), None)
        if found is None and (self.is_exact or "stuck" in self.filters or self.filters.keys() <= KNOWN_TO_HEADCOUNTS):
            return counts(self.everyone, self.at)
        return found

    def of_few_rows(self) -> Tally | None:
        """None if there are more than SORTED_BY_NAME. Reads no more, by one query."""
        most = board_rows.SORTED_BY_NAME
        places = list(self.everyone.with_validity(self.at).order_by().values_list("state", "validity")[: most + 1])
        return None if len(places) > most else tally((*place, number) for place, number in Counter(places).items())

    def of_headcounts(self) -> Tally | None:
        """None if they do not know one of the filters, or the teams."""
        if not self.filters.keys() <= KNOWN_TO_HEADCOUNTS:
            return None
        team, course, days = (self.filters.get(name) for name in ("team", "course", "days"))
        found = counts_kept(self.user, team, course, self.at, days)
        if found is None or "left" not in self.filters:
            return found
        return found + counts(self.everyone.filter(learner__is_active=False), self.at)

    @cached_property
    def number(self) -> int:
        """Number of rows in the chosen state. If rows are not counted, at most SORTED_BY_NAME + 1."""
        state = self.filters.get("state")
        if self.totals:
            return self.totals.number_in(state) if state else self.totals.total
        more = board_rows.SORTED_BY_NAME + 1
        return self.rows.order_by()[:more].count() if state else more

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than are listed."""
        return self.totals is None and not self.is_sorted

    @property
    def is_sorted(self) -> bool:
        """Whether the rows are few enough to be sorted by name."""
        return self.number <= board_rows.SORTED_BY_NAME

    def people(self, courses: int) -> int | None:
        """How many people have these rows; None if that is not counted. In one course each of them has one row."""
        if self.totals is None:
            return None
        if courses < 2 or "course" in self.filters:
            return self.totals.total
        if self.totals.total > board_rows.SORTED_BY_NAME:
            return None
        found = own_board.PEOPLE(**self.own) if self.own else own_board.people(self.everyone)
        return sum(number for _all, number in found)


def counts_kept(
    user, team: Team | None, course: Course | None, at: datetime, days: DueDays | None = None
) -> Tally | None:
    """What `counts` says of `board` without a name or leavers, from the headcounts; None where they cannot."""
    head = team
    if head is None and not sees_the_firm(user):
        heads = topmost(own_teams(user))
        if len(heads) != 1:  # sums over teams without a common parent count people in 2 teams twice
            return None
        [head] = heads
    within = condition(course, days, at)
    hidden = not_shown_to(user).filter(within)
    if head:
        hidden = hidden.filter(learner__in=learners_of(Team.objects.filter(pk=head.pk).with_those_below()))
    return Headcount.objects.filter(within, team=head).told(at) - counts(hidden.with_state(at), at)


def condition(course: Course | None, days: DueDays | None, at: datetime) -> Q:
    """Of what enrollments and headcounts both have."""
    within = days.condition(at) if days else Q()
    return within & Q(course=course) if course else within


def not_shown_to(user) -> EnrollmentQuerySet:
    """Of those whom the headcounts count: oneself, of who leads; staff, but who is led, of human resources."""
    if user.is_superuser or audits(user):
        return Enrollment.objects.none()
    if not handles_people(user):
        return Enrollment.objects.newest().filter(learner=user)
    staff = Enrollment.objects.newest().filter(Q(learner__is_staff=True) | Q(learner__is_superuser=True))
    staff = staff.filter(learner__is_active=True)
    return staff.exclude(pk__in=staff.visible_to(user))


def topmost(teams: Iterable[Team]) -> list[Team]:
    """Those that stand below no other one."""
    teams = list(teams)
    return [each for each in teams if not any(each.above.startswith(other.place) for other in teams)]


def counts(enrollments: EnrollmentQuerySet, at: datetime) -> Tally:
    """How many of these (from `board`) stand where. Runs one query."""
    return tally(own_board.numbers(enrollments, at))


# States in which nobody is expected to be certified: who is can wait, so it is said.
OPEN_WITHOUT_CERTIFICATE = {state for state in State if state.is_asked} - {State.RENEWING}


class Tile(NamedTuple):
    """`number` is None where the rows are too many to be counted; `lines` stand under it."""

    state: State
    number: int | None
    lines: list[str]

    @property
    def is_shown(self) -> bool:
        return bool(self.number) or self.number is None or self.state.is_shown_empty


def tiles_of(found: Tally | None) -> list[Tile]:
    if found is None:
        return [Tile(state, None, []) for state in State]
    return [Tile(state, number, lines_of(state, number, found)) for state, number in found.states.items()]


def lines_of(state: State, number: int, found: Tally) -> list[str]:
    if not number or state == State.WAIVED:
        return []
    days = DUE_SOON.days
    lines = [ngettext("within %(days)d day", "within %(days)d days", days) % {"days": days}] * (state == State.DUE_SOON)
    certified, ending = (found.found[state, each] for each in (Validity.CERTIFIED, Validity.ENDING))
    if state in OPEN_WITHOUT_CERTIFICATE and certified + ending:
        lines.append(gettext("still certified: %(number)d") % {"number": certified + ending})
    if ending:
        lines.append(gettext("certificate %(ends)s: %(number)d") % {"ends": ends_within(), "number": ending})
    if ended := found.found[state, Validity.ENDED]:
        lines.append(gettext("no longer certified: %(number)d") % {"number": ended})
    return lines
