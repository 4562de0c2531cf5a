import pytest

from tests.assessment.exams import make_course, make_course_with_pre_check, ready, start
from tests.making import make_enrollment, make_user


@pytest.fixture
def learner(client):
    learner = make_user("Lea")
    client.force_login(learner)
    return learner


@pytest.fixture
def attempt(learner):
    return start(ready(make_course(), learner))


@pytest.fixture
def enrollment(client):
    """Enrollment of the signed-in learner in a course with a pre-test."""
    enrollment = make_enrollment(make_user("Lea"), make_course_with_pre_check())
    client.force_login(enrollment.learner)
    return enrollment
