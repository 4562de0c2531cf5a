"""What tests of the starting point share."""

from courseware.assessment.sittings import starting_point_of
from tests.assessment.exams import START, sit
from tests.world import finish_lessons, outline_of


def point(enrollment):
    return starting_point_of(enrollment, outline_of(enrollment.course))


def through(enrollment, *, before, after=None, exam=None):
    """Pre-check, lessons, exam and parallel questions, each with so many right answers; returns the last attempt."""
    attempt = sit(enrollment, exam=START, points=before)
    finish_lessons(enrollment)
    sit(enrollment, points=exam)
    return attempt if after is None else sit(enrollment, exam=START, points=after)
