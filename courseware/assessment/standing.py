"""Who is certified in a course: whoever has a valid certificate in it, of whichever run."""

from collections.abc import Collection
from datetime import datetime

from courseware.assessment.models import Certificate
from courseware.learning.models import Enrollment


def certified(enrollments: Collection[Enrollment], at: datetime) -> dict[int, bool]:
    """Primary key of an enrollment → whether its learner is certified in its course; without those who never were.

    Runs one query.
    """
    issued = Certificate.objects.filter(enrollment__learner__in={each.learner_id for each in enrollments})
    found: dict[tuple[int, int], bool] = {}
    for each in issued.select_related("enrollment").only(
        "valid_until", "withdrawn_at", "enrollment__learner", "enrollment__course"
    ):
        person_in_course = (each.enrollment.learner_id, each.enrollment.course_id)
        found[person_in_course] = found.get(person_in_course, False) or each.is_valid(at)
    return {
        each.pk: found[each.learner_id, each.course_id]
        for each in enrollments
        if (each.learner_id, each.course_id) in found
    }
