"""What was learned in a period, by team and course. Each person counts in one team, the one joined first."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy, pgettext_lazy

from courseware.accounts.models import Membership, Team
from courseware.accounts.permissions.permissions import sees_whole_company
from courseware.assessment.models import Certificate, ExternalTraining
from courseware.content.models import Course
from courseware.content.rendering.store import outline
from courseware.learning.models import EnrollmentQuerySet
from courseware.lib.dates import due_instant, site_day
from courseware.lib.text.durations import minutes_text_of
from courseware.lib.text.fractions_text import Share
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.exports.columns import Column

HeadcountKey = tuple[int | None, int]  # keys of a team, or None, and of a course


@dataclass(frozen=True)
class Period:
    """Whole days of the site, first and last included."""

    first: date
    last: date

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first instant of the period, and the first one after it."""
        zone = timezone.get_default_timezone()
        return datetime.combine(self.first, time.min, zone), due_instant(self.last, zone)

    @property
    def certified_on(self) -> date:
        return min(self.last, site_day())

    def contains(self, column: str) -> Q:
        begin, end = self.span
        return Q(**{f"{column}__gte": begin, f"{column}__lt": end})


@dataclass(frozen=True)
class Figures:
    """`people` had an enrollment by the end of the period; `tries` are first exam attempts that were submitted."""

    people: int = 0
    finished: int = 0
    certified: int = 0
    tries: int = 0
    passed: int = 0
    minutes: float = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(mine + others for mine, others in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def first_answer_of(self) -> Share | None:
        return Share(self.passed, self.tries) if self.tries else None

    @property
    def time(self) -> str:
        return minutes_text_of(self.minutes)


class ReportLine(NamedTuple):
    """A team in a course; `team` is "" for people without one."""

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
    """`courses` are (id, title); `teams` have people in any of them and are sorted by name."""

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
    Column("certified", gettext_lazy("Certified at the end of the period"), lambda line: line.figures.certified),
    Column("first_answers", gettext_lazy("First exam attempts"), lambda line: line.figures.tries),
    Column("first_tries_passed", gettext_lazy("First exam attempts passed"), lambda line: line.figures.passed),
    Column("training_minutes", gettext_lazy("Training time (minutes)"), lambda line: ceil(line.figures.minutes)),
)


def period_report(
    user, period: Period, *, language: str, team: Team | None = None, course: Course | None = None, left: bool = False
) -> PeriodReport:
    """About the people on the dashboard of `user`, with these filters."""
    runs = enrollments_reported(user, team=team, course=course, left=left)
    teams = dashboard_rows.teams_shown_to(user)
    if team:
        teams = teams.filter(pk__in=Team.objects.filter(pk=team.pk).with_subteams().values("pk"))
    found = statistics_by_team(runs, period, Homes(teams, has_others=team is None and sees_whole_company(user)))
    routes = dashboard_rows.outlines(language)
    courses = {key: routes[key] for key in sorted({key for _team, key in found})}
    names = dict(teams.values_list("pk", "name"))
    rows = [
        TeamFigures(names.get(home, "") if home else "", [found.get((home, key), Figures()) for key in courses])
        for home in {home for home, _course in found}
    ]
    rows.sort(key=lambda row: (not row.team, row.team))
    return PeriodReport(period, [(route.course_id, route.title) for route in courses.values()], rows)


def enrollments_reported(
    user, *, team: Team | None = None, course: Course | None = None, left: bool = False
) -> EnrollmentQuerySet:
    """All enrollments of these people, not only the newest."""
    runs = dashboard_rows.enrollments_in(team, user) if team else dashboard_rows.enrollments_shown_to(user)
    if course:
        runs = runs.filter(course=course)
    return (runs if left else runs.filter(learner__is_active=True)).order_by()


class Homes(NamedTuple):
    """The team among these in which each person counts: the one joined first. `has_others`: include people in none."""

    teams: QuerySet
    has_others: bool

    def numbers(self, runs: EnrollmentQuerySet, *by: str, **numbers: Count) -> Iterator[dict]:
        """A row for each team (`home`) and course (`of`) with these numbers. Runs one query, two with `has_others`."""
        # Teams are joined, not looked up for each enrollment, so the database reads each table once.
        joined = Membership.objects.filter(role=Membership.Role.LEARNER, team__in=self.teams.values("pk"))
        earlier = joined.filter(person=OuterRef("person"), pk__lt=OuterRef("pk"))
        runs = runs.order_by().annotate(of=F("course"))
        at_home = runs.filter(learner__memberships__in=joined.filter(~Exists(earlier)))
        at_home = at_home.annotate(home=F("learner__memberships__team"))
        yield from at_home.values("home", "of", *by).annotate(**numbers)
        if self.has_others:
            others = runs.filter(~Exists(joined.filter(person=OuterRef("learner"))))
            for row in others.values("of", *by).annotate(**numbers):
                yield row | {"home": None}


