import pytest

from tests.assessment.exams import make_course, ready, start
from tests.making import make_user


@pytest.fixture
def learner(client):
    learner = make_user("Lea")
    client.force_login(learner)
    return learner


@pytest.fixture
def attempt(learner):
    return start(ready(make_course(), learner))
