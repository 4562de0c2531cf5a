"""Daily questions: recipients, selection, stored answers and pages."""

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
def enrollment():
    return completed()


# Recipients and days


@pytest.mark.slow
def test_daily_question_starts_day_after_completion_but_not_for_exempt(enrollment):
    assert daily_at(enrollment.learner, enrollment.completed_at) is None
    assert asked_at(enrollment.learner, after(1)).rule == "O1.1"  # missed; O1.2 is only a must-know rule
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=None, exempted_at=after(0))
    assert daily_at(enrollment.learner, after(1)) is None


def test_course_without_must_know_questions_asks_only_missed_ones():
    flawless = sit(ready(make_course())).enrollment
    assert daily_at(flawless.learner, after(1)) is None
    missing = sit(ready(flawless.course), points=3)
    missed = set(missing.responses.filter(is_right=False).values_list("objective", flat=True))
    Enrollment.objects.filter(pk=missing.enrollment.pk).update(completed_at=after(0))
    assert asked_at(missing.enrollment.learner, after(1)).rule in missed


def test_question_during_course_is_opt_in_and_skips_exam_banks():
    enrollment = ready(make_course_with_drill())
    person = enrollment.learner
    assert daily_at(person, after(1)) is None
    choose(person, by_email=False, during_course=True)
    banks_seen = set()
    for number in range(1, 12):
        if asked := asked_at(person, after(number)):
            banks_seen.add(asked.page.identifier)
            give_daily(person, after(number), is_right=number % 2 == 0)
    assert banks_seen
    assert "tea-bank" not in banks_seen


def test_rule_not_met_in_course_is_not_asked():
    enrollment = make_enrollment(course=make_course_with_drill(), started_at=after(0))
    choose(enrollment.learner, by_email=False, during_course=True)
    assert daily_at(enrollment.learner, after(1)) is None


def test_open_renewal_hides_exam_banks(enrollment):
    renewal = enrolling.enroll(enrollment.learner, enrollment.course, by=make_hr())
    assert daily_at(renewal.learner, after(1)) is None


# Selection


def test_known_questions_return_later_than_missed_ones(enrollment):
    first, second = give_daily(enrollment.learner, after(1)), give_daily(enrollment.learner, after(2), is_right=False)
    assert (first.due_at - first.answered_at).days == 2
    assert (second.due_at - second.answered_at).days <= 1
    again, other = give_daily(enrollment.learner, after(3)), give_daily(enrollment.learner, after(4))
    assert {again.objective, other.objective} == {first.objective, second.objective}
    known = again if again.objective == first.objective else other
    assert (known.due_at - known.answered_at).days > 7


@pytest.mark.slow
def test_removed_question_is_not_asked(enrollment):
    asked = asked_at(enrollment.learner, after(1))
    files = {
        path: body.replace(f"#{asked.question_id} ".encode(), b"#q99 ").replace(
            f"#{asked.question_id}}}".encode(), b"#q99}"
        )
        for path, body in drill_files().items()
    }
    import_course(files)
    assert asked_at(enrollment.learner, after(1)).question_id != asked.question_id
    with pytest.raises(OtherQuestion):
        give_daily(enrollment.learner, after(1), asked=asked)


@pytest.mark.slow
def test_several_courses_share_1_question_per_day(enrollment):
    other = import_course(
        {path: body.replace(b"tea-room", b"tea-house") for path, body in drill_files().items()}
    ).course
    second = ready(other, learner=enrollment.learner)
    Enrollment.objects.filter(pk=second.pk).update(completed_at=after(0))
    give_daily(enrollment.learner, after(1))
    assert asked_at(enrollment.learner, after(1)) is None
    courses = set()
    for number in range(2, 6):
        courses.add(
            give_daily(enrollment.learner, after(number)).enrollment.course_id
            if asked_at(enrollment.learner, after(number))
            else None
        )
    assert {enrollment.course_id, other.pk} & courses == {enrollment.course_id, other.pk}


# Stored answers


