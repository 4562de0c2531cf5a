"""Sites on which the demo is refused or uses the existing course."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from courseware.accounts.models import User
from courseware.assignments.models import AssignmentRule
from courseware.content.models import Course
from courseware.learning.models import Enrollment
from courseware.reporting.demo import PEOPLE
from tests.making import make_course, make_user

pytestmark = pytest.mark.django_db


def test_demo_is_refused_if_people_exist():
    make_course()
    make_user()
    with pytest.raises(CommandError, match="people here already"):
        call_command("create_demo")
    assert User.objects.count() == 1


@pytest.mark.slow
def test_demo_uses_existing_course():
    make_course()
    out = StringIO()
    call_command("create_demo", stdout=out)
    assert out.getvalue().splitlines() == [f"demo people: {number} of {len(PEOPLE)} done" for number in (0, 5, 10)]
    assert Course.objects.get() == AssignmentRule.objects.get().course
    assert Enrollment.objects.filter(completed_at=None, learner__email="learner@example.com").count() == 1


def test_demo_is_refused_without_course():
    with pytest.raises(CommandError, match="no course yet"):
        call_command("create_demo")
    assert not User.objects.exists()


def test_demo_is_refused_on_public_site(settings):
    make_course()
    settings.PLAIN_HTTP = False
    with pytest.raises(CommandError, match="PLAIN_HTTP"):
        call_command("create_demo")
    assert not User.objects.exists()
