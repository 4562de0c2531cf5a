"""Period report: training by team and course in a period. A person counts in one team, the first joined."""

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

HeadcountKey = tuple[int | None, int]  # team id or None, course id


@dataclass(frozen=True)
class Period:
    """Whole days in the site's time zone, from `first` to `last` (both included)."""

    first: date
    last: date

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Start of the period, and the first instant after it."""
        zone = timezone.get_default_timezone()
        return datetime.combine(self.first, time.min, zone), due_instant(self.last, zone)

    @property
    def certified_on(self) -> date:
        """Day on which certificates must be valid: the last day, or today if earlier."""
        return min(self.last, site_day())

    def contains(self, column: str) -> Q:
        """Return the condition: the time in `column` (lookup path of a datetime) is in the period."""
        begin, end = self.span
        return Q(**{f"{column}__gte": begin, f"{column}__lt": end})


@dataclass(frozen=True)
class Figures:
    """Numbers of people. `people`: enrolled by the end of the period; `tries`, `passed`: first exam attempts in it."""

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
    """A team in a course. `team`: name, "" for people without a team."""

    team: str
    course: str
    title: str
    period: Period
    figures: Figures


class TeamFigures(NamedTuple):
    """Statistics of a team, in the order of the report's courses."""

    team: str
    figures: list[Figures]


class PeriodReport(NamedTuple):
    """A report. `courses`: (course id, title); `teams`: those with people in any of them, by name."""

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
    Column("people", pgettext_lazy("number", "People"), lambda line: line.figures.people),
    Column("finished", gettext_lazy("Finished"), lambda line: line.figures.finished),
    Column("certified", gettext_lazy("People certified at the end of the period"), lambda line: line.figures.certified),
    Column("first_answers", gettext_lazy("First exam attempts"), lambda line: line.figures.tries),
    Column("first_tries_passed", gettext_lazy("First exam attempts passed"), lambda line: line.figures.passed),
    Column("training_minutes", gettext_lazy("Training time (minutes)"), lambda line: ceil(line.figures.minutes)),
)


def period_report(
    user, period: Period, *, language: str, team: Team | None = None, course: Course | None = None, left: bool = False
) -> PeriodReport:
    """Return the report on people that `user` may see. `language`: of the course titles; `team`: only its learners and
    those of the teams below; `left`: include people who left the company.
    """
    enrollments = enrollments_reported(user, team=team, course=course, left=left)
    teams = dashboard_rows.teams_shown_to(user)
    if team:
        teams = teams.filter(pk__in=Team.objects.filter(pk=team.pk).with_subteams().values("pk"))
    found = statistics_by_team(
        enrollments, period, CountingTeams(teams, has_others=team is None and sees_whole_company(user))
    )
    outlines = dashboard_rows.outlines(language)
    courses = {key: outlines[key] for key in sorted({key for _team, key in found})}
    names = dict(teams.values_list("pk", "name"))
    rows = [
        TeamFigures(names.get(home, "") if home else "", [found.get((home, key), Figures()) for key in courses])
        for home in {home for home, _course in found}
    ]
    rows.sort(key=lambda row: (not row.team, row.team))
    return PeriodReport(period, [(each.course_id, each.title) for each in courses.values()], rows)


def enrollments_reported(
    user, *, team: Team | None = None, course: Course | None = None, left: bool = False
) -> EnrollmentQuerySet:
    """Return enrollments that `user` may see in published courses, also earlier ones of a learner, unsorted. `team`:
    only learners of this team and the teams below; `left`: include people who left.
    """
    enrollments = dashboard_rows.enrollments_in(team, user) if team else dashboard_rows.enrollments_shown_to(user)
    if course:
        enrollments = enrollments.filter(course=course)
    return (enrollments if left else enrollments.filter(learner__is_active=True)).order_by()


class CountingTeams(NamedTuple):
    """Teams to count people in, each in the first joined. `has_others`: include people in none of them."""

    teams: QuerySet
    has_others: bool

    def numbers(self, enrollments: EnrollmentQuerySet, *by: str, **numbers: Count) -> Iterator[dict]:
        """Yield a dict per group: "home" (team id, None: no such team), "of" (course id), the fields `by`, and the
        aggregates `numbers`. Runs 1 query, 2 with `has_others`.
        """
        # A join instead of a lookup for each enrollment, so the database reads each table once.
        joined = Membership.objects.filter(role=Membership.Role.LEARNER, team__in=self.teams.values("pk"))
        earlier = joined.filter(person=OuterRef("person"), pk__lt=OuterRef("pk"))
        enrollments = enrollments.order_by().annotate(of=F("course"))
        at_home = enrollments.filter(learner__memberships__in=joined.filter(~Exists(earlier)))
        at_home = at_home.annotate(home=F("learner__memberships__team"))
        yield from at_home.values("home", "of", *by).annotate(**numbers)
        if self.has_others:
            others = enrollments.filter(~Exists(joined.filter(person=OuterRef("learner"))))
            for row in others.values("of", *by).annotate(**numbers):
                yield row | {"home": None}