def test_second_answer_of_day_is_refused_and_same_form_returns_first(enrollment):
    asked = asked_at(enrollment.learner, after(1))
    token = uuid.uuid4()
    stored = give_daily(enrollment.learner, after(1), asked=asked, token=token)
    assert give_daily(enrollment.learner, after(1), asked=asked, token=token, is_right=False) == stored
    with pytest.raises(OtherQuestion):
        give_daily(enrollment.learner, after(1), asked=asked)
    daily = daily_at(enrollment.learner, after(1))
    assert (daily.asked, daily.answered.pk, daily.remembered) == (None, stored.pk, 1)
    assert DailyQuestionAnswer.objects.count() == 1


def test_answer_creates_no_event_activity_or_completion(enrollment):
    before = Enrollment.objects.filter(pk=enrollment.pk).values().get(), Event.objects.count()
    give_daily(enrollment.learner, after(1), is_right=False)
    assert (Enrollment.objects.filter(pk=enrollment.pk).values().get(), Event.objects.count()) == before


def test_remembered_count_survives_later_miss_and_gaps(enrollment):
    in_a_later_month = enrollment.completed_at.replace(day=1, hour=4) + timedelta(days=70)
    first = in_a_later_month.replace(day=1)
    give_daily(enrollment.learner, first)
    give_daily(enrollment.learner, first + timedelta(days=1))
    remembered = daily_at(enrollment.learner, first + timedelta(days=2)).remembered
    later = next(day for day in range(2, 27) if asked_at(enrollment.learner, first + timedelta(days=day)))
    give_daily(enrollment.learner, first + timedelta(days=later), is_right=False)
    assert daily_at(enrollment.learner, first + timedelta(days=later)).remembered == remembered == 2
    assert daily_at(enrollment.learner, first + timedelta(days=35)).remembered == 0


def test_intervals_continue_in_next_enrollment(enrollment):
    given = give_daily(enrollment.learner, after(1))
    renewal = enrolling.enroll(enrollment.learner, enrollment.course, by=make_hr())
    Enrollment.objects.filter(pk=renewal.pk).update(completed_at=after(1), started_at=after(1))
    asked = asked_at(User.objects.get(pk=enrollment.learner_id), after(2))
    assert asked.rule != given.objective


def test_preference_is_logged_only_when_changed(enrollment):
    for _ in range(2):
        choose(enrollment.learner, by_email=True, during_course=False)
    event = Event.objects.get(verb="daily-question-chosen")
    assert event.data == {"by_email": True, "during_course": False}


# The panel on home and its own page


@pytest.fixture
def enrollment_on_page(client):
    """Completed 2 days ago; the learner is signed in."""
    enrollment_on_page = completed()
    Enrollment.objects.filter(pk=enrollment_on_page.pk).update(completed_at=after(-2))
    client.force_login(enrollment_on_page.learner)
    return enrollment_on_page


def form_of(client, address="/"):
    form = soup(client.get(address)).select_one("#daily form")
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]")}


def right_and_wrong_choice(client, person):
    """The values of the right choice and of a wrong one."""
    key = asked_at(person, after(0)).wording.question
    texts = {
        button.get_text(): button["value"]
        for button in soup(client.get("/daily/", headers={"Accept-Language": "zh-hans"})).select("#daily .pick")
    }
    right = BeautifulSoup(key.choices[key.key[0]].text, "html.parser").get_text()
    return texts.pop(right), next(iter(texts.values()))


@pytest.mark.slow
def test_answer_on_home_shows_all_reasons_in_place(client, enrollment_on_page):
    _right, wrong = right_and_wrong_choice(client, enrollment_on_page.learner)
    response = client.post("/daily/answer/", form_of(client) | {"choice": wrong})
    assert response["Location"] == "/#daily"
    card = soup(client.get("/")).select_one("#daily")
    assert len(card.select(".reason")) == len(card.select(".answered > li")) == 3
    assert "Not correct yet" in card.text
    assert not card.select("form")
    assert not DailyQuestionAnswer.objects.get().is_right


def test_repeated_form_and_second_tab_store_one_answer(client, enrollment_on_page):
    right, wrong = right_and_wrong_choice(client, enrollment_on_page.learner)
    first, other = form_of(client), form_of(client, "/daily/")
    for fields in (first | {"choice": right}, first | {"choice": wrong}, other | {"choice": wrong}):
        assert client.post("/daily/answer/", fields).status_code == 302
    assert DailyQuestionAnswer.objects.get().is_right
    assert "question in another tab" in soup(client.get("/daily/")).select_one(".messages").text


