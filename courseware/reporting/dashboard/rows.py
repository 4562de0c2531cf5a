"""Dashboard rows: one for each learner and course. The number of queries does not grow with the rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from courseware.accounts.models import Membership, Team
from courseware.accounts.people.search import found_by
from courseware.accounts.permissions.permissions import (
    learners_except,
    learners_of,
    sees_whole_company,
    teams_managed_by,
)
from courseware.assessment.models import Certification
from courseware.content.models import Course
from courseware.content.rendering.store import Outline, outline
from courseware.learner_home.next_action import LearnerProgress, learner_progress_of
from courseware.learning.enrollments.job_role import job_role_text
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.learning.status.certification_status import CertificationStatus, status_of
from courseware.learning.status.not_asked import NotAskedReason
from courseware.learning.status.progress import Progress
from courseware.learning.status.states import PLACES_WITHOUT_DAY, State
from courseware.lib.db.chunks import chunks
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.reporting.dashboard.filters import DueFilter, SortOrder, of_job_role
from courseware.reporting.dashboard.module_dots import ModuleDots
from courseware.reporting.dashboard.stuck import (
    NOT_STUCK,
    Stuck,
    filter_started,
    filter_stuck,
    possibly_stuck_ids,
    stuck_in,
)

CHUNK = 500  # rows an export holds in memory at a time
# Columns of Enrollment that rows read. With a million rows, each further column costs seconds.
SHOWN = (
    *PLACES_WITHOUT_DAY, "learner", "course", "due_at", "started_at", "last_active_at", "required", "certified_until",
    "exemption_reason", "job_role",
)  # fmt: skip
SORTED_BY_NAME = 2000  # enrollments
MANY_TEAMS = 20  # of the viewer


def teams_shown_to(user) -> QuerySet[Team]:
    return Team.objects.all() if sees_whole_company(user) else teams_managed_by(user)


@dataclass(frozen=True)
class ModuleDone:
    """Completed and all required steps of a module."""

    title: str
    done: int
    total: int

    @property
    def is_done(self) -> bool:
        return self.done == self.total


class Cells(NamedTuple):
    """All values that the page prints of a row. Rows with equal cells share a cached fragment."""

    enrollment: int
    name: str
    team: str
    course: str
    state: State
    validity: CertificationStatus
    days_late: int
    away_until: date | None
    certificate_day: date | None
    is_outside: bool
    is_trained_outside: bool
    has_left: bool
    shows_certificate: bool
    line: ModuleDots
    done: int
    total: int
    due_on: date | None
    last_active_at: datetime | None
    next_step: str
    why_stuck: str


# Paths in `DashboardRow` of cells with another name.
CELL_PATHS = {
    "enrollment": "enrollment.pk",
    "course": "journey.outline.title",
    "done": "journey.progress.done_count",
    "total": "journey.progress.total",
    "due_on": "enrollment.due_on",
    "last_active_at": "enrollment.last_active_at",
    "next_step": "journey.words",
    "why_stuck": "stuck.words",
}
values_of_cells = attrgetter(*(CELL_PATHS.get(name, name) for name in Cells._fields))


@dataclass(frozen=True)
class DashboardRow:
    """A learner in a course, with all values for page and exports, as of `at`. `team`: name of the first joined team
    that the user may see, or "". `is_outside`: the certification is or was by external training.
    """

    journey: LearnerProgress
    name: str
    email: str
    team: str
    at: datetime
    validity: CertificationStatus = CertificationStatus.NEVER
    has_left: bool = False
    is_outside: bool = False
    stuck: Stuck = NOT_STUCK

    @property
    def is_trained_outside(self) -> bool:
        return self.is_outside and self.validity.is_certified

    @property
    def enrollment(self) -> Enrollment:
        return self.journey.enrollment

    @property
    def state(self) -> State:
        return State(self.enrollment.state)  # type: ignore[call-arg]  # looks a member up, and makes none

    @property
    def days_late(self) -> int:
        """Days since the due date in the time zone of the learner's team; 0 unless overdue."""
        if self.enrollment.state != State.OVERDUE:
            return 0
        return (timezone.localdate(self.at, self.enrollment.zone) - self.enrollment.due_on).days

    @property
    def away_until(self) -> date | None:
        return self.enrollment.away_until if self.journey.next_action.kind == NotAskedReason.AWAY else None

    @property
    def shows_certificate(self) -> bool:
        """Whether the certificate replaces the state: certified, and completed or renewing."""
        return self.validity.is_certified and self.state in (State.COMPLETED, State.RENEWING)

    @property
    def job_role(self) -> str:
        return job_role_text(self.enrollment, self.journey.outline)

    @property
    def certificate_day(self) -> date | None:
        """Last day of the certificate; None without a certificate or an end, or if revoked."""
        day = self.enrollment.certified_until
        return None if day in (date.min, date.max) else day

    @property
    def modules(self) -> tuple[ModuleDone, ...]:
        return modules_done(self.journey.outline, self.journey.progress)

    @property
    def line(self) -> ModuleDots:
        return ModuleDots(tuple(module.is_done for module in self.modules))

    @property
    def cells(self) -> Cells:
        return Cells(*values_of_cells(self))


