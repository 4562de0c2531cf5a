"""Of each person and course one run is the newest, and it is kept as that."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseware.learning.enrolling import begin_enrolling, enroll, enroll_next, waive
from courseware.learning.models import Enrollment
from tests.making import join, make_course, make_files, make_team, make_user

pytestmark = pytest.mark.django_db


def excused(enrollment):
    waive(enrollment, "moved", by=None)
    return enrollment


def newest():
    return set(Enrollment.objects.newest())


def test_a_new_run_makes_the_one_before_it_a_former_one_and_nobody_elses():
    course, learner = make_course(), make_user()
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    elsewhere, beside = enroll(learner, make_course(other)), enroll(make_user(), course)
    first = enroll(learner, course)
    assert newest() == {elsewhere, beside, first}
    waive(first, "moved", by=None)
    second = enroll(learner, course)
    assert newest() == {elsewhere, beside, second}
    waive(second, "moved", by=None)
    third = enroll(learner, course)
    assert newest() == {elsewhere, beside, third}


def test_who_is_enrolled_again_while_the_run_is_open_keeps_it_as_the_newest():
    course, learner = make_course(), make_user()
    first = enroll(learner, course)
    assert enroll(learner, course) == first
    assert newest() == {first}


def test_changing_a_former_run_does_not_make_it_the_newest():
    course, learner = make_course(), make_user()
    first = excused(enroll(learner, course))
    second = enroll(learner, course)
    first.refresh_from_db()
    first.save()
    assert newest() == {second}


def test_a_whole_team_is_enrolled_with_its_newest_runs():
    course, team = make_course(), make_team(learners=3)
    learner = make_user()
    join(team, learner)
    earlier = enroll(learner, course)
    enroll_next(begin_enrolling([team], course, due_on=None), by=None)
    assert len(newest()) == 4
    assert earlier in newest()


def test_the_database_takes_no_second_newest_run_of_a_person_in_a_course():
    first = excused(enroll(make_user(), make_course()))
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.bulk_create([Enrollment(learner=first.learner, course=first.course)])


@pytest.mark.django_db(transaction=True)
def test_where_a_new_run_fails_the_one_before_it_stays_the_newest(monkeypatch):
    first = excused(enroll(make_user(), make_course()))
    with pytest.raises(ValueError, match="the log is away"), monkeypatch.context() as patched:
        patched.setattr("courseware.learning.enrolling.record_many", refuse)
        enroll(first.learner, first.course, at=timezone.now())
    assert newest() == {first}


def refuse(*args):
    raise ValueError("the log is away")
