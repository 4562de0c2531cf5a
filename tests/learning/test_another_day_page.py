"""The learner's page on which another day is asked for, and the ways that lead there."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.content.models import Course
from courseware.learning.asking import DayAnswer, answer_day_request, ask_for_day
from courseware.learning.day_requests import DayRequest
from courseware.learning.enrolling import enroll, waive
from tests.making import days, join, make_hr, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


@pytest.fixture
def run(client, team):
    return begin(client, team, days(-2))


def begin(client, team, due_at):
    learner = make_user("Zoe", language="en")
    join(team, learner)
    client.force_login(learner)
    return enroll(learner, Course.objects.get(), due_at=due_at, by=team.manager)


def page(run, end=""):
    return f"/learn/{run.course.identifier}/another-day/{end}"


def words(response):
    return " ".join(BeautifulSoup(response.content, "html.parser").select_one("main").get_text(" ").split())


def ask(client, run, number=4, **fields):
    return client.post(page(run), {"due_on": in_days(number).isoformat(), "reason": ""} | fields, follow=True)


def said(response):
    found = BeautifulSoup(response.content, "html.parser").select(".messages li, [role=status], [role=alert]")
    return " ".join(" ".join(each.get_text(" ").split()) for each in found)


def test_a_day_is_asked_for_and_taken_back(client, run):
    answer = ask(client, run, reason="A sick child")
    assert "Li Lin can answer" in words(answer)
    request = DayRequest.objects.get()
    assert (request.day, request.why) == (in_days(4), "A sick child")
    client.post(page(run, "take-back/"))
    assert DayRequest.objects.get().end == "taken-back"
    assert "Nothing waits for an answer" in said(client.post(page(run, "take-back/"), follow=True))


def test_the_form_sent_twice_asks_once_and_in_a_second_tab_for_another_day_says_which_one_waits(client, run):
    ask(client, run)
    assert "You asked for time until" in said(ask(client, run))
    assert "already" in said(ask(client, run, 6))
    assert DayRequest.objects.get().day == in_days(4)


def test_a_button_asks_for_so_many_days_more(client, run):
    client.post(page(run), {"days": "7"})
    assert DayRequest.objects.get().day == in_days(7)


@pytest.mark.parametrize(
    ("number", "fields", "why"),
    [
        (-1, {}, "This day is over"),
        (9999, {}, "Choose a nearer day"),
        (4, {"reason": "x" * 121}, "120"),
        (4, {"due_on": "soon"}, "valid date"),
        (4, {"due_on": ""}, "required"),
    ],
)
def test_what_cannot_be_given_cannot_be_asked_for(client, run, number, fields, why):
    answer = ask(client, run, number, **fields)
    assert answer.status_code == 422
    assert why in words(answer)
    assert not DayRequest.objects.exists()


def test_a_day_that_is_no_later_than_the_due_day_is_none(client, team):
    run = begin(client, team, days(3))
    for number in (2, 3):
        assert "Choose a day after the due day" in words(ask(client, run, number))
    assert not DayRequest.objects.exists()


def test_where_nothing_is_due_nothing_is_asked_for(client, team, run):
    waive(run, "moved", by=team.manager)
    assert "Nothing is due here" in words(client.get(page(run)))
    assert "Nothing is due here" in words(ask(client, run))
    assert not DayRequest.objects.exists()


def test_whoever_has_no_lead_reads_that_human_resources_answer(client, team):
    make_hr()
    learner = make_user(language="en")
    run = enroll(learner, Course.objects.get(), due_at=days(-2), by=team.manager)
    client.force_login(learner)
    assert "Human resources can answer" in words(ask(client, run))


def home(client):
    found = BeautifulSoup(client.get("/").content, "html.parser").select_one(".another-day")
    return found and " ".join(found.get_text(" ").split())


@pytest.mark.parametrize(("due", "is_offered"), [(-2, True), (2, True), (9, False), (None, False)])
def test_home_leads_there_when_the_due_day_is_near_or_over(client, team, due, is_offered):
    run = begin(client, team, due and days(due))
    words = (
        "You will not make it? Tell Li Lin : Ask for another day"
        if due == -2
        else "You will not make it? Ask for another day"
    )
    assert home(client) == (words if is_offered else None)
    link = BeautifulSoup(client.get(f"/learn/{run.course.identifier}/record/").content, "html.parser")
    assert bool(link.select(f'a[href="{page(run)}"]')) == (due is not None)


def test_home_says_what_became_of_it(client, team, run):
    request = ask_for_day(run, in_days(4))
    assert "no answer has come yet" in home(client)
    answer_day_request(request.pk, DayAnswer("refused", None, "We need you."), by=team.manager)
    assert "was not possible" in home(client)
    assert "Li Lin: the due day stays: We need you." in words(client.get(page(run)))
    assert "Li Lin: the due day stays: We need you." in words(client.get(f"/learn/{run.course.identifier}/record/"))
    request = ask_for_day(run, in_days(5))
    answer_day_request(request.pk, DayAnswer("given"), by=team.manager)
    assert home(client) is None  # there is time again
