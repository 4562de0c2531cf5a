"""Until when somebody is certified is said rightly of a run that is begun in the very moment in which it changes."""

import pytest
from django.db import connection
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assessment.models import Certificate
from courseware.assessment.outside_records import record_outside
from courseware.assessment.outside_training import OutsideTraining
from courseware.assessment.withdrawing import withdraw
from courseware.content.models import Course
from courseware.learning.enrolling import begin_enrolling, enroll, enroll_next
from courseware.learning.models import Enrollment
from courseware.reporting.certificate_check import newest_standings, standings
from courseware.reporting.enrollment_check import headcounts, newest_runs
from tests.faults.sites import wait_until
from tests.learning.test_headcounts_at_once import at_work  # noqa: F401 - a fixture
from tests.making import join, make_course, make_enrollment, make_hr, make_team, make_user
from tests.world import complete_course


@pytest.fixture
def firm(transactional_db):
    """Kim has completed the course, Ash has never begun it."""
    make_course()
    team = make_team("tea")
    for name in ("Kim", "Ash"):
        join(team, make_user(name))
    complete_course(make_enrollment(person("Kim")))
    make_hr(name="Hana")
    return team


def person(name):
    return User.objects.get(name=name)


def train(name):
    said = {"trained_on": timezone.localdate(), "proof": "Seen"}
    training = OutsideTraining(person=person(name), course=Course.objects.get(), **said)
    assert record_outside([training], by=person("Hana"))


def enroll_team(team):
    enroll_next(begin_enrolling([team], Course.objects.get(), due_on=timezone.localdate()), by=None)


ACTS = {
    "withdrawn and enrolled again": (
        lambda firm: withdraw(Certificate.objects.get(), reason="A mistake", by=person("Hana")),
        lambda firm: enroll(person("Kim"), Course.objects.get()),
    ),
    "trained elsewhere and enrolled again": (
        lambda firm: train("Kim"),
        lambda firm: enroll(person("Kim"), Course.objects.get()),
    ),
    "trained elsewhere and enrolled": (
        lambda firm: train("Ash"),
        lambda firm: enroll(person("Ash"), Course.objects.get()),
    ),
    "trained elsewhere and enrolled with others": (lambda firm: train("Ash"), enroll_team),
}


def someone_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("turned", [False, True], ids=["enrolled second", "enrolled first"])
@pytest.mark.parametrize("what", ACTS)
def test_both_are_right_whoever_comes_first(what, turned, firm, at_work):  # noqa: F811
    first, second = reversed(ACTS[what]) if turned else ACTS[what]
    begun = at_work(lambda: first(firm))
    assert begun.has_acted.wait(60)
    follows = at_work(lambda: second(firm))
    wait_until(lambda: follows.has_acted.is_set() or someone_waits(), "the second neither acts nor waits")
    for each in (begun, follows):
        each.may_end.set()
        each.future.result(60)
    assert [*newest_runs(), *standings(), *newest_standings(), *headcounts()] == []
    assert Enrollment.objects.newest().count() == Enrollment.objects.values("learner").distinct().count()
