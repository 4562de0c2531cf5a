"""A learner sends the manager a question; it stays on *Today* until it is marked as answered."""

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import Membership
from courseware.accounts.people.offboarding import leave
from courseware.accounts.teams.memberships import add_membership
from courseware.audit_log.models import Event
from courseware.learning.due_dates.extensions import ask_manager
from courseware.learning.models import ManagerQuestion
from tests.making import join, make_admin, make_enrollment, make_hr, make_team, make_user
from tests.reporting.dashboards import learner_of

pytestmark = pytest.mark.django_db
ASK = "/learn/tea-room/ask/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def run(team):
    return learner_of(team, "Wang Ming")


def soup(client, person, address):
    client.force_login(person)
    return BeautifulSoup(client.get(address, headers=ENGLISH).content, "html.parser")


def questions_of_today(client, person):
    return [each.text for each in soup(client, person, "/team/today/").select(".asked q")]


def sent(client, run, text):
    client.force_login(run.learner)
    return client.post(ASK, {"text": text}, headers=ENGLISH, follow=True)


def answer(client, person, question, **fields):
    client.force_login(person)
    places = {"question": question.pk, "next": "/team/"}
    return client.post(f"/team/people/{question.enrollment_id}/question/", places | fields, headers=ENGLISH)


def test_home_of_a_new_learner_links_to_a_question_to_the_manager(client, run):
    link = soup(client, run.learner, "/").select_one(".asking a")
    assert (link["href"], link.get_text()) == (ASK, "Ask Li Lin")


def test_a_question_stands_on_today_of_the_manager_until_it_is_marked_as_answered(client, run, team):
    page = sent(client, run, "May I call back?").text
    assert "Your question was sent." in page and "May I call back?" in page and "waiting for an answer" in page
    question = ManagerQuestion.objects.get()
    assert questions_of_today(client, team.manager) == ["May I call back?"]
    assert [answer(client, team.manager, question).url for _twice in range(2)] == ["/team/", "/team/"]
    assert questions_of_today(client, team.manager) == []
    assert "marked as answered by Li Lin" in soup(client, run.learner, ASK).text
    verbs = Event.objects.filter(verb__contains="manager").order_by("pk").values_list("verb", "data")
    expected = [(verb, {"question": question.pk}) for verb in ("manager-asked", "manager-question-answered")]
    assert list(verbs) == expected  # once, and without the text


def test_a_question_sent_twice_is_one_and_a_fourth_that_would_wait_is_refused(client, run):
    for text in ("One?", "One?", "Two?", "Three?", "Four?"):
        page = sent(client, run, text)
    assert page.status_code == 422 and "3 of your questions wait for an answer." in page.text
    assert "Four?" in page.text  # what was typed stays
    assert list(ManagerQuestion.objects.values_list("text", flat=True)) == ["One?", "Two?", "Three?"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 281, "a\0b"])
def test_a_question_without_text_or_too_long_is_refused(client, run, text):
    assert sent(client, run, text).status_code == 422
    assert not ManagerQuestion.objects.exists()


def test_only_managers_of_the_learner_see_and_answer_a_question(client, run, team):
    question = ask_manager(run, "May I call back?")
    other = make_team().manager
    assert questions_of_today(client, other) == []
    for person in (other, run.learner, make_user()):
        assert answer(client, person, question).status_code == 404
    elsewhere = make_enrollment(course=run.course)
    join(team, elsewhere.learner)
    client.force_login(team.manager)  # a question of somebody else's
    assert client.post(f"/team/people/{elsewhere.pk}/question/", {"question": question.pk}).status_code == 404
    assert ManagerQuestion.objects.get().answered_at is None


def test_a_manager_sees_a_question_of_the_person_who_appointed_them(client):
    clerk, manager = make_hr(), make_user()
    team = make_team(manager=make_user())
    join(team, clerk)
    leave(team.manager, by=make_hr())
    add_membership(manager, team, Membership.Role.MANAGER, by=clerk)
    question = ask_manager(make_enrollment(clerk), "May I call back?")
    assert questions_of_today(client, manager) == ["May I call back?"]
    assert answer(client, manager, question).status_code == 302
    assert questions_of_today(client, manager) == []


def test_without_a_manager_nothing_can_be_asked_and_the_next_manager_sees_what_waits(client, run, team):
    ask_manager(run, "May I call back?")
    leave(team.manager, by=make_hr())
    page = soup(client, run.learner, "/")
    assert not page.select(".asking a")
    assert client.get(ASK).status_code == client.post(ASK, {"text": "Anybody?"}).status_code == 404
    new = make_user("Next")
    Membership.objects.create(team=team, person=new, role=Membership.Role.MANAGER)
    assert questions_of_today(client, new) == ["May I call back?"]
    leave(run.learner, by=make_hr())
    assert questions_of_today(client, new) == []


def test_of_many_questions_the_oldest_stand_there_and_the_number_of_the_others(client, team, run):
    for number in range(7):
        ask_manager(learner_of(team, f"Person {number}", course=run.course), f"Question {number}?")
    assert questions_of_today(client, team.manager) == [f"Question {number}?" for number in range(5)]
    assert "2 more questions are waiting." in soup(client, team.manager, "/team/today/").text


def test_the_own_question_of_an_administrator_is_answered_by_somebody_else(client, team):
    admin = make_admin()
    join(team, admin)
    question = ask_manager(make_enrollment(admin), "Me?")
    assert answer(client, admin, question).status_code == 404