def dashboard_rows_of(user, *, team: Team | None = None, **filters: Any) -> EnrollmentQuerySet:
    """As `dashboard_of`, for enrollments `user` may see. `team`: limit to learners of the team and the teams below."""
    return dashboard_of(enrollments_in(team, user) if team else enrollments_shown_to(user), **filters)


def dashboard_of(
    enrollments: EnrollmentQuerySet,
    *,
    course: Course | None = None,
    name: str = "",
    job_role: str = "",
    days: DueFilter | None = None,
    left: bool = False,
    away: bool = False,
    at: datetime | None = None,
) -> EnrollmentQuerySet:
    """Return the newest of these enrollments per learner and course, most urgent first, with `state` at `at` (default:
    now). `name`: also email or staff number; `job_role`: id; `left`: add people who left; `away`: only people away.
    """
    enrollments = enrollments.with_state(at).filter(is_newest=True)
    if not left:
        enrollments = enrollments.filter(learner__is_active=True)
    if away:
        enrollments = enrollments.with_away(at or timezone.now()).exclude(away_until=None)
    if course:
        enrollments = enrollments.filter(course=course)
    if job_role:
        enrollments = enrollments.filter(of_job_role(job_role))
    if days:
        enrollments = enrollments.filter(days.condition(at or timezone.now()))
    if name:
        enrollments = found_by(name, enrollments, person="learner")
    return enrollments.order_by("urgency", "learner__name", "pk")


def filter_by_status(enrollments: EnrollmentQuerySet, status: State | CertificationStatus, at: datetime) -> QuerySet:
    """Filter rows of `dashboard_of` to a status. CERTIFIED includes ENDING. Statuses with a last day sort by it."""
    found = enrollments.in_state(status, at)
    by_last_day = isinstance(status, CertificationStatus) and status.has_last_day
    return found.order_by("certified_until", *found.query.order_by) if by_last_day else found


def stuck_rows(enrollments: EnrollmentQuerySet, language: str, at: datetime) -> QuerySet:
    """Filter rows of `dashboard_rows_of` to people stuck at `at`. Builds rows that may be stuck, CHUNK at a time."""
    rows_to_check = rows_in_chunks(possibly_stuck_ids(filter_started(enrollments, at), at), {}, language, at)
    stuck_keys = [row.enrollment.pk for row in rows_to_check if row.stuck]
    return filter_stuck(enrollments, stuck_keys, at)


def sort_rows(enrollments: QuerySet, number: int, sorting: SortOrder | None, user) -> QuerySet:
    """Sort rows of `dashboard_of`. `number`: of these rows, not checked; `sorting`: None keeps the order; `user`:
    sorting by team uses teams that `user` may see. Above SORTED_BY_NAME rows, the order stays but no longer uses names.
    """
    if number <= SORTED_BY_NAME:
        return sorting.of(enrollments, teams_shown_to(user).values("pk")) if sorting else enrollments
    return enrollments.order_by(*(column for column in enrollments.query.order_by if column != "learner__name"))


def enrollments_shown_to(user) -> EnrollmentQuerySet:
    """Return enrollments in published courses that `user` may see, also earlier ones and of people who left."""
    return published(Enrollment.objects.visible_to(user))


def enrollments_in(team: Team, user) -> EnrollmentQuerySet:
    """Return those of `enrollments_shown_to(user)` whose learner is in `team` or a team below it."""
    below = Team.objects.filter(pk=team.pk).with_subteams()
    if not sees_whole_company(user) and teams_managed_by(user).filter(pk=team.pk).exists():
        # Faster than looking up each learner among all people of the user.
        return published(Enrollment.objects.filter(learner__in=learners_except(below, user.pk)))
    return enrollments_shown_to(user).filter(learner__in=learners_of(below))


