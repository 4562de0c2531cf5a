"""A drill takes no more answers within a minute than a person could read questions."""

import uuid
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware import settings as site
from courseware.assessment.models import DrillAnswer
from courseware.learning.sending_pace import TooFast
from tests.assessment.drills import asked, drill, give, held
from tests.assessment.exams import make_course_with_drill

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(client):
    attempt = held(make_course_with_drill())
    client.force_login(attempt.enrollment.learner)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return attempt


def test_sixty_answers_a_minute_are_taken_of_one_person_and_a_form_sent_again_counts_once(attempt, settings):
    settings.ANSWERS_A_MINUTE = site.ANSWERS_A_MINUTE
    at, other = timezone.now(), held(attempt.enrollment.course)
    for second in range(60):
        last = give(attempt, is_right=False, at=at + timedelta(seconds=second))
    with pytest.raises(TooFast):
        give(attempt, at=at + timedelta(seconds=59))
    assert give(attempt, token=last.token, at=at + timedelta(seconds=59)) == last
    give(other, at=at + timedelta(seconds=59))
    assert [len(drill(each).answers) for each in (attempt, other)] == [60, 1]
    assert give(attempt, at=at + timedelta(seconds=60)).number == 61


def test_an_answer_too_many_comes_back_as_it_was_chosen(client, attempt, settings):
    give(attempt, is_right=False)
    settings.ANSWERS_A_MINUTE = 1
    page = BeautifulSoup(client.get(reverse("assessment:drill", args=[attempt.pk, "O1.1"])).content, "html.parser")
    fields = {field["name"]: field["value"] for field in page.select("form.question input[type=hidden]")}
    address = reverse("assessment:answer-drill", args=[attempt.pk, "O1.1"])
    response = client.post(address, fields | {"choice": "1"})
    assert response.status_code == 429
    page = BeautifulSoup(response.content, "html.parser")
    assert page.select_one(".error-summary a").text == (
        "These were very many answers for one minute. Wait a moment, then send this one again: it is still here."
    )
    assert [field["value"] for field in page.select("input[name=choice][checked]")] == ["1"]
    assert page.select_one("[name=question]")["value"] == asked(attempt).question.id
    assert DrillAnswer.objects.count() == 1
    settings.ANSWERS_A_MINUTE = 2
    again = {field["name"]: field["value"] for field in page.select("form.question input[type=hidden]")}
    assert client.post(address, again | {"choice": "1", "token": uuid.uuid4()}).status_code == 302
    assert DrillAnswer.objects.count() == 2
