"""Totals of a dashboard by state and certification status, counted from its rows or read from headcounts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sized
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count, Q, QuerySet, Value
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext, ngettext

from courseware.accounts.models import Team
from courseware.accounts.permissions.permissions import (
    audits,
    handles_people,
    learners_except,
    learners_of,
    own_teams,
    sees_whole_company,
    teams_managed_by,
)
from courseware.content.models import Course
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.status.certification_status import CertificationStatus, ends_within
from courseware.learning.status.headcounts import DashboardTotals, Headcount, tally
from courseware.learning.status.states import DUE_SOON, State
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.filters import DueFilter

ROWS_A_PAGE = 25
ONE_MORE = dashboard_rows.SORTED_BY_NAME + 1
KNOWN_TO_HEADCOUNTS = frozenset({"state", "sort", "team", "course", "days", "left"})


# Compiled statements for the unfiltered dashboard of a manager of few teams. Parameters: `leader`, the user's id;
# `teams`, the ids of all teams the user may see; a time.


def is_own_dashboard(user, teams: Sized, chosen: Mapping[str, object]) -> bool:
    """Return whether `user` does not see the whole company, has at most MANY_TEAMS teams, and filters by state at most.
    `teams`: those of `teams_shown_to(user)`, not checked; `chosen`: from `DashboardFilter.chosen`.
    """
    return len(teams) <= dashboard_rows.MANY_TEAMS and chosen.keys() <= {"state"} and not sees_whole_company(user)


def numbers(enrollments: EnrollmentQuerySet, at: Any) -> QuerySet:
    """Return rows (state, certification status, number). `enrollments`: `with_state`; `at`: time or query parameter."""
    found = enrollments.with_certification_status(at).order_by().values_list("state", "validity")
    return found.annotate(Count("pk"))


def people(enrollments: QuerySet) -> QuerySet:
    """Return a query of one row (none without enrollments); its last column is the number of different learners."""
    return enrollments.order_by().annotate(of=Value("all")).values_list("of").annotate(Count("learner", distinct=True))


def shown(leader: Any, teams: Any, at: Any) -> EnrollmentQuerySet:
    """Return unfiltered dashboard rows of learners in `teams` (ids, not checked), without the one with id `leader`."""
    managed = Enrollment.objects.filter(learner__in=learners_except(teams, leader))
    return dashboard_rows.dashboard_of(dashboard_rows.published(managed), at=at)


NUMBERS = CompiledQuery(lambda leader, teams, at: numbers(shown(leader, teams, at), at))
FEW_KEYS = CompiledQuery(lambda leader, teams, at: shown(leader, teams, at).order_by().values_list("pk")[:ONE_MORE])
PEOPLE = CompiledQuery(lambda leader, teams, at: people(shown(leader, teams, at)))
FIRST_KEYS = CompiledQuery(
    lambda leader, teams, at: shown(leader, teams, at).values_list("pk", flat=True)[:ROWS_A_PAGE]
)


def manages_many(user, at: datetime) -> bool:
    """Return whether `user` manages more than MANY_TEAMS teams or SORTED_BY_NAME rows. Runs 2 queries."""
    most_teams, most_rows = dashboard_rows.MANY_TEAMS, dashboard_rows.SORTED_BY_NAME
    teams = list(teams_managed_by(user).values_list("pk", flat=True)[: most_teams + 1])
    return len(teams) > most_teams or len(FEW_KEYS(leader=user.pk, teams=teams, at=at)) > most_rows


class DashboardCount:
    """Totals of a user's dashboard as of `at`, each read from the database on first access. `teams`: query of (id,
    name) of the teams the user may see; `filters`: from `DashboardFilter.chosen`; `is_exact`: count all rows, without
    headcounts.
    """

    def __init__(self, user, teams: QuerySet, filters: Mapping[str, Any], at: datetime, *, is_exact: bool = False):
        self.user, self.teams, self.filters, self.at, self.is_exact = user, teams, filters, at, is_exact

    @cached_property
    def everyone(self) -> Any:
        """The rows in any state, because totals are by state."""
        filters = {key: value for key, value in self.filters.items() if key not in {"state", "sort", "stuck"}}
        everyone = dashboard_rows.dashboard_rows_of(self.user, at=self.at, **filters)
        return dashboard_rows.stuck_rows(everyone, get_language(), self.at) if "stuck" in self.filters else everyone

    @property
    def rows(self) -> QuerySet:
        """The rows in the chosen state."""
        state = self.filters.get("state")
        return dashboard_rows.filter_by_status(self.everyone, state, self.at) if state else self.everyone

    @cached_property
    def own(self) -> dict[str, Any] | None:
        """Parameters of the compiled statements, or None if they do not apply."""
        if not is_own_dashboard(self.user, self.teams, self.filters):
            return None
        return {"leader": self.user.pk, "teams": [team for team, _name in self.teams], "at": self.at}

    @cached_property
    def totals(self) -> DashboardTotals | None:
        """Totals of up to SORTED_BY_NAME rows, else by headcounts; None if only reading all rows could give them."""
        if self.is_exact:
            return counts(self.everyone, self.at)
        if self.own:
            return tally(NUMBERS(**self.own))
        sources = [self.of_few_rows, self.of_headcounts]
        if len(self.teams) > dashboard_rows.MANY_TEAMS:
            sources.reverse()
        found = next((totals for source in sources if (totals := source()) is not None), None)
        if found is None and ("stuck" in self.filters or self.filters.keys() <= KNOWN_TO_HEADCOUNTS):
            return counts(self.everyone, self.at)
        return found

    def of_few_rows(self) -> DashboardTotals | None:
        """Return the totals, or None above SORTED_BY_NAME rows. Runs 1 query."""
        most = dashboard_rows.SORTED_BY_NAME
        pairs = list(
            self.everyone.with_certification_status(self.at).order_by().values_list("state", "validity")[: most + 1]
        )
        return None if len(pairs) > most else tally((*pair, number) for pair, number in Counter(pairs).items())

    def of_headcounts(self) -> DashboardTotals | None:
        """Return the totals, or None if the headcounts do not cover a filter or the teams."""
        if not self.filters.keys() <= KNOWN_TO_HEADCOUNTS:
            return None
        team, course, days = (self.filters.get(name) for name in ("team", "course", "days"))
        found = headcount_totals(self.user, team, course, self.at, days)
        if found is None or "left" not in self.filters:
            return found
        return found + counts(self.everyone.filter(learner__is_active=False), self.at)

    @cached_property
    def number(self) -> int:
        """Number of rows in the chosen state; at most SORTED_BY_NAME + 1 if rows are not counted."""
        state = self.filters.get("state")
        if self.totals:
            return self.totals.number_in(state) if state else self.totals.total
        more = dashboard_rows.SORTED_BY_NAME + 1
        return self.rows.order_by()[:more].count() if state else more

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than are listed."""
        return self.totals is None and not self.is_sorted

    @property
    def is_sorted(self) -> bool:
        """Whether the rows are few enough to be sorted by name."""
        return self.number <= dashboard_rows.SORTED_BY_NAME

    def people(self, courses: int) -> int | None:
        """Return the number of people in these rows, or None if not counted. `courses`: number of published courses."""
        if self.totals is None:
            return None
        if courses < 2 or "course" in self.filters:
            return self.totals.total
        if self.totals.total > dashboard_rows.SORTED_BY_NAME:
            return None
        found = PEOPLE(**self.own) if self.own else people(self.everyone)
        return sum(number for _all, number in found)


