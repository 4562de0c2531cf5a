"""Headcounts: people per state, of each team with those below it, for large boards. People who left count nowhere.

Each change inserts a row (+1, −1), so that two writers never wait for each other. A job adds them up: `recounting`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from django.db import models
from django.db.models import Case, FilteredRelation, Q, Sum, When

from courseware.accounts.models import Membership, Team, User
from courseware.accounts.teams.membership_locks import lock_teams_of
from courseware.learning.status import certification_status as validity
from courseware.learning.status import states
from courseware.learning.status.certification_status import CertificationStatus
from courseware.learning.status.states import State

FIRM = None  # in the place of a team: everybody, also who is in none


class HeadcountKey(NamedTuple):
    course_id: int
    urgency: datetime
    has_started: bool
    certified_until: date | None


class HeadcountMove(NamedTuple):
    """None: not counted, as it is not the newest run."""

    learner: int
    before: HeadcountKey | None
    after: HeadcountKey | None


@dataclass(frozen=True)
class DashboardTotals:
    """`found` has every pair, zeros included."""

    found: dict[tuple[State, CertificationStatus], int]

    @property
    def total(self) -> int:
        return sum(self.found.values())

    @property
    def states(self) -> dict[State, int]:
        return {state: sum(self.found[state, validity] for validity in CertificationStatus) for state in State}

    @property
    def validities(self) -> dict[CertificationStatus, int]:
        """Certified first, including those whose certificate is ending."""
        order = sorted(CertificationStatus, key=lambda validity: validity != CertificationStatus.CERTIFIED)
        numbers = {validity: sum(self.found[state, validity] for state in State) for validity in order}
        numbers[CertificationStatus.CERTIFIED] += numbers[CertificationStatus.ENDING]
        return numbers

    def number_in(self, standing: State | CertificationStatus) -> int:
        return self.states[standing] if isinstance(standing, State) else self.validities[standing]

    def __add__(self, other: "DashboardTotals") -> "DashboardTotals":
        return DashboardTotals({place: number + other.found[place] for place, number in self.found.items()})

    def __sub__(self, other: "DashboardTotals") -> "DashboardTotals":
        return DashboardTotals({place: number - other.found[place] for place, number in self.found.items()})


def tally(rows: Iterable[tuple[str, str, int]]) -> DashboardTotals:
    found = {(state, validity): number for state, validity, number in rows}
    return DashboardTotals(
        {(state, validity): found.get((state, validity), 0) for state in State for validity in CertificationStatus}
    )


class HeadcountQuerySet(models.QuerySet):
    def told(self, at: datetime) -> DashboardTotals:
        return tally(self.counted(at))

    def counts_by_team(self, at: datetime) -> dict[int | None, DashboardTotals]:
        rows = defaultdict(list)
        for team, *place in self.counted(at, "team"):
            rows[team].append(place)
        return {team: tally(found) for team, found in rows.items()}

    def counted(self, at: datetime, *by: str) -> models.QuerySet:
        with_start = self.annotate(started_at=Case(When(has_started=True, then="urgency")))  # any instant will do
        columns = {"state": states.column(at), "validity": validity.column(at)}
        return with_start.annotate(**columns).values_list(*by, *columns).annotate(counted=Sum("number")).order_by()


class Headcount(models.Model):
    """So many more or fewer people of a team and those below it at a place."""

    team = models.ForeignKey(
        Team,
        on_delete=models.CASCADE,
        null=True,
        db_index=False,
        db_constraint=False,  # whoever learns in the moment in which the team is deleted must not be refused for it
        related_name="+",
        help_text="Null: the firm",
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


def reach(learners: Collection[int]) -> dict[int, set[int | None]]:
    """Person → teams whose boards show the person, and FIRM; none for people who left. Runs one query."""
    found: dict[int, set[int | None]] = defaultdict(set)
    place = FilteredRelation("memberships", condition=Q(memberships__role=Membership.Role.LEARNER))
    here = User.objects.filter(pk__in=learners, is_active=True).order_by().annotate(place=place)
    for person, team, above in here.values_list("pk", "place__team", "place__team__above"):
        found[person].add(FIRM)
        if above is not None:  # else in no team, or in one that somebody deletes at this moment
            found[person].update([team, *(int(key) for key in above.split("/") if key)])
    return found


def count(changes: Iterable[HeadcountMove]) -> None:
    """Call it in the transaction of the changes. Runs two queries, on PostgreSQL three."""
    moved = [change for change in changes if change.before != change.after]
    learners = {change.learner for change in moved}
    lock_teams_of(learners)
    teams = reach(learners) if moved else {}
    numbers: Counter[tuple[int | None, HeadcountKey]] = Counter()
    for learner, before, after in moved:
        for team in teams[learner]:
            for place, number in ((before, -1), (after, 1)):
                if place:
                    numbers[team, place] += number
    write(numbers)


def write(numbers: Counter[tuple[int | None, HeadcountKey]]) -> None:
    rows = (Headcount(team_id=team, **place._asdict(), number=number) for (team, place), number in numbers.items())
    Headcount.objects.bulk_create([row for row in rows if row.number], batch_size=1000)