def statistics_by_team(runs: EnrollmentQuerySet, period: Period, homes: Homes) -> dict[HeadcountKey, Figures]:
    """Statistics of all teams and courses of these enrollments. Runs five queries, or nine."""
    _begin, end = period.span
    people = runs.filter(enrolled_at__lt=end)
    standing = homes.numbers(
        people,
        people=learners(),
        certified=learners(certificate_valid_in(period, "certificate__")),
        finished=learners(period.contains("completed_at")),
    )
    elsewhere = homes.numbers(people.filter(is_certified_externally_only(period)), certified=learners())
    by_place: defaultdict[HeadcountKey, Counter[str]] = defaultdict(Counter)
    for rows in (standing, elsewhere, first_answers(runs, period, homes), minutes_done(runs, period, homes)):
        add(by_place, rows)
    return {place: Figures(**numbers) for place, numbers in by_place.items()}


def learners(condition: Q | None = None) -> Count:
    """Number of learners, each once."""
    return Count("learner", distinct=True, filter=condition)


def add(by_place: Mapping[HeadcountKey, Counter[str]], rows: Iterable[dict]) -> None:
    for row in rows:
        by_place[row.pop("home"), row.pop("of")].update(row)


def certificate_valid_in(period: Period, path: str = "") -> Q:
    """Valid at the end of the period and not withdrawn. `path` leads to the certificate."""
    _begin, end = period.span
    issued = {f"{path}issued_at__lt": end, f"{path}revoked_at": None}
    return Q(**issued) & (Q(**{f"{path}valid_until": None}) | Q(**{f"{path}valid_until__gte": period.certified_on}))


def is_certified_externally_only(period: Period) -> Q:
    """Whether the learner is certified by external training only, without a certificate."""
    trained = ExternalTraining.objects.filter(trained_on__lte=period.last, revoked_at=None)
    trained = trained.filter(Q(valid_until=None) | Q(valid_until__gte=period.certified_on))
    certified = Certificate.objects.filter(certificate_valid_in(period))
    return Q(Exists(trained.filter(person=OuterRef("learner"), course=OuterRef("course")))) & ~Q(
        Exists(certified.filter(enrollment__learner=OuterRef("learner"), enrollment__course=OuterRef("course")))
    )


def first_answers(runs: EnrollmentQuerySet, period: Period, homes: Homes) -> Iterator[dict]:
    exams = Q(attempts__number=1, attempts__pass_mark__isnull=False)
    passed = Count("attempts", filter=Q(attempts__is_passed=True))
    return homes.numbers(
        runs.filter(exams & period.contains("attempts__submitted_at")), tries=Count("attempts"), passed=passed
    )


def minutes_done(runs: EnrollmentQuerySet, period: Period, homes: Homes) -> Iterator[dict]:
    """Minutes that the course states today for each step done; retired steps have none."""
    done = runs.filter(period.contains("completions__completed_at"))
    done = done.annotate(step=F("completions__document__identifier"))
    minutes = minutes_of_steps()
    for row in homes.numbers(done, "step", times=Count("completions")):
        yield {"home": row["home"], "of": row["of"], "minutes": row["times"] * minutes.get((row["of"], row["step"]), 0)}


def minutes_of_steps() -> dict[tuple[int, str], float]:
    """(key of the course, id of the step) → minutes, in the source language of the course."""
    courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
    routes = {each.pk: outline(each.current, each.source_language) for each in courses if each.current}
    return {(key, step.id): step.minutes or 0 for key, route in routes.items() for step in route.steps}


QUARTERS, MONTHS = 5, 3  # offered, including the current one


def latest_quarters(today: date) -> list[Period]:
    return latest(first_of_quarter(today), months=3, number=QUARTERS)


def first_of_quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def latest_months(today: date) -> list[Period]:
    return latest(today, months=1, number=MONTHS)


def latest(day: date, *, months: int, number: int) -> list[Period]:
    """`number` periods of `months` each; the first begins with the month of `day`."""
    begins = [months_later(day, -months * place) for place in range(number)]
    return [Period(begin, months_later(begin, months) - timedelta(days=1)) for begin in begins]


def months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
