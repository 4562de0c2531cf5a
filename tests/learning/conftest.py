import pytest

from tests.making import days, make_course, make_enrollment


@pytest.fixture
def enrollment(client):
    enrollment = make_enrollment(course=make_course(), due_at=days(9))
    client.force_login(enrollment.learner)
    return enrollment
