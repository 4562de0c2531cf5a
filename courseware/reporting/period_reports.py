"""What was learned from one day to another, by team and course: for reports about months and quarters.

Each person counts in one team: of those that are looked at, the one that he or she joined first. Runs as many queries
for a firm of any size.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext_lazy

from courseware.accounts.models import Membership, Team
from courseware.assessment.models import Attempt, Certificate
from courseware.assessment.outside_training import OutsideTraining
from courseware.content.compiled.serving import outline
from courseware.content.models import Course
from courseware.learning.models import Completion, EnrollmentQuerySet
from courseware.lib.dates import due_instant, site_day
from courseware.reporting import board_rows
from courseware.reporting.exports import Column
from courseware.reporting.shares import Share

Place = tuple[int | None, int]  # keys of a team, or None, and of a course


@dataclass(frozen=True)
class Period:
    """Whole days of the site, both of them included."""

    first: date
    last: date

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first instant of it, and the first one after it."""
        zone = timezone.get_default_timezone()
        return datetime.combine(self.first, time.min, zone), due_instant(self.last, zone)

    @property
    def certified_on(self) -> date:
        """Who is certified is known up to today."""
        return min(self.last, site_day())

    def contains(self, column: str) -> Q:
        begin, end = self.span
        return Q(**{f"{column}__gte": begin, f"{column}__lt": end})


@dataclass(frozen=True)
class Figures:
    """`people` had a run by the end of the period; `tries` are first attempts at the exam that were handed in."""

    people: int = 0
    finished: int = 0
    certified: int = 0
    tries: int = 0
    passed: int = 0
    minutes: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(mine + others for mine, others in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def first_try(self) -> Share | None:
        return Share(self.passed, self.tries) if self.tries else None

    @property
    def time(self) -> str:
        hours, minutes = divmod(self.minutes, 60)
        if not hours:
            return ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes}
        return gettext("%(hours)d h %(minutes)02d min") % {"hours": hours, "minutes": minutes}


class ReportLine(NamedTuple):
    """A team in a course; `team` is "" of people without one."""

    team: str
    course: str
    title: str
    period: Period
    figures: Figures


class TeamFigures(NamedTuple):
    """In the order of the courses of its report."""

    team: str
    figures: list[Figures]


class PeriodReport(NamedTuple):
    """`courses` are pairs of id and title; teams are those with people in any of them, by name."""

    period: Period
    courses: list[tuple[str, str]]
    teams: list[TeamFigures]

    @property
    def total(self) -> list[Figures]:
        return [sum(column, Figures()) for column in zip(*(row.figures for row in self.teams), strict=True)]

    @property
    def lines(self) -> list[ReportLine]:
        return [
            ReportLine(row.team, course, title, self.period, figures)
            for row in self.teams
            for (course, title), figures in zip(self.courses, row.figures, strict=True)
        ]


REPORT_COLUMNS: tuple[Column, ...] = (  # of a ReportLine
    Column("team", gettext_lazy("Team"), lambda line: line.team),
    Column("course", gettext_lazy("Course id"), lambda line: line.course),
    Column("course_title", gettext_lazy("Course"), lambda line: line.title),
    Column("first_day", gettext_lazy("First day"), lambda line: line.period.first),
    Column("last_day", gettext_lazy("Last day"), lambda line: line.period.last),
    Column("people", pgettext_lazy("how many", "People"), lambda line: line.figures.people),
    Column("finished", gettext_lazy("Finished"), lambda line: line.figures.finished),
    Column("certified", gettext_lazy("Certified at the end"), lambda line: line.figures.certified),
    Column("first_tries", gettext_lazy("First tries at the exam"), lambda line: line.figures.tries),
    Column("first_tries_passed", gettext_lazy("of them passed"), lambda line: line.figures.passed),
    Column("training_minutes", gettext_lazy("Minutes of training"), lambda line: line.figures.minutes),
)


def period_report(
    user, period: Period, *, language: str, team: Team | None = None, course: Course | None = None, left: bool = False
) -> PeriodReport:
    """About the people on the board of `user`, of `team` and those below it, through `course`; `left` as there."""
    runs = runs_reported(user, team=team, course=course, left=left)
    teams = board_rows.teams_shown_to(user)
    if team:
        teams = teams.filter(pk__in=Team.objects.filter(pk=team.pk).with_those_below().values("pk"))
    found = figures_by_place(runs, period, teams)
    routes = board_rows.outlines(language)
    courses = {key: routes[key] for key in sorted({key for _team, key in found})}
    names = dict(teams.values_list("pk", "name"))
    rows = [
        TeamFigures(names.get(home, "") if home else "", [found.get((home, key), Figures()) for key in courses])
        for home in {home for home, _course in found}
    ]
    rows.sort(key=lambda row: (not row.team, row.team))
    return PeriodReport(period, [(route.course_id, route.title) for route in courses.values()], rows)


