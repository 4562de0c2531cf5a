"""The question of the day: whom it asks, about what, in which wording, and what an answer leaves."""

import uuid
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from courseware.accounts.models import User
from courseware.assessment.daily import selection
from courseware.assessment.daily.answers import choose
from courseware.assessment.exams.practice_sets import OtherQuestion
from courseware.assessment.models import DailyQuestionAnswer, DailyQuestionPreference
from courseware.assignments.emails.daily_question import question_text
from courseware.audit_log.models import Event
from courseware.content.releases.course_import import import_course
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Enrollment
from tests.assessment.exams import drill_files, make_course, make_course_with_drill, ready, sit, soup
from tests.assessment.practice_sets import after, asked_at, completed, daily_at, give_daily
from tests.counting import statements
from tests.course_format.samples import make_files
from tests.making import make_enrollment, make_hr

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return completed()


# Whom it asks, and when


def test_it_asks_from_the_day_after_the_completion_on_and_never_of_who_is_excused(run):
    assert daily_at(run.learner, run.completed_at) is None
    assert asked_at(run.learner, after(1)).rule == "O1.1"  # which was missed; O1.2 is only critical
    Enrollment.objects.filter(pk=run.pk).update(completed_at=None, exempted_at=after(0))
    assert daily_at(run.learner, after(1)) is None


def test_a_course_without_critical_questions_asks_about_what_was_missed_alone():
    flawless = sit(ready(make_course())).enrollment
    assert daily_at(flawless.learner, after(1)) is None
    missing = sit(ready(flawless.course), points=3)
    missed = set(missing.responses.filter(is_right=False).values_list("objective", flat=True))
    Enrollment.objects.filter(pk=missing.enrollment.pk).update(completed_at=after(0))
    assert asked_at(missing.enrollment.learner, after(1)).rule in missed


def test_during_a_course_it_asks_by_wish_alone_and_never_from_a_bank_of_the_exam():
    enrollment = ready(make_course_with_drill())
    person = enrollment.learner
    assert daily_at(person, after(1)) is None
    choose(person, by_email=False, during_course=True)
    seen = set()
    for number in range(1, 12):
        if asked := asked_at(person, after(number)):
            seen.add(asked.page.identifier)
            give_daily(person, after(number), is_right=number % 2 == 0)
    assert seen
    assert "tea-bank" not in seen


def test_before_a_rule_was_met_in_the_course_nothing_is_asked_about_it():
    enrollment = make_enrollment(course=make_course_with_drill(), started_at=after(0))
    choose(enrollment.learner, by_email=False, during_course=True)
    assert daily_at(enrollment.learner, after(1)) is None


def test_a_renewal_that_is_open_hides_the_banks_again(run):
    renewal = enrolling.enroll(run.learner, run.course, by=make_hr())
    assert daily_at(renewal.learner, after(1)) is None


# What it asks


def test_what_is_known_comes_more_seldom_and_what_was_missed_soon(run):
    first, second = give_daily(run.learner, after(1)), give_daily(run.learner, after(2), is_right=False)
    assert (first.due_at - first.answered_at).days == 2
    assert (second.due_at - second.answered_at).days <= 1
    again, other = give_daily(run.learner, after(3)), give_daily(run.learner, after(4))
    assert {again.objective, other.objective} == {first.objective, second.objective}
    known = again if again.objective == first.objective else other
    assert (known.due_at - known.answered_at).days > 7


def test_a_question_that_has_left_the_course_is_asked_no_more(run):
    asked = asked_at(run.learner, after(1))
    files = {
        path: body.replace(f"#{asked.question_id} ".encode(), b"#q99 ").replace(
            f"#{asked.question_id}}}".encode(), b"#q99}"
        )
        for path, body in drill_files().items()
    }
    import_course(files)
    assert asked_at(run.learner, after(1)).question_id != asked.question_id
    with pytest.raises(OtherQuestion):
        give_daily(run.learner, after(1), asked=asked)


