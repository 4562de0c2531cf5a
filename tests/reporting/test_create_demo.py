"""Where the demo firm is not made."""

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


def test_one_person_is_enough_to_refuse():
    make_course()
    make_user()
    with pytest.raises(CommandError, match="people here already"):
        call_command("create_demo")
    assert User.objects.count() == 1


def test_a_site_with_a_course_of_its_own_has_the_firm_in_that():
    make_course()
    out = StringIO()
    call_command("create_demo", stdout=out)
    assert out.getvalue().splitlines() == [f"demo people: {number} of {len(PEOPLE)} done" for number in (0, 5, 10)]
    assert Course.objects.get() == AssignmentRule.objects.get().course
    assert Enrollment.objects.filter(completed_at=None, learner__email="learner@example.com").count() == 1


def test_without_a_course_nothing_is_made():
    with pytest.raises(CommandError, match="no course yet"):
        call_command("create_demo")
    assert not User.objects.exists()


def test_a_site_that_others_can_reach_gets_no_public_password(settings):
    make_course()
    settings.PLAIN_HTTP = False
    with pytest.raises(CommandError, match="PLAIN_HTTP"):
        call_command("create_demo")
    assert not User.objects.exists()