def headcount_totals(
    user, team: Team | None, course: Course | None, at: datetime, days: DueFilter | None = None
) -> DashboardTotals | None:
    """Return the totals of `team` and the teams below (None: of all that `user` sees), without people who left, by
    headcounts; None if headcounts cannot tell. Does not check whether `user` may see `team`.
    """
    head = team or head_of(user)
    if head is None and not sees_whole_company(user):
        return None  # sums over teams without a common parent count people in 2 teams twice
    within = days.condition(at) if days else Q()
    if course:
        within &= Q(course=course)
    hidden = hidden_enrollments(user).filter(within)
    if head:
        hidden = hidden.filter(learner__in=learners_of(Team.objects.filter(pk=head.pk).with_subteams()))
    return Headcount.objects.filter(within, team=head).told(at) - counts(hidden.with_state(at), at)


def hidden_enrollments(user) -> EnrollmentQuerySet:
    """Return newest enrollments that headcounts include but `user` may not see: for HR those of active staff whom
    `user` does not manage, for auditors and superusers none, for others their own.
    """
    if user.is_superuser or audits(user):
        return Enrollment.objects.none()
    if not handles_people(user):
        return Enrollment.objects.newest().filter(learner=user)
    staff = Enrollment.objects.newest().filter(Q(learner__is_staff=True) | Q(learner__is_superuser=True))
    staff = staff.filter(learner__is_active=True)
    return staff.exclude(pk__in=staff.visible_to(user))


def head_of(user) -> Team | None:
    """Return the single topmost team that `user` manages; None if several, or if `user` sees the whole company."""
    if sees_whole_company(user):
        return None
    heads = topmost(own_teams(user))
    return heads[0] if len(heads) == 1 else None


def topmost(teams: Iterable[Team]) -> list[Team]:
    """Return the teams that are below none of the others."""
    teams = list(teams)
    return [each for each in teams if not any(each.ancestors.startswith(other.place) for other in teams)]


def counts(enrollments: EnrollmentQuerySet, at: datetime) -> DashboardTotals:
    """Return the totals of these enrollments, newest ones `with_state`. Runs 1 query."""
    return tally(numbers(enrollments, at))


# States for which a valid certificate is shown, because it makes them less urgent.
OPEN_WITHOUT_CERTIFICATE = {state for state in State if state.is_asked} - {State.RENEWING}


class Tile(NamedTuple):
    """A total on the dashboard. `number` is None if not counted; `lines` are shown below it."""

    state: State
    number: int | None
    lines: list[str]

    @property
    def is_shown(self) -> bool:
        return bool(self.number) or self.number is None or self.state.is_shown_empty


def tiles_of(found: DashboardTotals | None) -> list[Tile]:
    """Return a tile per state; without numbers for None."""
    if found is None:
        return [Tile(state, None, []) for state in State]
    return [Tile(state, number, lines_of(state, number, found)) for state, number in found.states.items()]


def lines_of(state: State, number: int, found: DashboardTotals) -> list[str]:
    """Return translated details, such as how many are still certified, of a total `number`; [] for 0 or EXEMPT."""
    if not number or state == State.EXEMPT:
        return []
    days = DUE_SOON.days
    lines = [ngettext("within %(days)d day", "within %(days)d days", days) % {"days": days}] * (state == State.DUE_SOON)
    certified, ending = (
        found.found[state, each] for each in (CertificationStatus.CERTIFIED, CertificationStatus.ENDING)
    )
    if state in OPEN_WITHOUT_CERTIFICATE and certified + ending:
        lines.append(gettext("still certified: %(number)d") % {"number": certified + ending})
    if ending:
        lines.append(gettext("certificate %(ends)s: %(number)d") % {"ends": ends_within(), "number": ending})
    if ended := found.found[state, CertificationStatus.ENDED]:
        lines.append(gettext("no longer certified: %(number)d") % {"number": ended})
    return lines
