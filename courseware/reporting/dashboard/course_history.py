"""A person's status in each course, with all enrollments and certificates."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from courseware.assessment.models import Certificate
from courseware.content.rendering.store import Outline
from courseware.learning.models import Enrollment
from courseware.reporting.dashboard.rows import DashboardRow, enrollments_shown_to, rows, with_facts


@dataclass(frozen=True)
class PastEnrollment:
    """An enrollment, open or closed, and its certificate."""

    enrollment: Enrollment
    certificate: Certificate | None


@dataclass(frozen=True)
class CourseStatus:
    """`runs` are in order, the newest first, which is that of `row`."""

    row: DashboardRow
    runs: tuple[PastEnrollment, ...]


def row_and_certifications(
    user, shown: Enrollment, teams: Mapping[int, str], routes: Mapping[int, Outline], at: datetime
) -> tuple[DashboardRow, list[CourseStatus]]:
    """The row of `shown` (`with_facts`) and all courses of its learner that `user` may see, most urgent first."""
    found = with_facts(enrollments_shown_to(user).filter(learner=shown.learner_id), at).order_by("-pk")
    certificates = {each.enrollment_id: each for each in Certificate.objects.filter(enrollment__in=found.values("pk"))}
    runs: dict[int, list[PastEnrollment]] = defaultdict(list)
    asked = {shown.pk: shown}
    if not shown.is_newest:
        shown.certified_until = None  # it still has the day that was known when the newest run was begun
    for run in found:
        runs[run.course_id].append(PastEnrollment(run, certificates.get(run.pk)))
        if run.is_newest:
            asked.setdefault(run.pk, run)
    made = {row.enrollment.pk: row for row in rows(list(asked.values()), teams, routes, at)}
    newest = sorted((row for row in made.values() if row.enrollment.is_newest), key=lambda row: row.enrollment.urgency)
    return made[shown.pk], [CourseStatus(row, tuple(runs[row.enrollment.course_id])) for row in newest]
