"""About whom a lead is asked some days after a course, as long as nobody has answered.

It is asked of all who lead the team that somebody joined first, or else the nearest one above it, and of who stands in
for one of them. Once for a person and sheet, whatever renewals follow: so five answers are about five people.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import get_language

from courseware.accounts.absences import away_now
from courseware.accounts.leads import nearest_leads
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import own_teams, people_managed_by
from courseware.assignments.observations import Observation
from courseware.content.compiled.serving import LeadsSheet, outline
from courseware.content.models import Course
from courseware.learning.models import Enrollment, EnrollmentQuerySet
from courseware.lib.dates import due_instant, site_day

ASKED_FOR = timedelta(days=60)  # from the day on which it is first asked; later nobody remembers
LOOKED_AT = 200  # runs of a sheet, those of the own teams first, the earliest completion in front


@dataclass(frozen=True)
class ObservationDue:
    """`run` has its learner, and `sheet` is in the language of the reader."""

    run: Enrollment
    course: Course
    sheet: LeadsSheet


def sheets_now() -> Iterator[tuple[Course, LeadsSheet]]:
    """Of the releases of today. Runs one query, and one more for each course the first time in a process."""
    courses = Course.objects.exclude(current=None).select_related("current").defer("current__outlines")
    for course in courses.order_by("pk"):
        for sheet in outline(course.current, get_language()).sheets if course.current else ():
            yield course, sheet


def runs_to_observe(course: Course, sheet: LeadsSheet, day: date, since: timedelta = ASKED_FOR) -> EnrollmentQuerySet:
    """Completed by people who are here on `day`, for which it is asked now, and was not yet so long ago."""
    zone, last = timezone.get_default_timezone(), day - timedelta(days=sheet.after_days)
    told = Observation.objects.filter(enrollment__learner=OuterRef("learner"), sheet__identifier=sheet.id)
    runs = Enrollment.objects.filter(course=course, completed_at__lt=due_instant(last, zone), learner__is_active=True)
    runs = runs.filter(completed_at__gte=due_instant(last - since, zone))
    return runs.exclude(Exists(told.filter(sheet__course=course))).exclude(
        Exists(away_now().filter(person=OuterRef("learner")))
    )


def is_led_in(teams: Collection[int], leads: Iterable[Membership]) -> bool:
    return any(lead.team_id in teams for lead in leads)


def observations_due(user: User, day: date | None = None) -> list[ObservationDue]:
    """What is asked of `user`, the earliest completion first. Runs as many statements for one person as for all."""
    teams = {team.pk for team in own_teams(user)}
    if not teams:
        return []
    near = Membership.objects.filter(person=OuterRef("learner"), role=Membership.Role.LEARNER, team__in=teams)
    found = []
    for course, sheet in sheets_now():
        runs = runs_to_observe(course, sheet, day or site_day()).filter(learner__in=people_managed_by(user))
        runs = runs.annotate(is_near=Exists(near)).order_by("-is_near", "completed_at", "pk")
        found += [ObservationDue(run, course, sheet) for run in runs.select_related("learner")[:LOOKED_AT]]
    leads = nearest_leads({each.run.learner_id for each in found}) if found else {}
    asked = [each for each in found if is_led_in(teams, leads.get(each.run.learner_id, ()))]
    return sorted(asked, key=lambda each: (each.run.completed_at, each.run.pk))