def test_form_without_choice_or_by_wrong_person_is_refused(client, enrollment_on_page):
    assert client.post("/daily/answer/", form_of(client)).status_code == 302
    assert client.post("/daily/answer/", {"choice": 0}).status_code == 400
    other = User.objects.create_user("other@example.com", name="Other")
    fields = form_of(client) | {"choice": 0}
    client.force_login(other)
    client.post("/daily/answer/", fields)
    assert not DailyQuestionAnswer.objects.exists()


def test_choice_from_email_is_preselected_but_not_sent(client, enrollment_on_page):
    fields = form_of(client)
    link = f"/daily/?question={fields['question']}&number={fields['number']}&choice=1"
    chosen = soup(client.get(link)).select("#daily .pick.chosen")
    assert [button["value"] for button in chosen] == ["1"]
    for other in (link.replace("number=1", "number=2"), link.replace("choice=1", "choice=x"), "/daily/"):
        assert not soup(client.get(other)).select(".pick.chosen")
    assert not DailyQuestionAnswer.objects.exists()


@pytest.mark.slow
def test_lesson_question_is_shown_without_source_notes(client, monkeypatch):
    """The sources are listed in the lesson, so a note number here would have no target."""
    files, stem = drill_files(), "> [!screen sms]\n> - from: Tea\n>\n> Where?\n\nDry.[^F-01]\n\n"
    for path, first in (("01-water/01-boiling.zh-hans.md", "- [ ] 走开"), ("01-water/01-boiling.en.md", "- [ ] Walk")):
        files[path] = files[path].replace(first.encode(), (stem + first).encode())
    enrollment_on_page = completed(import_course(files).course)
    Enrollment.objects.filter(pk=enrollment_on_page.pk).update(completed_at=after(-2))
    client.force_login(enrollment_on_page.learner)
    monkeypatch.setattr(selection, "banks_of", lambda *_: [])

    def notes(address):
        page = soup(client.get(address))
        assert page.select_one("link[href*='css/screens.css']") and page.select_one("#daily figure.screen")
        return page.select("#daily sup")

    assert notes("/") == notes("/daily/") == []
    asked = asked_at(enrollment_on_page.learner, after(0))
    assert asked.question_id == "what-first"
    assert question_text(asked)["stem"].splitlines()[-1] == "Dry."
    client.post("/daily/answer/", form_of(client) | {"choice": 0})
    assert DailyQuestionAnswer.objects.exists()
    assert notes("/") == notes("/daily/") == []


@pytest.mark.slow
def test_question_is_shown_on_home_beside_unstarted_course(client, enrollment_on_page):
    files = {path: text.replace(b"id: tea-room", b"id: bar") for path, text in make_files().items()}
    make_enrollment(enrollment_on_page.learner, import_course(files).course)
    home = soup(client.get("/"))
    assert home.select("main.welcome") and home.select("#daily form")
    assert client.post("/daily/answer/", form_of(client) | {"choice": 0})["Location"] == "/#daily"


def test_home_needs_2_queries_for_daily_question(client, enrollment_on_page):
    client.get("/")
    with_question = statements(lambda: client.get("/"))
    client.post("/daily/answer/", form_of(client) | {"choice": 0})
    answered = statements(lambda: client.get("/"))
    Enrollment.objects.filter(pk=enrollment_on_page.pk).update(completed_at=after(0))
    DailyQuestionAnswer.objects.all().delete()
    without = statements(lambda: client.get("/"))
    assert (with_question.total() - without.total(), answered.total() - without.total()) == (2, 2)


def test_preference_is_stored_and_shows_question_during_course(client):
    enrollment = ready(make_course_with_drill())
    client.force_login(enrollment.learner)
    assert not soup(client.get("/")).select("#daily")
    client.post("/daily/preferences/", {"during_course": "on"})
    assert DailyQuestionPreference.objects.get().during_course
    assert [box.has_attr("checked") for box in soup(client.get("/daily/")).select("input[type=checkbox]")] == [
        False,
        True,
    ]