def runs_reported(
    user, *, team: Team | None = None, course: Course | None = None, left: bool = False
) -> EnrollmentQuerySet:
    """All of these people, not the newest ones alone."""
    runs = board_rows.enrollments_in(team, user) if team else board_rows.enrollments_shown_to(user)
    if course:
        runs = runs.filter(course=course)
    return (runs if left else runs.filter(learner__is_active=True)).order_by()


def figures_by_place(runs: QuerySet, period: Period, teams: QuerySet) -> dict[Place, Figures]:
    """Of all teams and courses that somebody of `runs` is in. Runs five queries."""
    _begin, end = period.span
    people = runs.filter(enrolled_at__lt=end)
    is_certified = Exists(certificates_valid_in(period)) | Exists(outside_training_valid_in(period))
    by_place: defaultdict[Place, Counter[str]] = defaultdict(Counter)
    add(
        by_place,
        with_home(people, teams, "learner", "course").annotate(
            people=Count("learner", distinct=True), certified=Count("learner", distinct=True, filter=is_certified)
        ),
    )
    finished = with_home(runs.filter(period.contains("completed_at")), teams, "learner", "course")
    add(by_place, finished.annotate(finished=Count("learner", distinct=True)))
    add(by_place, first_tries(runs, period, teams))
    add(by_place, minutes_done(runs, period, teams))
    return {place: Figures(**numbers) for place, numbers in by_place.items()}


def with_home(rows: QuerySet, teams: QuerySet, learner: str, course: str) -> QuerySet:
    """One row for each team (`home`) and course (`of`), to be annotated with numbers."""
    joined = Membership.objects.filter(
        person=OuterRef(learner), role=Membership.Role.LEARNER, team__in=teams.values("pk")
    )
    home = Subquery(joined.order_by("pk").values("team")[:1])
    return rows.order_by().annotate(home=home, of=F(course)).values("home", "of")


def add(by_place: Mapping[Place, Counter[str]], rows: Iterable[dict]) -> None:
    for row in rows:
        by_place[row.pop("home"), row.pop("of")].update(row)


def certificates_valid_in(period: Period) -> QuerySet:
    """Of the person of a run in its course, at the end; one that was withdrawn has never been."""
    _begin, end = period.span
    issued = Certificate.objects.filter(issued_at__lt=end, withdrawn_at=None)
    lasting = issued.filter(Q(valid_until=None) | Q(valid_until__gte=period.certified_on))
    return lasting.filter(enrollment__learner=OuterRef("learner"), enrollment__course=OuterRef("course"))


def outside_training_valid_in(period: Period) -> QuerySet:
    trained = OutsideTraining.objects.filter(trained_on__lte=period.last, withdrawn_at=None)
    lasting = trained.filter(Q(valid_until=None) | Q(valid_until__gte=period.certified_on))
    return lasting.filter(person=OuterRef("learner"), course=OuterRef("course"))


def first_tries(runs: QuerySet, period: Period, teams: QuerySet) -> QuerySet:
    exams = Attempt.objects.filter(enrollment__in=runs.values("pk"), number=1).exclude(pass_mark=None)
    handed_in = with_home(
        exams.filter(period.contains("submitted_at")), teams, "enrollment__learner", "enrollment__course"
    )
    return handed_in.annotate(tries=Count("pk"), passed=Count("pk", filter=Q(is_passed=True)))


def minutes_done(runs: QuerySet, period: Period, teams: QuerySet) -> Iterable[dict]:
    """By the minutes that the course gives for each step today: of a retired one there are none."""
    done = Completion.objects.filter(period.contains("completed_at"), enrollment__in=runs.values("pk"))
    steps = with_home(done, teams, "enrollment__learner", "enrollment__course").annotate(step=F("document__identifier"))
    minutes = minutes_of_steps()
    for row in steps.values("home", "of", "step").annotate(times=Count("pk")):
        yield {"home": row["home"], "of": row["of"], "minutes": row["times"] * minutes.get((row["of"], row["step"]), 0)}


def minutes_of_steps() -> dict[tuple[int, str], int]:
    """By key of the course and id of the step, in the language that the course was written in."""
    courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
    routes = {each.pk: outline(each.current, each.source_language) for each in courses if each.current}
    return {(key, step.id): step.minutes or 0 for key, route in routes.items() for step in route.steps}