def test_of_several_courses_one_question_is_asked_on_a_day(run):
    other = import_course(
        {path: body.replace(b"tea-room", b"tea-house") for path, body in drill_files().items()}
    ).course
    second = ready(other, learner=run.learner)
    Enrollment.objects.filter(pk=second.pk).update(completed_at=after(0))
    give_daily(run.learner, after(1))
    assert asked_at(run.learner, after(1)) is None
    courses = set()
    for number in range(2, 6):
        courses.add(
            give_daily(run.learner, after(number)).enrollment.course_id
            if asked_at(run.learner, after(number))
            else None
        )
    assert {run.course_id, other.pk} & courses == {run.course_id, other.pk}


# What an answer leaves


def test_one_answer_a_day_and_the_same_form_gets_the_stored_one(run):
    asked = asked_at(run.learner, after(1))
    token = uuid.uuid4()
    stored = give_daily(run.learner, after(1), asked=asked, token=token)
    assert give_daily(run.learner, after(1), asked=asked, token=token, is_right=False) == stored
    with pytest.raises(OtherQuestion):
        give_daily(run.learner, after(1), asked=asked)
    daily = daily_at(run.learner, after(1))
    assert (daily.asked, daily.answered.pk, daily.remembered) == (None, stored.pk, 1)
    assert DailyQuestionAnswer.objects.count() == 1


def test_it_is_practice_so_no_event_no_activity_and_no_completion_comes_of_it(run):
    before = Enrollment.objects.filter(pk=run.pk).values().get(), Event.objects.count()
    give_daily(run.learner, after(1), is_right=False)
    assert (Enrollment.objects.filter(pk=run.pk).values().get(), Event.objects.count()) == before


def test_what_was_remembered_in_a_month_is_not_lost_by_a_later_miss_or_a_day_left_out(run):
    in_a_later_month = run.completed_at.replace(day=1, hour=4) + timedelta(days=70)
    first = in_a_later_month.replace(day=1)
    give_daily(run.learner, first)
    give_daily(run.learner, first + timedelta(days=1))
    remembered = daily_at(run.learner, first + timedelta(days=2)).remembered
    later = next(day for day in range(2, 27) if asked_at(run.learner, first + timedelta(days=day)))
    give_daily(run.learner, first + timedelta(days=later), is_right=False)
    assert daily_at(run.learner, first + timedelta(days=later)).remembered == remembered == 2
    assert daily_at(run.learner, first + timedelta(days=35)).remembered == 0


def test_memory_goes_on_in_the_next_run_through_the_course(run):
    given = give_daily(run.learner, after(1))
    renewal = enrolling.enroll(run.learner, run.course, by=make_hr())
    Enrollment.objects.filter(pk=renewal.pk).update(completed_at=after(1), started_at=after(1))
    asked = asked_at(User.objects.get(pk=run.learner_id), after(2))
    assert asked.rule != given.objective


def test_a_choice_is_logged_once_and_a_repeated_one_changes_nothing(run):
    for _ in range(2):
        choose(run.learner, by_email=True, during_course=False)
    event = Event.objects.get(verb="daily-question-chosen")
    assert event.data == {"by_email": True, "during_course": False}


# The card on home, and its own page


@pytest.fixture
def page_run(client):
    """Complete since two days; its learner is signed in."""
    page_run = completed()
    Enrollment.objects.filter(pk=page_run.pk).update(completed_at=after(-2))
    client.force_login(page_run.learner)
    return page_run


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


def test_one_press_on_home_answers_and_shows_all_reasons_in_the_same_place(client, page_run):
    _right, wrong = picks(client, page_run.learner)
    response = client.post("/daily/answer/", form_of(client) | {"choice": wrong})
    assert response["Location"] == "/#daily"
    card = soup(client.get("/")).select_one("#daily")
    assert len(card.select(".reason")) == len(card.select(".answered > li")) == 3
    assert "Not correct yet" in card.text
    assert not card.select("form")
    assert not DailyQuestionAnswer.objects.get().is_right


def test_a_form_sent_twice_and_one_of_another_tab_leave_one_answer(client, page_run):
    right, wrong = picks(client, page_run.learner)
    first, other = form_of(client), form_of(client, "/daily/")
    for fields in (first | {"choice": right}, first | {"choice": wrong}, other | {"choice": wrong}):
        assert client.post("/daily/answer/", fields).status_code == 302
    assert DailyQuestionAnswer.objects.get().is_right
    assert "question in another tab" in soup(client.get("/daily/")).select_one(".messages").text


