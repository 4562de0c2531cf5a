"""Pages of a practice set, and pages that point to an open one."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courseware import settings as site
from courseware.assessment.exams.eligibility import Eligibility
from courseware.assessment.models import Certificate, PracticeAnswer
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.enrollments import enrollment
from courseware.learning.lessons.question_rendering import order_of
from courseware.learning.lessons.rate_limits import TooFast
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import drill_files, eligibility, make_course_with_drill, soup, text_of
from tests.assessment.practice_sets import asked, drill, finish, give, held, is_completed, released

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(client):
    """Passed, with the must-know question on O1.1 missed; the learner is signed in."""
    attempt = held(make_course_with_drill())
    client.force_login(attempt.enrollment.learner)
    return attempt


def page(attempt, rule="O1.1"):
    return f"/attempts/{attempt.pk}/practice/{rule}/"


def form_of(client, attempt, **headers):
    """The hidden fields of the learner's form."""
    form = soup(client.get(page(attempt), headers=headers)).select_one("form.question")
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]")}


def send(client, attempt, *, is_right=True, **changed):
    fields = form_of(client, attempt) | changed
    question = asked(attempt).question
    order = order_of(question, attempt.enrollment_id, asked(attempt).number - 1)
    choice = next(value for value, position in enumerate(order) if (position in question.key) is is_right)
    return client.post(f"{page(attempt)}answer/", {"choice": choice} | fields)


def test_result_shows_pass_and_offers_practice_set(client, attempt):
    text = text_of(client.get(f"/attempts/{attempt.pk}/result/"))
    for sentence in (
        "Passed, but a practice set is not done yet",
        "4 / 5",
        "Boil a kettle",
        "Answer 3 questions correctly in a row",
        "Start practice set",
    ):
        assert sentence in text
    assert "Open the certificate" not in text
    assert "Passed, but a practice set is not done yet" in text_of(client.get("/exam/tea-room/last-cup/"))


@pytest.mark.slow
def test_home_and_record_show_open_practice_set(client, attempt):
    assert (
        "You have passed the exam. You still have to complete a short practice set about a must-know rule."
        in text_of(client.get("/learn/tea-room/record/"))
    )
    assert "One step left: complete a practice set" in text_of(client.get("/"))
    assert client.get("/").context["main"].act.step.id == "last-cup"  # before optional steps
    finish(attempt)
    for address in ("/", "/learn/tea-room/record/"):
        assert not [left for left in ("a short practice set", "One step left") if left in text_of(client.get(address))]


def test_exempt_learner_sees_no_practice_set(client, attempt):
    enrollment.exempt(attempt.enrollment, "moved", by=None)
    attempt.enrollment.refresh_from_db()
    assert eligibility(attempt.enrollment) == Eligibility("ended")
    result, exam = f"/attempts/{attempt.pk}/result/", "/exam/tea-room/last-cup/"
    for address in ("/", "/learn/tea-room/record/", result):
        assert "practice set" not in text_of(client.get(address))
    assert "You are exempt from this course" in text_of(client.get(result))
    assert "practice set is not done yet" not in text_of(client.get(exam))
    assert client.get(page(attempt))["Location"] == result


@pytest.mark.slow
def test_3_right_answers_lead_to_certificate(client, attempt):
    for number in (1, 2, 3):
        response = send(client, attempt)
        assert response["Location"] == f"{page(attempt)}?answered={number}"
        text = text_of(client.get(response["Location"]))
        assert f"✓ Right {number} of 3 right in a row" in text
        assert "Reason d" in text
    assert "Practice set completed" in text
    assert "Open the certificate" in client.get(f"/attempts/{attempt.pk}/result/").text
    assert client.get(page(attempt))["Location"] == f"/attempts/{attempt.pk}/result/"


def test_wrong_answer_shows_its_reason_and_restarts(client, attempt):
    send(client, attempt)
    question = store.page(attempt.release, "drill-bank", "en").questions[asked(attempt).question.id]
    response = client.get(send(client, attempt, is_right=False)["Location"])
    text = text_of(response)
    assert "Read the explanation. The practice set then starts again" in text
    chosen = question.choices[drill(attempt).answers[-1].response[0]]
    for choice in question.choices:
        assert (choice.reason in response.text) is (choice is chosen)
    assert soup(response).select_one(".actions a").text == "Start again"
    assert "0 of 3 right in a row" in text_of(client.get(page(attempt)))


def test_form_shows_no_key_and_no_reason(client, attempt):
    text = client.get(page(attempt)).text
    assert "Reason d" not in text
    assert "checked" not in text


def test_empty_form_shows_error_and_stores_nothing(client, attempt):
    response = client.post(f"{page(attempt)}answer/", form_of(client, attempt))
    assert response.status_code == 422
    assert response.text.count("<title>Error: ") == 1
    assert not PracticeAnswer.objects.exists()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"choice": "x\0"}, 422),
        ({"number": "9" * 500}, 400),
        ({"token": "x"}, 400),
        ({"revision": "9" * 500}, 400),
        ({"question": "q1"}, 302),
        ({"drawn_with": "0" * 12}, 302),
    ],
)
def test_invalid_field_is_refused_and_nothing_is_stored(client, attempt, fields, status):
    form = form_of(client, attempt) | {"choice": "0"} | fields
    assert client.post(f"{page(attempt)}answer/", form).status_code == status
    assert not PracticeAnswer.objects.exists()


