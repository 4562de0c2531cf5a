"""Course history of a person: current status, past enrollments and certificates in each course."""

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
    """Status in one course. `runs`: all its enrollments, latest first; `row`: the one that counts (`is_newest`)."""

    row: DashboardRow
    runs: tuple[PastEnrollment, ...]


def row_and_course_statuses(
    user, shown: Enrollment, teams: Mapping[int, str], outlines: Mapping[int, Outline], at: datetime
) -> tuple[DashboardRow, list[CourseStatus]]:
    """Return (row of `shown`, status per course `user` may see, most urgent first). `shown`: `with_facts`, access not
    checked; sets its `certified_until` to None if it is not the newest. `teams`, `outlines`: see `rows`.
    """
    found = with_facts(enrollments_shown_to(user).filter(learner=shown.learner_id), at).order_by("-pk")
    certificates = {each.enrollment_id: each for each in Certificate.objects.filter(enrollment__in=found.values("pk"))}
    past: dict[int, list[PastEnrollment]] = defaultdict(list)
    to_show = {shown.pk: shown}
    if not shown.is_newest:
        shown.certified_until = None  # stale since a newer enrollment started
    for enrollment in found:
        past[enrollment.course_id].append(PastEnrollment(enrollment, certificates.get(enrollment.pk)))
        if enrollment.is_newest:
            to_show.setdefault(enrollment.pk, enrollment)
    made = {row.enrollment.pk: row for row in rows(list(to_show.values()), teams, outlines, at)}
    newest = sorted((row for row in made.values() if row.enrollment.is_newest), key=lambda row: row.enrollment.urgency)
    return made[shown.pk], [CourseStatus(row, tuple(past[row.enrollment.course_id])) for row in newest]
