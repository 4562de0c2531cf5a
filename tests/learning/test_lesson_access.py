"""Who may open a lesson and answer in it, and who finds nothing."""

import pytest
from django.urls import reverse

from courseware.learning.models import Answer, Enrollment
from tests.learning.lesson_pages import LESSON, answer_url, facts, sent
from tests.making import make_enrollment, make_user

pytestmark = pytest.mark.django_db


def lesson_pages():
    course = ["tea-room"]
    yield "get", LESSON
    yield "get", reverse("learning:step", args=[*course, "voice"])
    yield "post", reverse("learning:step", args=[*course, "voice"])
    yield "post", answer_url()
    yield "post", reverse("learning:mark-read", args=[*course, "boiling"])
    yield "post", reverse("learning:report", args=[*course, "boiling"])
    for name in ("learning:tracks", "learning:card", "journey:record"):
        yield "get", reverse(name, args=course)
    yield "post", reverse("learning:tracks", args=course)
    yield "post", reverse("learning:choose-post", args=[*course, "boiling"])
    yield "post", reverse("learning:finish", args=course)


@pytest.mark.parametrize("method, url", list(lesson_pages()))
def test_who_is_not_signed_in_signs_in_and_comes_back_to_a_page(client, enrollment, method, url):
    client.logout()
    response = getattr(client, method)(url, sent("1"))
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/accounts/login/?next=/")
    assert "answer" not in response.headers["Location"]
    assert facts() == (0, 0, 0)


def test_each_learner_answers_for_the_own_enrollment_only(client, enrollment):
    other = make_enrollment(make_user(), enrollment.course)
    client.force_login(other.learner)
    client.post(answer_url(), sent("1"))
    assert Answer.objects.get().enrollment == other
    assert not enrollment.answers.exists()


def test_after_the_session_ended_the_script_is_led_back_to_the_question(client, enrollment):
    client.logout()
    page = f"http://testserver{LESSON}?again=check#q-what-first"
    response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true", "HX-Current-URL": page})
    assert response.headers["HX-Redirect"] == f"/accounts/login/?next={LESSON}%3Fagain%3Dcheck%23q-is-it-off"


def test_the_page_the_script_names_cannot_lead_to_another_host(client, enrollment):
    client.logout()
    for page in ("https://evil.example/learn/", "//evil.example/"):
        response = client.post(answer_url(), sent("1"), headers={"HX-Request": "true", "HX-Current-URL": page})
        assert "evil" not in response.headers["HX-Redirect"]


@pytest.mark.parametrize("step", ["nowhere", "tea-bank", "m1", "drill", "last-cup", "voice"])
def test_only_lessons_of_the_route_are_answered(client, enrollment, step):
    assert client.post(answer_url(step=step), sent("1")).status_code == 404


@pytest.mark.parametrize("path", ["learn/tea-room/a%00b/", "learn/%00/boiling/", "learn/tea-room/烧水/"])
def test_an_address_that_is_no_id_is_not_found(client, enrollment, path):
    assert client.get(f"/{path}").status_code == 404


def test_a_get_changes_nothing(client, enrollment):
    before = Enrollment.objects.values().get()
    for method, url in lesson_pages():
        if method == "get":
            client.get(url)
            client.get(url, {"again": "check"})
    assert facts() == (0, 0, 0)
    assert Enrollment.objects.values().get() == before
