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
def enrollment(team):
    return learner_of(team, "Wang Ming")


def soup(client, person, address):
    client.force_login(person)
    return BeautifulSoup(client.get(address, headers=ENGLISH).content, "html.parser")


def questions_of_today(client, person):
    return [each.text for each in soup(client, person, "/team/today/").select(".asked q")]


def send(client, enrollment, text):
    client.force_login(enrollment.learner)
    return client.post(ASK, {"text": text}, headers=ENGLISH, follow=True)


def answer(client, person, question, **fields):
    client.force_login(person)
    places = {"question": question.pk, "next": "/team/"}
    return client.post(f"/team/people/{question.enrollment_id}/question/", places | fields, headers=ENGLISH)


def test_home_links_to_question_form(client, enrollment):
    link = soup(client, enrollment.learner, "/").select_one(".asking a")
    assert (link["href"], link.get_text()) == (ASK, "Ask Li Lin")


@pytest.mark.slow
def test_question_stays_on_today_until_answered(client, enrollment, team):
    page = send(client, enrollment, "May I call back?").text
    assert "Your question was sent." in page and "May I call back?" in page and "waiting for an answer" in page
    question = ManagerQuestion.objects.get()
    assert questions_of_today(client, team.manager) == ["May I call back?"]
    assert [answer(client, team.manager, question).url for _twice in range(2)] == ["/team/", "/team/"]
    assert questions_of_today(client, team.manager) == []
    assert "marked as answered by Li Lin" in soup(client, enrollment.learner, ASK).text
    verbs = Event.objects.filter(verb__contains="manager").order_by("pk").values_list("verb", "data")
    expected = [(verb, {"question": question.pk}) for verb in ("manager-asked", "manager-question-answered")]
    assert list(verbs) == expected  # once, and without the text


def test_duplicate_question_is_ignored_and_fourth_refused(client, enrollment):
    for text in ("One?", "One?", "Two?", "Three?", "Four?"):
        page = send(client, enrollment, text)
    assert page.status_code == 422 and "3 of your questions wait for an answer." in page.text
    assert "Four?" in page.text  # what was typed stays
    assert list(ManagerQuestion.objects.values_list("text", flat=True)) == ["One?", "Two?", "Three?"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 281, "a\0b"])
def test_empty_or_long_question_is_refused(client, enrollment, text):
    assert send(client, enrollment, text).status_code == 422
    assert not ManagerQuestion.objects.exists()


def test_only_own_managers_see_and_answer_question(client, enrollment, team):
    question = ask_manager(enrollment, "May I call back?")
    other = make_team().manager
    assert questions_of_today(client, other) == []
    for person in (other, enrollment.learner, make_user()):
        assert answer(client, person, question).status_code == 404
    elsewhere = make_enrollment(course=enrollment.course)
    join(team, elsewhere.learner)
    client.force_login(team.manager)  # question of another person
    assert client.post(f"/team/people/{elsewhere.pk}/question/", {"question": question.pk}).status_code == 404
    assert ManagerQuestion.objects.get().answered_at is None


@pytest.mark.slow
def test_appointed_manager_sees_question_of_appointer(client):
    clerk, manager = make_hr(), make_user()
    team = make_team(manager=make_user())
    join(team, clerk)
    leave(team.manager, by=make_hr())
    add_membership(manager, team, Membership.Role.MANAGER, by=clerk)
    question = ask_manager(make_enrollment(clerk), "May I call back?")
    assert questions_of_today(client, manager) == ["May I call back?"]
    assert answer(client, manager, question).status_code == 302
    assert questions_of_today(client, manager) == []


def test_questions_need_a_manager_and_wait_for_next(client, enrollment, team):
    ask_manager(enrollment, "May I call back?")
    leave(team.manager, by=make_hr())
    page = soup(client, enrollment.learner, "/")
    assert not page.select(".asking a")
    assert client.get(ASK).status_code == client.post(ASK, {"text": "Anybody?"}).status_code == 404
    new = make_user("Next")
    Membership.objects.create(team=team, person=new, role=Membership.Role.MANAGER)
    assert questions_of_today(client, new) == ["May I call back?"]
    leave(enrollment.learner, by=make_hr())
    assert questions_of_today(client, new) == []


@pytest.mark.slow
def test_oldest_questions_are_shown_with_remaining_count(client, team, enrollment):
    for number in range(7):
        ask_manager(learner_of(team, f"Person {number}", course=enrollment.course), f"Question {number}?")
    assert questions_of_today(client, team.manager) == [f"Question {number}?" for number in range(5)]
    assert "2 more questions are waiting for an answer." in soup(client, team.manager, "/team/today/").text


def test_admin_cannot_answer_own_question(client, team):
    admin = make_admin()
    join(team, admin)
    question = ask_manager(make_enrollment(admin), "Me?")
    assert answer(client, admin, question).status_code == 404