def statistics_by_team(
    enrollments: EnrollmentQuerySet, period: Period, homes: CountingTeams
) -> dict[HeadcountKey, Figures]:
    """Return (team id or None, course id) → statistics; None: in no team of `homes`. 5 queries, 9 with `has_others`."""
    _begin, end = period.span
    people = enrollments.filter(enrolled_at__lt=end)
    totals = homes.numbers(
        people,
        people=learners(),
        certified=learners(certificate_valid_in(period, "certificate__")),
        finished=learners(period.contains("completed_at")),
    )
    external = homes.numbers(people.filter(is_certified_externally_only(period)), certified=learners())
    counts: defaultdict[HeadcountKey, Counter[str]] = defaultdict(Counter)
    for rows in (totals, external, first_answers(enrollments, period, homes), minutes_done(enrollments, period, homes)):
        add(counts, rows)
    return {key: Figures(**numbers) for key, numbers in counts.items()}


def learners(condition: Q | None = None) -> Count:
    """Return an aggregate over enrollments: number of different learners. `condition`: Q on enrollments or None."""
    return Count("learner", distinct=True, filter=condition)


def add(counts: Mapping[HeadcountKey, Counter[str]], rows: Iterable[dict]) -> None:
    """Add rows of `CountingTeams.numbers` to `counts`: (team id or None, course id) → name → number. `counts` must
    create missing keys (defaultdict). Removes the keys "home" and "of" from the rows.
    """
    for row in rows:
        counts[row.pop("home"), row.pop("of")].update(row)


def certificate_valid_in(period: Period, path: str = "") -> Q:
    """Return the condition: issued by the end of the period, valid on its `certified_on`, and never revoked. `path`:
    prefix of lookups from the filtered model, such as "certificate__"; "" for certificates.
    """
    _begin, end = period.span
    issued = {f"{path}issued_at__lt": end, f"{path}revoked_at": None}
    return Q(**issued) & (Q(**{f"{path}valid_until": None}) | Q(**{f"{path}valid_until__gte": period.certified_on}))


def is_certified_externally_only(period: Period) -> Q:
    """Return the condition on enrollments: certified at the end of the period, but only by external training."""
    trained = ExternalTraining.objects.filter(trained_on__lte=period.last, revoked_at=None)
    trained = trained.filter(Q(valid_until=None) | Q(valid_until__gte=period.certified_on))
    certified = Certificate.objects.filter(certificate_valid_in(period))
    return Q(Exists(trained.filter(person=OuterRef("learner"), course=OuterRef("course")))) & ~Q(
        Exists(certified.filter(enrollment__learner=OuterRef("learner"), enrollment__course=OuterRef("course")))
    )


def first_answers(enrollments: EnrollmentQuerySet, period: Period, homes: CountingTeams) -> Iterator[dict]:
    """Yield rows of `homes.numbers` with `tries` and `passed`: first exam attempts submitted in the period."""
    exams = Q(attempts__number=1, attempts__pass_mark__isnull=False)
    passed = Count("attempts", filter=Q(attempts__is_passed=True))
    return homes.numbers(
        enrollments.filter(exams & period.contains("attempts__submitted_at")), tries=Count("attempts"), passed=passed
    )


def minutes_done(enrollments: EnrollmentQuerySet, period: Period, homes: CountingTeams) -> Iterator[dict]:
    """Yield dicts "home", "of" (see `CountingTeams.numbers`), "minutes": length of the steps completed in the period,
    by the current release; 0 for steps it does not have. A home and course may come several times.
    """
    done = enrollments.filter(period.contains("completions__completed_at"))
    done = done.annotate(step=F("completions__document__identifier"))
    minutes = minutes_of_steps()
    for row in homes.numbers(done, "step", times=Count("completions")):
        yield {"home": row["home"], "of": row["of"], "minutes": row["times"] * minutes.get((row["of"], row["step"]), 0)}


def minutes_of_steps() -> dict[tuple[int, str], float]:
    """Return (course id, step id) → minutes, in the source language of the course."""
    courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
    outlines = {each.pk: outline(each.current, each.source_language) for each in courses if each.current}
    return {
        (key, step.id): step.minutes or 0 for key, course_outline in outlines.items() for step in course_outline.steps
    }


QUARTERS, MONTHS = 5, 3  # offered, including the current ones


def latest_quarters(today: date) -> list[Period]:
    return latest(first_of_quarter(today), months=3, number=QUARTERS)


def first_of_quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def latest_months(today: date) -> list[Period]:
    return latest(today, months=1, number=MONTHS)


def latest(day: date, *, months: int, number: int) -> list[Period]:
    """Return `number` periods of `months` each, latest first; the first begins with the month of `day`."""
    begins = [months_later(day, -months * index) for index in range(number)]
    return [Period(begin, months_later(begin, months) - timedelta(days=1)) for begin in begins]


def months_later(first: date, months: int) -> date:
    """Return the first day of the month that is `months` (may be negative) after the month of `first`."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