def published(enrollments: EnrollmentQuerySet) -> EnrollmentQuerySet:
    return enrollments.filter(course__current__isnull=False)


def with_facts(enrollments: EnrollmentQuerySet, at: datetime) -> QuerySet:
    """Annotate what rows read: state, absence, name, email, `is_here`, job role, `has_outside` (external training)."""
    columns = {"learner_name": "name", "learner_email": "email", "is_here": "is_active", "noted_job_role": "job_role"}
    learner_columns = {column: F(f"learner__{field}") for column, field in columns.items()}
    external = Certification.objects.filter(learner=OuterRef("learner"), course=OuterRef("course")).exclude(
        outside=None
    )
    return enrollments.with_state(at).with_away(at).annotate(has_outside=Exists(external), **learner_columns)


FACTS = CompiledQuery(lambda keys, at: with_facts(Enrollment.objects.filter(pk__in=keys), at).only(*SHOWN))


def enrollments_with_facts(keys: Iterable[int], at: datetime) -> list[Enrollment]:
    """Return the existing enrollments of these ids, in this order, `with_facts`, only SHOWN columns. Runs 1 query."""
    keys = list(keys)
    found = {enrollment.pk: enrollment for enrollment in FACTS(keys=keys, at=at)}
    return [found[key] for key in keys if key in found]


def rows(
    enrollments: Collection[Enrollment], teams: Mapping[int, str], course_outlines: Mapping[int, Outline], at: datetime
) -> list[DashboardRow]:
    """Return the rows of these enrollments (`with_facts`), in order. `teams`: id → name of teams that may be shown;
    `course_outlines`: of `outlines`, called after reading the enrollments. 3 to 11 queries, and those of calendars.
    """
    joined = teams_joined({enrollment.learner_id for enrollment in enrollments})
    for enrollment in enrollments:
        enrollment.zone_name = next((zone for _team, zone in joined[enrollment.learner_id]), None)
    statuses = {until: status_of(until, at) for until in {each.certified_until for each in enrollments}}
    found = learner_progress_of(enrollments, course_outlines, with_sittings=True, at=at)
    stuck = stuck_in(found, at)
    return [
        DashboardRow(
            progress,
            facts["learner_name"],
            facts["learner_email"],
            next((teams[team] for team, _zone in joined[progress.enrollment.learner_id] if team in teams), ""),
            at,
            statuses[progress.enrollment.certified_until],
            not facts["is_here"],
            facts["has_outside"],
            stuck.get(progress.enrollment.pk, NOT_STUCK),
        )
        for progress in found
        for facts in [vars(progress.enrollment)]
    ]


COURSES = CompiledQuery(lambda: Course.objects.select_related("current").only("current__digest", "current__compiler"))


def outlines(language: str) -> dict[int, Outline]:
    """Return course id → outline of all published courses, in this or else the source language. 1 query if cached."""
    return {course.pk: outline(course.current, language) for course in COURSES() if course.current}


JOINED = CompiledQuery(
    lambda people: (
        Membership.objects.filter(person__pk__in=people, role=Membership.Role.LEARNER)
        .order_by("pk")
        .values_list("person", "team", "team__time_zone")
    )
)


def teams_joined(learners: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """Return learner id → (team id, time zone name) of the learner's teams, first joined first; [] without a team."""
    found: dict[int, list[tuple[int, str]]] = {learner: [] for learner in learners}
    for learner, team, zone in JOINED(people=list(learners)):
        found[learner].append((team, zone))
    return found


@lru_cache(1024)  # the size of the cache of `progress_with`
def modules_done(outline: Outline, progress: Progress) -> tuple[ModuleDone, ...]:
    """Return the progress in each module with required steps."""
    required = [
        (module.title, {step.id for step in module.steps}.intersection(progress.required)) for module in outline.modules
    ]
    return tuple(ModuleDone(title, len(steps & progress.done), len(steps)) for title, steps in required if steps)


def rows_in_chunks(
    enrollments: QuerySet, teams: Mapping[int, str], language: str, at: datetime
) -> Iterator[DashboardRow]:
    """Yield rows of these enrollments, CHUNK at a time; do not write to the database meanwhile. `teams`: see `rows`."""
    for keys in chunks(enrollments.values_list("pk", flat=True), CHUNK):
        yield from rows(enrollments_with_facts(keys, at), teams, outlines(language), at)
