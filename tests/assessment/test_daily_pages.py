"""The question of the day on home and on a page of its own, as its reader meets it."""

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import User
from courseware.assessment import daily_asking
from courseware.assessment.models import DailyAnswer, DailyWish
from courseware.assignments.daily_letters import question_in_words
from courseware.content.releases.importing import import_course
from courseware.learning.models import Enrollment
from tests.assessment.daily import after, asked_at, completed
from tests.assessment.exams import drill_files, make_course_with_drill, ready
from tests.assessment.sitting import soup
from tests.counting import statements
from tests.language.samples import make_files
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(client):
    """Complete since two days; its learner is signed in."""
    run = completed()
    Enrollment.objects.filter(pk=run.pk).update(completed_at=after(-2))
    client.force_login(run.learner)
    return run


def form_of(client, address="/"):
    form = soup(client.get(address)).select_one("#daily form")
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]")}


def picks(client, person):
    """The values of the right choice and of a wrong one."""
    key = asked_at(person, after(0)).wording.question
    texts = {
        button.get_text(): button["value"]
        for button in soup(client.get("/daily/", headers={"Accept-Language": "zh-hans"})).select("#daily .pick")
    }
    right = BeautifulSoup(key.choices[key.key[0]].text, "html.parser").get_text()
    return texts.pop(right), next(iter(texts.values()))


def test_one_press_on_home_answers_and_shows_all_reasons_in_the_same_place(client, run):
    _right, wrong = picks(client, run.learner)
    response = client.post("/daily/answer/", form_of(client) | {"choice": wrong})
    assert response["Location"] == "/#daily"
    card = soup(client.get("/")).select_one("#daily")
    assert len(card.select(".reason")) == len(card.select(".answered > li")) == 3
    assert "Not yet" in card.text
    assert not card.select("form")
    assert not DailyAnswer.objects.get().is_right


def test_a_form_sent_twice_and_one_of_another_tab_leave_one_answer(client, run):
    right, wrong = picks(client, run.learner)
    first, other = form_of(client), form_of(client, "/daily/")
    for fields in (first | {"choice": right}, first | {"choice": wrong}, other | {"choice": wrong}):
        assert client.post("/daily/answer/", fields).status_code == 302
    assert DailyAnswer.objects.get().is_right
    assert "answered in another tab" in soup(client.get("/daily/")).select_one(".messages").text


def test_a_form_without_a_choice_or_of_nobody_changes_nothing(client, run):
    assert client.post("/daily/answer/", form_of(client)).status_code == 302
    assert client.post("/daily/answer/", {"choice": 0}).status_code == 400
    other = User.objects.create_user("other@example.com", name="Other")
    fields = form_of(client) | {"choice": 0}
    client.force_login(other)
    client.post("/daily/answer/", fields)
    assert not DailyAnswer.objects.exists()


def test_a_choice_of_a_letter_is_put_in_and_only_a_press_sends_it(client, run):
    fields = form_of(client)
    link = f"/daily/?question={fields['question']}&number={fields['number']}&choice=1"
    chosen = soup(client.get(link)).select("#daily .pick.chosen")
    assert [button["value"] for button in chosen] == ["1"]
    for other in (link.replace("number=1", "number=2"), link.replace("choice=1", "choice=x"), "/daily/"):
        assert not soup(client.get(other)).select(".pick.chosen")
    assert not DailyAnswer.objects.exists()


def test_a_question_of_a_lesson_stands_without_its_sources_and_with_the_look_of_its_screen(client, monkeypatch):
    """The sources are listed in the lesson: a number here would lead nowhere."""
    files, stem = drill_files(), "> [!screen sms]\n> - from: Tea\n>\n> Where?\n\nDry.[^F-01]\n\n"
    for path, first in (("01-water/01-boiling.zh-hans.md", "- [ ] 走开"), ("01-water/01-boiling.en.md", "- [ ] Walk")):
        files[path] = files[path].replace(first.encode(), (stem + first).encode())
    run = completed(import_course(files).course)
    Enrollment.objects.filter(pk=run.pk).update(completed_at=after(-2))
    client.force_login(run.learner)
    monkeypatch.setattr(daily_asking, "banks_of", lambda *_: [])

    def notes(address):
        page = soup(client.get(address))
        assert page.select_one("link[href*='css/screens.css']") and page.select_one("#daily figure.screen")
        return page.select("#daily sup")

    assert notes("/") == notes("/daily/") == []
    asked = asked_at(run.learner, after(0))
    assert asked.question_id == "what-first"
    assert question_in_words(asked)["stem"].splitlines()[-1] == "Dry."
    client.post("/daily/answer/", form_of(client) | {"choice": 0})
    assert DailyAnswer.objects.exists()
    assert notes("/") == notes("/daily/") == []


def test_it_stands_on_home_beside_a_course_that_is_not_begun(client, run):
    make_enrollment(
        run.learner,
        make_course({path: text.replace(b"id: tea-room", b"id: bar") for path, text in make_files().items()}),
    )
    home = soup(client.get("/"))
    assert home.select("main.welcome") and home.select("#daily form")
    assert client.post("/daily/answer/", form_of(client) | {"choice": 0})["Location"] == "/#daily"


def test_home_asks_two_queries_for_it_at_most_and_none_grows_with_answers(client, run):
    client.get("/")
    with_question = statements(lambda: client.get("/"))
    client.post("/daily/answer/", form_of(client) | {"choice": 0})
    answered = statements(lambda: client.get("/"))
    Enrollment.objects.filter(pk=run.pk).update(completed_at=after(0))
    DailyAnswer.objects.all().delete()
    without = statements(lambda: client.get("/"))
    assert (with_question.total() - without.total(), answered.total() - without.total()) == (2, 2)


def test_wishes_are_kept_and_the_question_then_stands_beside_the_route(client):
    enrollment = ready(make_course_with_drill())
    client.force_login(enrollment.learner)
    assert not soup(client.get("/")).select("#daily")
    client.post("/daily/wishes/", {"during_course": "on"})
    assert DailyWish.objects.get().during_course
    assert [box.has_attr("checked") for box in soup(client.get("/daily/")).select("input[type=checkbox]")] == [
        False,
        True,
    ]