def test_a_form_without_a_choice_or_of_nobody_changes_nothing(client, page_run):
    assert client.post("/daily/answer/", form_of(client)).status_code == 302
    assert client.post("/daily/answer/", {"choice": 0}).status_code == 400
    other = User.objects.create_user("other@example.com", name="Other")
    fields = form_of(client) | {"choice": 0}
    client.force_login(other)
    client.post("/daily/answer/", fields)
    assert not DailyQuestionAnswer.objects.exists()


def test_a_choice_of_a_letter_is_put_in_and_only_a_press_sends_it(client, page_run):
    fields = form_of(client)
    link = f"/daily/?question={fields['question']}&number={fields['number']}&choice=1"
    chosen = soup(client.get(link)).select("#daily .pick.chosen")
    assert [button["value"] for button in chosen] == ["1"]
    for other in (link.replace("number=1", "number=2"), link.replace("choice=1", "choice=x"), "/daily/"):
        assert not soup(client.get(other)).select(".pick.chosen")
    assert not DailyQuestionAnswer.objects.exists()


def test_a_question_of_a_lesson_stands_without_its_sources_and_with_the_look_of_its_screen(client, monkeypatch):
    """The sources are listed in the lesson: a number here would lead nowhere."""
    files, stem = drill_files(), "> [!screen sms]\n> - from: Tea\n>\n> Where?\n\nDry.[^F-01]\n\n"
    for path, first in (("01-water/01-boiling.zh-hans.md", "- [ ] 走开"), ("01-water/01-boiling.en.md", "- [ ] Walk")):
        files[path] = files[path].replace(first.encode(), (stem + first).encode())
    page_run = completed(import_course(files).course)
    Enrollment.objects.filter(pk=page_run.pk).update(completed_at=after(-2))
    client.force_login(page_run.learner)
    monkeypatch.setattr(selection, "banks_of", lambda *_: [])

    def notes(address):
        page = soup(client.get(address))
        assert page.select_one("link[href*='css/screens.css']") and page.select_one("#daily figure.screen")
        return page.select("#daily sup")

    assert notes("/") == notes("/daily/") == []
    asked = asked_at(page_run.learner, after(0))
    assert asked.question_id == "what-first"
    assert question_text(asked)["stem"].splitlines()[-1] == "Dry."
    client.post("/daily/answer/", form_of(client) | {"choice": 0})
    assert DailyQuestionAnswer.objects.exists()
    assert notes("/") == notes("/daily/") == []


def test_it_stands_on_home_beside_a_course_that_is_not_begun(client, page_run):
    files = {path: text.replace(b"id: tea-room", b"id: bar") for path, text in make_files().items()}
    make_enrollment(page_run.learner, import_course(files).course)
    home = soup(client.get("/"))
    assert home.select("main.welcome") and home.select("#daily form")
    assert client.post("/daily/answer/", form_of(client) | {"choice": 0})["Location"] == "/#daily"


def test_home_asks_two_queries_for_it_at_most_and_none_grows_with_answers(client, page_run):
    client.get("/")
    with_question = statements(lambda: client.get("/"))
    client.post("/daily/answer/", form_of(client) | {"choice": 0})
    answered = statements(lambda: client.get("/"))
    Enrollment.objects.filter(pk=page_run.pk).update(completed_at=after(0))
    DailyQuestionAnswer.objects.all().delete()
    without = statements(lambda: client.get("/"))
    assert (with_question.total() - without.total(), answered.total() - without.total()) == (2, 2)


def test_wishes_are_kept_and_the_question_then_stands_beside_the_route(client):
    enrollment = ready(make_course_with_drill())
    client.force_login(enrollment.learner)
    assert not soup(client.get("/")).select("#daily")
    client.post("/daily/preferences/", {"during_course": "on"})
    assert DailyQuestionPreference.objects.get().during_course
    assert [box.has_attr("checked") for box in soup(client.get("/daily/")).select("input[type=checkbox]")] == [
        False,
        True,
    ]
