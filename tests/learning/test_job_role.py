"""Job role: asked in a lesson, chosen by the learner, changed without reopening lessons."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from courseware.content.rendering import store
from courseware.learning.enrollments.creation import begin_many, begin_one
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.completion import waiting_in
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, answer_url, practise, sent, soup_of
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
CHOOSING = reverse("learning:choose-job-role", args=["tea-room", "boiling"])
CHANGING = reverse("learning:job-role", args=["tea-room"])


def files_that_ask():
    """Course files whose lesson asks for the job role and has a question for the night shift."""
    files, path = make_files(), "01-water/01-boiling.zh-hans.md"
    files[path] = files[path].replace(b"{#seven}", b"{#seven .tracks}")
    files[path] = files[path].replace(b"{#is-it-off .one ", b"{#is-it-off .one tracks=night ")
    return files


@pytest.fixture
def course():
    return make_course(files_that_ask())


@pytest.fixture
def enrollment(client, course):
    enrollment = make_enrollment(course=course)
    client.force_login(enrollment.learner)
    return enrollment


def is_night_question_open(enrollment):
    enrollment = type(enrollment).objects.with_release().get(pk=enrollment.pk)
    step = store.outline(enrollment.release, "zh-hans").step("boiling")
    return "is-it-off" in waiting_in(enrollment, step, store.page(enrollment.release, "boiling", "zh-hans"))


def ticked_values(page):
    return [each["value"] for each in page.select("#your-job-role input[type=radio]") if each.has_attr("checked")]


@pytest.mark.slow
def test_lesson_asks_for_job_role_beside_changed_question(client, enrollment):
    response = client.post(answer_url("what-first"), sent("0", revision=2**62))
    assert response.status_code == 409
    assert soup_of(response).select_one("#your-job-role form")


def test_lesson_asks_for_job_role_and_returns_to_question(client, enrollment):
    page = soup_of(client.get(LESSON))
    form = page.select_one("#your-job-role form")
    assert (form["action"], ticked_values(page), is_night_question_open(enrollment)) == (CHOOSING, [], False)
    assert form.find_next("details", class_="other-job-role")
    refused = client.post(CHOOSING, {"job_role": "nowhere"})
    assert refused.status_code == 422
    assert soup_of(refused).select_one(".error-summary a")["href"] == "#your-job-role"
    for _twice in range(2):
        assert client.post(CHOOSING, {"job_role": "night"}).headers["location"] == f"{LESSON}#your-job-role"
    assert is_night_question_open(enrollment)
    chosen = soup_of(client.get(LESSON)).select_one("#your-job-role")
    assert chosen.form is None
    assert "Night shift" in chosen.text
    assert chosen.a["href"] == f"{CHANGING}?next={LESSON}%23your-job-role"


def test_lesson_without_job_role_blocks_asks_nothing(client):
    enrollment = make_enrollment()
    client.force_login(enrollment.learner)
    assert soup_of(client.get(LESSON)).select_one("#your-job-role") is None


def test_job_role_of_company_counts_and_can_be_changed(client, enrollment):
    enrollment.learner.job_role = "night"
    enrollment.learner.save()
    page = soup_of(client.get(LESSON))
    assert "Your company lists your job role as: Night shift." in page.select_one("#your-job-role").text
    assert (ticked_values(page), is_night_question_open(enrollment)) == (["night"], True)
    client.post(CHOOSING, {"job_role": "day"})
    assert not is_night_question_open(enrollment)


def test_changing_job_role_reopens_no_completed_lesson(client, enrollment):
    practise(enrollment)
    assert Completion.objects.count() == 1
    client.post(CHOOSING, {"job_role": "night"})
    assert is_night_question_open(enrollment)
    assert Completion.objects.count() == 1
    assert "Lesson done" in soup_of(client.get(LESSON)).select_one("#lesson-state").text
    client.post(CHANGING, {"job_role": "day"})
    assert Completion.objects.count() == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"http://testserver{LESSON}", LESSON),
        (f"http://testserver{CHOOSING}", LESSON),  # shows the lesson after an invalid form; no GET
        ("http://testserver/card/", "http://testserver/card/"),
        (f"http://testserver{CHANGING}", "/"),
        ("https://example.com/", "/"),
        ("", "/"),
    ],
)
def test_change_page_returns_to_previous_page(client, enrollment, before, after):
    page = soup_of(client.get(CHANGING, headers={"referer": before} if before else {}))
    sent = {"job_role": "night", "next": page.select_one("main input[name=next]")["value"]}
    assert client.post(CHANGING, sent).headers["location"] == after


def test_new_enrollment_keeps_job_role_of_previous_one(course):
    on_nights, unknown = make_user(), make_user()
    for learner, job_role in ((on_nights, "night"), (unknown, "")):
        make_enrollment(learner, course=course, job_role=job_role, completed_at=MONDAY)
    new, _is_new = begin_one(on_nights, course, None, MONDAY + timedelta(weeks=40))
    assert new.job_role == "night"
    Enrollment.objects.remove_many([new])
    found = begin_many({on_nights: None, unknown: None}, course, MONDAY + timedelta(weeks=40))
    assert {each.learner: each.job_role for each in found} == {on_nights: "night", unknown: ""}
