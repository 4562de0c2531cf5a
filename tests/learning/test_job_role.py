"""The post: asked once, where a lesson asks it, chosen by nobody else, and changed without opening what is done."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from courseware.content.rendering import store
from courseware.learning.enrollments.creation import begin_many, begin_one
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.completion import waiting_in
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, practise, soup_of
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
CHOOSING = reverse("learning:choose-job-role", args=["tea-room", "boiling"])
CHANGING = reverse("learning:job-role", args=["tea-room"])


def files_that_ask():
    """A lesson that asks for the post, and has a question for those by night."""
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


def asked(enrollment):
    enrollment = type(enrollment).objects.with_release().get(pk=enrollment.pk)
    step = store.outline(enrollment.release, "zh-hans").step("boiling")
    return "is-it-off" in waiting_in(enrollment, step, store.page(enrollment.release, "boiling", "zh-hans"))


def ticked(page):
    return [each["value"] for each in page.select("#your-job-role input[type=radio]") if each.has_attr("checked")]


def test_a_lesson_asks_for_the_post_above_what_is_said_to_each_and_takes_it_there(client, enrollment):
    page = soup_of(client.get(LESSON))
    form = page.select_one("#your-job-role form")
    assert (form["action"], ticked(page), asked(enrollment)) == (CHOOSING, [], False)
    assert form.find_next("details", class_="other-job-role")
    refused = client.post(CHOOSING, {"job_role": "nowhere"})
    assert refused.status_code == 422
    assert soup_of(refused).select_one(".error-summary a")["href"] == "#your-job-role"
    for _twice in range(2):
        assert client.post(CHOOSING, {"job_role": "night"}).headers["location"] == f"{LESSON}#your-job-role"
    assert asked(enrollment)
    chosen = soup_of(client.get(LESSON)).select_one("#your-job-role")
    assert chosen.form is None
    assert "Night shift" in chosen.text
    assert chosen.a["href"] == f"{CHANGING}?next={LESSON}%23your-job-role"


def test_a_lesson_that_does_not_ask_shows_no_choice(client):
    enrollment = make_enrollment()
    client.force_login(enrollment.learner)
    assert soup_of(client.get(LESSON)).select_one("#your-job-role") is None


def test_a_post_that_the_firm_knows_counts_and_is_confirmed_in_the_lesson(client, enrollment):
    enrollment.learner.job_role = "night"
    enrollment.learner.save()
    page = soup_of(client.get(LESSON))
    assert "Your company lists your job role as: Night shift." in page.select_one("#your-job-role").text
    assert (ticked(page), asked(enrollment)) == (["night"], True)
    client.post(CHOOSING, {"job_role": "day"})
    assert not asked(enrollment)


def test_choosing_and_changing_open_no_lesson_that_is_done(client, enrollment):
    practise(enrollment)
    assert Completion.objects.count() == 1
    client.post(CHOOSING, {"job_role": "night"})
    assert asked(enrollment)
    assert Completion.objects.count() == 1
    assert "Lesson done" in soup_of(client.get(LESSON)).select_one("#lesson-state").text
    client.post(CHANGING, {"job_role": "day"})
    assert Completion.objects.count() == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"http://testserver{LESSON}", LESSON),
        (f"http://testserver{CHOOSING}", LESSON),  # which shows the lesson where the form is refused, and takes no GET
        ("http://testserver/card/", "http://testserver/card/"),
        (f"http://testserver{CHANGING}", "/"),
        ("https://example.com/", "/"),
        ("", "/"),
    ],
)
def test_the_page_to_change_it_returns_to_where_one_came_from(client, enrollment, before, after):
    page = soup_of(client.get(CHANGING, headers={"referer": before} if before else {}))
    sent = {"job_role": "night", "next": page.select_one("main input[name=next]")["value"]}
    assert client.post(CHANGING, sent).headers["location"] == after


def test_another_run_keeps_the_post_that_was_chosen_in_the_one_before(course):
    by_night, unknown = make_user(), make_user()
    for learner, job_role in ((by_night, "night"), (unknown, "")):
        make_enrollment(learner, course=course, job_role=job_role, completed_at=MONDAY)
    begun, _is_new = begin_one(by_night, course, None, MONDAY + timedelta(weeks=40))
    assert begun.job_role == "night"
    Enrollment.objects.remove_many([begun])
    runs = begin_many({by_night: None, unknown: None}, course, MONDAY + timedelta(weeks=40))
    assert {run.learner: run.job_role for run in runs} == {by_night: "night", unknown: ""}
