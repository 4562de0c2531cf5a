"""Unsent forms: kept for 30 minutes for the person who sent them after the session ended."""

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
UNSENT = "/accounts/unsent/"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def manager():
    team = make_team("Night shift", learners=1)
    team.enrollment = make_enrollment(team.memberships.get(role="learner").person, make_course())
    return team


def submit_without_session(client, team, **more):
    """Open the page, lose the session, send the form."""
    client.force_login(team.manager)
    client.get(reverse("reporting:person", args=[team.enrollment.pk]))
    Session.objects.all().delete()
    return client.post(f"/team/people/{team.enrollment.pk}/exempt/", {"reason": "On leave until May", **more})


def sign_in(client, person, then):
    return client.post(then, {"login": person.email, "password": PASSWORD}, follow=True)


def form_of(response):
    """(URL, fields) of the page that offers to send the form."""
    form = BeautifulSoup(response.content, "html.parser").select_one("main form")
    return form["action"], {field["name"]: field["value"] for field in form.select("input")}


def messages_of(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.mark.slow
def test_unsent_form_is_shown_and_sent_on_confirmation(client, manager):
    response = submit_without_session(client, manager)
    assert response.url == f"/accounts/login/?next={UNSENT}"
    page = sign_in(client, manager.manager, response.url)
    manager.enrollment.refresh_from_db()
    assert manager.enrollment.exempted_at is None
    address, fields = form_of(page)
    client.post(address, fields)
    manager.enrollment.refresh_from_db()
    assert manager.enrollment.exemption_reason == "On leave until May"
    assert client.get(UNSENT).url == "/"


def test_unsent_form_is_deleted_if_another_person_signs_in(client, manager):
    response = submit_without_session(client, manager)
    other = make_user("Olga Other", password=PASSWORD)
    page = sign_in(client, other, response.url)
    assert "On leave until May" not in page.content.decode()
    assert "left text that was not sent. This text has been deleted." in page.content.decode()
    client.force_login(manager.manager)
    assert client.get(UNSENT).url == "/"


def test_unsent_form_belongs_to_its_browser(client, manager):
    submit_without_session(client, manager)
    other_browser = Client()
    other_browser.force_login(manager.manager)
    assert other_browser.get(UNSENT).url == "/"


@BY_THE_CLOCK_OF_THE_TEST
def test_unsent_form_expires_after_30_minutes_with_message(client, manager, time_machine):
    response = submit_without_session(client, manager)
    time_machine.move_to(timezone.now() + timedelta(minutes=30, seconds=1))
    client.force_login(manager.manager)
    assert response.cookies["unsent-form"]["max-age"] > 30 * 60  # outlives the form, so that the page can explain
    assert (
        "The site kept the text for 30 minutes. That time is over, so the text was not sent."
        in client.get(UNSENT, follow=True).content.decode()
    )
    assert "That time is over" not in client.get(UNSENT, follow=True).content.decode()


@pytest.mark.parametrize(
    "more", [{"password": "secret"}, {"New_Password2": "secret"}, {"reason": "x" * 200_001}], ids=str
)
def test_secrets_and_long_texts_are_not_kept(client, manager, more):
    response = submit_without_session(client, manager, **more)
    assert response.url == f"/accounts/login/?next=/team/people/{manager.enrollment.pk}/"
    assert "unsent-form" not in response.cookies


@pytest.mark.parametrize("is_forged", [False, True])
def test_no_form_is_kept_for_unknown_person_or_forged_cookie(client, manager, is_forged):
    if is_forged:
        client.cookies["last-person"] = str(manager.manager.pk)
    response = client.post(f"/team/people/{manager.enrollment.pk}/exempt/", {"reason": "On leave"})
    assert "unsent-form" not in response.cookies


def test_at_most_10_forms_per_hour_are_kept(client, manager):
    submit_without_session(client, manager)
    address = f"/team/people/{manager.enrollment.pk}/exempt/"
    kept = ["unsent-form" in client.post(address, {"reason": str(one)}).cookies for one in range(10)]
    assert kept == [True] * 9 + [False]


def test_last_person_of_browser_is_known_for_1_day(client, manager, time_machine):
    submit_without_session(client, manager)
    time_machine.move_to(timezone.now() + timedelta(hours=24, seconds=1))
    client.cookies["last-person"]["max-age"] = ""  # as a client that ignores max-age
    response = client.post(f"/team/people/{manager.enrollment.pk}/exempt/", {"reason": "On leave"})
    assert "unsent-form" not in response.cookies


def test_surveys_and_reports_are_not_kept(client):
    enrollment = make_enrollment(course=make_course())
    client.force_login(enrollment.learner)
    client.get("/")
    Session.objects.all().delete()
    for address in ("/learn/tea-room/voice/", "/learn/tea-room/boiling/report/"):
        response = client.post(address, {"comment": "Line four is wrong."})
        assert "unsent-form" not in response.cookies
        assert "/accounts/login/" in response.url
    assert not LessonReport.objects.exists()


def test_script_requests_are_not_kept(client):
    enrollment = make_enrollment(course=make_course())
    client.force_login(enrollment.learner)
    client.get("/")
    Session.objects.all().delete()
    response = client.post("/learn/tea-room/boiling/answer/is-it-off/", {"choice": 0}, headers={"HX-Request": "true"})
    assert "unsent-form" not in response.cookies
    assert not Answer.objects.exists()


def test_editor_text_is_restored_unchanged(client):
    course = make_course()
    editor = make_editor(name="Ed Editor")
    document = Document.objects.get(course=course, identifier="boiling")
    client.force_login(editor)
    client.get("/")
    Session.objects.all().delete()
    address = reverse("admin:content_document_change", args=[document.pk])
    sent = {
        "base": str(document.latest_revision_id),
        "language": "en",
        "text-en": "\r\n  typed \r\n<b>&amp;\r\n",
        "save": "yes",
    }
    page = sign_in(client, editor, client.post(address, sent).url)
    url, fields = form_of(page)
    assert url == address
    assert {name: fields[name].replace("\r\n", "\n") for name in sent} == {
        name: value.replace("\r\n", "\n") for name, value in sent.items()
    }
