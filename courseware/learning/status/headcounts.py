"""Headcounts: how many people of a team and all teams below, without people who left, have which status in a course.
Each change inserts rows (+1, −1), so that writers never wait; `compact_headcounts` adds them up.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import models
from django.db.models import Case, FilteredRelation, Q, Sum, When

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.teams.memberships import lock_memberships_shared
from courseware.learning.status import certification_status as validity
from courseware.learning.status import states
from courseware.learning.status.certification_status import CertificationStatus
from courseware.learning.status.states import State

WHOLE_COMPANY = None  # used as a team id: everybody, including people without a team


class HeadcountKey(NamedTuple):
    """Facts that determine a person's state and certification status in a course at any time."""

    course_id: int
    urgency: datetime
    has_started: bool
    certified_until: date | None


class HeadcountChange(NamedTuple):
    """Headcount keys of a learner (id) before and after a change; None: not counted, as missing or not the newest."""

    learner: int
    before: HeadcountKey | None
    after: HeadcountKey | None


@dataclass(frozen=True)
class DashboardTotals:
    """Number of people by state and certification status. `found` has every pair, zeros included."""

    found: dict[tuple[State, CertificationStatus], int]

    @property
    def total(self) -> int:
        return sum(self.found.values())

    @property
    def states(self) -> dict[State, int]:
        return {state: sum(self.found[state, status] for status in CertificationStatus) for state in State}

    @property
    def validities(self) -> dict[CertificationStatus, int]:
        """By status, CERTIFIED first: it includes those that expire soon (ENDING), so the sum exceeds `total`."""
        order = sorted(CertificationStatus, key=lambda status: status != CertificationStatus.CERTIFIED)
        numbers = {status: sum(self.found[state, status] for state in State) for status in order}
        numbers[CertificationStatus.CERTIFIED] += numbers[CertificationStatus.ENDING]
        return numbers

    def number_in(self, group: State | CertificationStatus) -> int:
        return self.states[group] if isinstance(group, State) else self.validities[group]

    def __add__(self, other: "DashboardTotals") -> "DashboardTotals":
        return DashboardTotals({pair: number + other.found[pair] for pair, number in self.found.items()})

    def __sub__(self, other: "DashboardTotals") -> "DashboardTotals":
        return DashboardTotals({pair: number - other.found[pair] for pair, number in self.found.items()})


def tally(rows: Iterable[tuple[str, str, int]]) -> DashboardTotals:
    """Return the totals of rows (state, certification status, number). Of equal pairs only the last counts."""
    found = {(state, status): number for state, status, number in rows}
    return DashboardTotals(
        {(state, status): found.get((state, status), 0) for state in State for status in CertificationStatus}
    )


class HeadcountQuerySet(models.QuerySet):
    def told(self, at: datetime) -> DashboardTotals:
        """Return the totals of these rows at `at`. Runs one query."""
        return tally(self.counted(at))

    def counts_by_team(self, at: datetime) -> dict[int | None, DashboardTotals]:
        """Return team id (None: the whole company) → totals at `at`, for teams with rows. Runs one query."""
        rows = defaultdict(list)
        for team_id, *row in self.counted(at, "team"):
            rows[team_id].append(row)
        return {team_id: tally(team_rows) for team_id, team_rows in rows.items()}

    def counted(self, at: datetime, *by: str) -> models.QuerySet:
        """Return rows (columns `by`, state, certification status, number) at `at`."""
        with_start = self.annotate(
            started_at=Case(When(has_started=True, then="urgency"))
        )  # any instant will do: states only test for null
        columns = {"state": states.column(at), "validity": validity.column(at)}
        return with_start.annotate(**columns).values_list(*by, *columns).annotate(counted=Sum("number")).order_by()


class Headcount(models.Model):
    """`number` more people (fewer if negative) of a team and the teams below it have this key."""

    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        db_index=False,
        db_constraint=False,  # counting a learner must not fail while the team is being deleted
        related_name="+",
        help_text="Null: the company",
    )
    course = models.ForeignKey("content.Course", on_delete=models.PROTECT, db_index=False, related_name="+")
    urgency = models.DateTimeField()
    has_started = models.BooleanField()
    certified_until = models.DateField(null=True)
    number = models.IntegerField()

    objects = HeadcountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["team", "course", "urgency", "has_started", "certified_until", "number"],
                name="headcount_by_team",
            )
        ]

    def __str__(self):
        return f"{self.team or '–'} · {self.urgency:%Y-%m-%d} · {self.number:+}"


def teams_counting(learner_ids: Collection[int]) -> dict[int, set[int | None]]:
    """Return a defaultdict: person id → ids of teams that count the person, and WHOLE_COMPANY; empty after leaving."""
    found: dict[int, set[int | None]] = defaultdict(set)
    membership = FilteredRelation("memberships", condition=Q(memberships__role=Membership.Role.LEARNER))
    people = User.objects.filter(pk__in=learner_ids, is_active=True).order_by().annotate(place=membership)
    for person_id, team_id, ancestors in people.values_list("pk", "place__team", "place__team__ancestors"):
        found[person_id].add(WHOLE_COMPANY)
        if ancestors is not None:  # None: in no team, or in one that is being deleted
            found[person_id].update([team_id, *(int(key) for key in ancestors.split("/") if key)])
    return found


def record_changes(changes: Iterable[HeadcountChange]) -> None:
    """Update the headcounts. Call it in the transaction of the changes. Runs two queries, on PostgreSQL three."""
    moved = [change for change in changes if change.before != change.after]
    learner_ids = {change.learner for change in moved}
    lock_memberships_shared(learner_ids)
    team_ids = teams_counting(learner_ids) if moved else {}
    numbers: Counter[tuple[int | None, HeadcountKey]] = Counter()
    for learner_id, before, after in moved:
        for team_id in team_ids[learner_id]:
            for key, number in ((before, -1), (after, 1)):
                if key:
                    numbers[team_id, key] += number
    write(numbers)


def write(numbers: Counter[tuple[int | None, HeadcountKey]]) -> None:
    """Insert a `Headcount` for each number that is not zero. `numbers`: (team id or WHOLE_COMPANY, key) → number."""
    rows = (Headcount(team_id=team_id, **key._asdict(), number=number) for (team_id, key), number in numbers.items())
    Headcount.objects.bulk_create([row for row in rows if row.number], batch_size=1000)
