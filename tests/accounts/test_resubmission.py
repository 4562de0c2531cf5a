"""A form that was sent after the session had ended: held for its writer, for half an hour, and for nobody else."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.content.models import Document
from courseware.learning.models import Answer, LessonReport
from tests.making import (
    BY_THE_CLOCK_OF_THE_TEST,
    PASSWORD,
    make_course,
    make_editor,
    make_enrollment,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db
HELD = "/accounts/unsent/"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def manager():
    team = make_team("Night shift", learners=1)
    team.enrollment = make_enrollment(team.memberships.get(role="learner").person, make_course())
    return team


def excuse(client, team, **more):
    """Open the page, lose the session, send the form."""
    client.force_login(team.manager)
    client.get(reverse("reporting:person", args=[team.enrollment.pk]))
    Session.objects.all().delete()
    return client.post(f"/team/people/{team.enrollment.pk}/exempt/", {"reason": "On leave until May", **more})


def sign_in(client, person, then):
    return client.post(then, {"login": person.email, "password": PASSWORD}, follow=True)


def form_of(response):
    """(address, fields) of the page that asks whether to send what was held."""
    form = BeautifulSoup(response.content, "html.parser").select_one("main form")
    return form["action"], {field["name"]: field["value"] for field in form.select("input")}


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_what_was_sent_is_shown_to_its_writer_and_sent_by_a_press(client, manager):
    response = excuse(client, manager)
    assert response.url == f"/accounts/login/?next={HELD}"
    page = sign_in(client, manager.manager, response.url)
    manager.enrollment.refresh_from_db()
    assert manager.enrollment.exempted_at is None
    address, fields = form_of(page)
    client.post(address, fields)
    manager.enrollment.refresh_from_db()
    assert manager.enrollment.exemption_reason == "On leave until May"
    assert client.get(HELD).url == "/"


def test_another_person_sees_nothing_of_it_and_it_is_gone(client, manager):
    response = excuse(client, manager)
    other = make_user("Olga Other", password=PASSWORD)
    page = sign_in(client, other, response.url)
    assert "On leave until May" not in page.content.decode()
    assert "was not sent. It has been deleted." in page.content.decode()
    client.force_login(manager.manager)
    assert client.get(HELD).url == "/"


def test_it_is_of_the_browser_that_sent_it(client, manager):
    excuse(client, manager)
    elsewhere = Client()
    elsewhere.force_login(manager.manager)
    assert elsewhere.get(HELD).url == "/"


@BY_THE_CLOCK_OF_THE_TEST
def test_after_half_an_hour_it_is_gone_and_that_is_said(client, manager, time_machine):
    response = excuse(client, manager)
    time_machine.move_to(timezone.now() + timedelta(minutes=30, seconds=1))
    client.force_login(manager.manager)
    assert (
        response.cookies["unsent-form"]["max-age"] > 30 * 60
    )  # or a browser would not know by then that there was one
    assert (
        "kept for 30 minutes. That time is over, so this text was not sent."
        in client.get(HELD, follow=True).content.decode()
    )
    assert "That time is over" not in client.get(HELD, follow=True).content.decode()


@pytest.mark.parametrize(
    "more", [{"password": "secret"}, {"New_Password2": "secret"}, {"reason": "x" * 200_001}], ids=str
)
def test_a_secret_and_what_is_too_long_are_not_held(client, manager, more):
    response = excuse(client, manager, **more)
    assert response.url == f"/accounts/login/?next=/team/people/{manager.enrollment.pk}/"
    assert "unsent-form" not in response.cookies


@pytest.mark.parametrize("is_forged", [False, True])
def test_nothing_is_held_of_an_unknown_person_or_a_forged_cookie(client, manager, is_forged):
    if is_forged:
        client.cookies["last-person"] = str(manager.manager.pk)
    response = client.post(f"/team/people/{manager.enrollment.pk}/exempt/", {"reason": "On leave"})
    assert "unsent-form" not in response.cookies


def test_of_one_person_ten_are_held_an_hour(client, manager):
    excuse(client, manager)
    address = f"/team/people/{manager.enrollment.pk}/exempt/"
    held = ["unsent-form" in client.post(address, {"reason": str(one)}).cookies for one in range(10)]
    assert held == [True] * 9 + [False]


def test_who_was_here_last_is_known_for_a_day(client, manager, time_machine):
    excuse(client, manager)
    time_machine.move_to(timezone.now() + timedelta(hours=24, seconds=1))
    client.cookies["last-person"]["max-age"] = ""  # as a program that keeps it longer sends it
    response = client.post(f"/team/people/{manager.enrollment.pk}/exempt/", {"reason": "On leave"})
    assert "unsent-form" not in response.cookies


def test_surveys_and_reports_are_never_held(client):
    enrollment = make_enrollment(course=make_course())
    client.force_login(enrollment.learner)
    client.get("/")
    Session.objects.all().delete()
    for address in ("/learn/tea-room/voice/", "/learn/tea-room/boiling/report/"):
        response = client.post(address, {"comment": "Line four is wrong."})
        assert "unsent-form" not in response.cookies
        assert "/accounts/login/" in response.url
    assert not LessonReport.objects.exists()


def test_the_script_keeps_its_own_answers_so_none_is_held(client):
    enrollment = make_enrollment(course=make_course())
    client.force_login(enrollment.learner)
    client.get("/")
    Session.objects.all().delete()
    response = client.post("/learn/tea-room/boiling/answer/is-it-off/", {"choice": 0}, headers={"HX-Request": "true"})
    assert "unsent-form" not in response.cookies
    assert not Answer.objects.exists()


def test_a_text_of_the_editor_comes_back_byte_for_byte(client):
    course = make_course()
    editor = make_editor(name="Ed Editor")
    document = Document.objects.get(course=course, identifier="boiling")
    client.force_login(editor)
    client.get("/")
    Session.objects.all().delete()
    address = reverse("admin:content_document_change", args=[document.pk])
    sent = {"base": str(document.head_id), "language": "en", "text-en": "\r\n  typed \r\n<b>&amp;\r\n", "save": "yes"}
    page = sign_in(client, editor, client.post(address, sent).url)
    where, fields = form_of(page)
    assert where == address
    assert {name: fields[name].replace("\r\n", "\n") for name in sent} == {
        name: value.replace("\r\n", "\n") for name, value in sent.items()
    }