def test_double_click_stores_one_answer(client, attempt):
    form = form_of(client, attempt) | {"choice": "0"}
    locations = {client.post(f"{page(attempt)}answer/", form)["Location"] for _ in range(2)}
    assert locations == {f"{page(attempt)}?answered=1"}
    assert PracticeAnswer.objects.count() == 1


def test_form_of_old_tab_shows_current_question(client, attempt):
    old = form_of(client, attempt) | {"choice": "0"}
    send(client, attempt)
    response = client.post(f"{page(attempt)}answer/", old | {"token": uuid.uuid4()}, follow=True)
    assert "You continued the practice set in another tab" in response.text
    assert PracticeAnswer.objects.count() == 1


def test_form_with_unknown_option_order_is_shown_again(client, attempt):
    form = form_of(client, attempt) | {"choice": "0"}
    del form["drawn_with"]  # a form from before orders had a key
    response = client.post(f"{page(attempt)}answer/", form, follow=True)
    assert "The order of the options changed after you opened this page." in response.text
    assert not PracticeAnswer.objects.exists()


@pytest.mark.slow
def test_stored_answer_keeps_its_text_after_new_release(client, attempt):
    send(client, attempt)
    before = str(soup(client.get(f"{page(attempt)}?answered=1")).select_one("article"))
    released(attempt, {path: text.replace(b"Reason", b"Cause") for path, text in drill_files().items()})
    assert str(soup(client.get(f"{page(attempt)}?answered=1")).select_one("article")) == before


@pytest.mark.parametrize("rule", ["O1.2", "nowhere"])
def test_rule_without_practice_set_redirects_to_result(client, attempt, rule):
    for response in (client.get(page(attempt, rule)), client.post(f"{page(attempt, rule)}answer/", {})):
        assert response["Location"] == f"/attempts/{attempt.pk}/result/"


@pytest.mark.parametrize("answers", [1, 20])
def test_query_count_does_not_grow_with_answers(client, attempt, answers):
    for _ in range(answers):
        give(attempt, is_right=False)
    client.get(page(attempt))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page(attempt)).status_code == 200
    assert len(queries) == 9


# Archived exams


def archive_exam(attempt):
    """Import the attempt's course without the exam."""
    files = {path: body for path, body in drill_files().items() if ".exam." not in path and ".bank." not in path}
    course = "course.zh-hans.md"
    files[course] = files[course].replace(
        b"completion: {lessons: all, passed: [last-cup]}", b"completion: {lessons: all}"
    )
    import_course(files)
    attempt.enrollment.course.refresh_from_db()


@pytest.mark.slow
def test_archived_exam_does_not_hold_completion(client, attempt):
    assert client.post("/learn/tea-room/finish/").status_code == 302
    assert not is_completed(attempt)
    archive_exam(attempt)
    assert b"practice set is not done yet" not in client.get(f"/attempts/{attempt.pk}/result/").content
    assert b'action="/learn/tea-room/finish/"' in client.get("/").content
    client.post("/learn/tea-room/finish/")
    certificate = Certificate.objects.get(enrollment=attempt.enrollment)
    assert (certificate.points, certificate.max_points) == (4, 5)
    assert list(differences()) == []


@pytest.mark.slow
def test_practice_set_of_archived_exam_can_be_completed(client, attempt):
    archive_exam(attempt)
    assert client.get(page(attempt)).status_code == 200
    finish(attempt)
    attempt.enrollment.refresh_from_db()
    assert attempt.enrollment.completed_at
    assert client.get(page(attempt), follow=True).status_code == 200
    assert list(differences()) == []


@pytest.mark.slow
def test_answers_are_limited_to_60_per_minute_and_person(attempt, settings):
    settings.ANSWERS_PER_MINUTE = site.ANSWERS_PER_MINUTE
    at, other = timezone.now(), held(attempt.enrollment.course)
    for second in range(60):
        last = give(attempt, is_right=False, at=at + timedelta(seconds=second))
    with pytest.raises(TooFast):
        give(attempt, at=at + timedelta(seconds=59))
    assert give(attempt, token=last.token, at=at + timedelta(seconds=59)) == last
    give(other, at=at + timedelta(seconds=59))
    assert [len(drill(each).answers) for each in (attempt, other)] == [60, 1]
    assert give(attempt, at=at + timedelta(seconds=60)).number == 61


def test_answer_above_limit_is_shown_again_as_chosen(client, attempt, settings):
    give(attempt, is_right=False)
    settings.ANSWERS_PER_MINUTE = 1
    page = soup(client.get(reverse("assessment:practice", args=[attempt.pk, "O1.1"])))
    fields = {field["name"]: field["value"] for field in page.select("form.question input[type=hidden]")}
    address = reverse("assessment:answer-practice", args=[attempt.pk, "O1.1"])
    response = client.post(address, fields | {"choice": "1"})
    assert response.status_code == 429
    page = soup(response)
    assert page.select_one(".error-summary a").text == (
        "You sent too many answers in 1 minute. Your answer is still in the form. Wait a moment, then send it again."
    )
    assert [field["value"] for field in page.select("input[name=choice][checked]")] == ["1"]
    assert page.select_one("[name=question]")["value"] == asked(attempt).question.id
    assert PracticeAnswer.objects.count() == 1
    settings.ANSWERS_PER_MINUTE = 2
    again = {field["name"]: field["value"] for field in page.select("form.question input[type=hidden]")}
    assert client.post(address, again | {"choice": "1", "token": uuid.uuid4()}).status_code == 302
    assert PracticeAnswer.objects.count() == 2
