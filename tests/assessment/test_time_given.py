"""A person who was given more time has it in an exam: its limit is multiplied when an attempt begins, and stays."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.practice_time import set_practice_time
from courseware.assessment.models import Attempt
from tests.assessment.exams import MONDAY, make_course, ready, start
from tests.making import make_user

pytestmark = pytest.mark.django_db
# What was given → minutes of an exam of 30; None: it never closes.
GIVEN = {"": 30, "1.25": 37.5, "1.5": 45, "2": 60, "3": 90, "4": 120, "5": 150, "10": 300, "off": None}


@pytest.mark.parametrize(("given", "minutes"), GIVEN.items())
def test_the_limit_is_as_many_times_that_as_was_given(given, minutes):
    attempt = start(ready(make_course(time_limit="30"), make_user(practice_time=given)), at=MONDAY)
    assert attempt.closes_at == (minutes and MONDAY + timedelta(minutes=minutes))


@pytest.mark.parametrize("given", GIVEN)
def test_an_exam_without_a_limit_gets_none(given):
    assert start(ready(make_course(), make_user(practice_time=given)), at=MONDAY).closes_at is None


def test_what_has_begun_keeps_its_time_and_says_so(client):
    learner = make_user()
    enrollment = ready(make_course(time_limit="30"), learner)
    client.force_login(learner)
    page = f"/exam/{enrollment.course.identifier}/last-cup/"

    def limit():
        lines = BeautifulSoup(client.get(page).content, "html.parser").select("main li")
        return [" ".join(line.text.split()) for line in lines if "then it closes" in line.text]

    set_practice_time(learner, "2", by=learner)
    assert limit() == ["60 minutes, then it closes"]
    attempt = start(enrollment)
    set_practice_time(learner, "off", by=learner)
    assert limit() == ["60 minutes, then it closes"]
    assert Attempt.objects.get() == attempt
    assert Attempt.objects.get().closes_at == attempt.closes_at
