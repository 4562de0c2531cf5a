"""Security headers of every response, and well-known URLs."""

import re
from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from tests.making import PASSWORD

pytestmark = pytest.mark.any_database

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "manifest-src": "'self'",
}
REQUIRED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def policy_of(response):
    directives = (directive.strip().split(" ", 1) for directive in response["Content-Security-Policy"].split(";"))
    return {name: " ".join(values) for name, *values in directives if name}


def unguarded(response, policy=POLICY):
    """Wrong headers of a response, except course figures and branding files."""
    is_document = response.get("Content-Type", "").startswith("text/html")
    expected = REQUIRED_HEADERS | ({"Permissions-Policy": PERMISSIONS} if is_document else {})
    found = {name: response.get(name) for name in (*REQUIRED_HEADERS, "Permissions-Policy") if name in response}
    if found != expected:
        yield f"its headers are {found}"
    if policy_of(response) != policy:
        yield f"its policy is {policy_of(response)}"


def assert_guarded(response, policy=POLICY):
    assert list(unguarded(response, policy)) == []


def assert_private(response):
    assert response["Cache-Control"] == "private, no-store"


@pytest.fixture
def learner(client, world):
    client.force_login(world.learner)
    return client


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (404, lambda client: client.get("/nowhere/")),
        (404, lambda client: client.get("/static/nowhere.css")),
        (404, lambda client: client.get("/media/nowhere/0123456789ab/x.svg")),
        (405, lambda client: client.get(reverse("set-language"))),
        (400, lambda client: client.post(reverse("set-language"), {"language": "xx"})),
        (400, lambda client: client.get("/", headers={"host": "elsewhere.example"})),
        (403, lambda client: Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "a"})),
        (302, lambda client: client.get("/")),
    ],
)
def test_error_responses_have_security_headers(status, ask, client, db):
    response = ask(client)
    assert response.status_code == status
    assert_guarded(response)
    assert_private(response)


@pytest.mark.slow
def test_bug_shows_error_page_without_traceback(learner, monkeypatch):
    def breaks(*args, **kwargs):
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("courseware.learner_home.views.course_panels", breaks)
    learner.raise_request_exception = False
    response = learner.get("/", headers={"accept-language": "en"})
    assert response.status_code == 500
    assert_guarded(response)
    assert_private(response)
    assert "Something went wrong on our side" in response.text
    assert "secret of the house" not in response.text
    assert "Traceback" not in response.text


@pytest.mark.parametrize("path", ["css/site.css", "js/theme.js", "icon.svg"])
def test_static_files_have_security_headers(path, client):
    assert finders.find(path)
    response = client.get(f"/static/{path}")
    assert response.status_code == 200
    assert_guarded(response, {"default-src": "'none'", "frame-ancestors": "'none'"})
    assert "Access-Control-Allow-Origin" not in response


def test_figure_has_strict_policy_and_is_cached(client, world):
    response = client.get(reverse("content:media", args=media_of(world)))
    assert response.status_code == 200
    assert response["Content-Type"].split(";")[0] == "image/svg+xml"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "unsafe-inline" not in response["Content-Security-Policy"].split("script-src")[-1]
    assert {name: response[name] for name in REQUIRED_HEADERS} == REQUIRED_HEADERS
    assert "immutable" in response["Cache-Control"]
    assert "public" in response["Cache-Control"]


def media_of(world):
    """Arguments of the URL of the first figure in the lesson."""
    from courseware.content.rendering import store

    page = store.page(world.course.current, world.lesson.id, world.course.source_language)
    text = str(page.data)
    course, digest, name = re.search(r"/media/([^/]+)/([^/]+)/([^\"']+?)\\?[\"']", text).groups()
    return course, digest, name


def test_export_is_attachment_with_dated_name(client, world):
    client.force_login(world.people["manager"])
    response = client.get(reverse("reporting:dashboard-csv"))
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="team-\d{4}-\d\d-\d\d\.csv"', response["Content-Disposition"])
    assert_guarded(response)
    assert_private(response)


def test_cookies_are_httponly_and_same_site(client, world):
    client.get(reverse("account_login"))
    client.post(reverse("account_login"), {"login": world.learner.email, "password": PASSWORD})
    client.post(reverse("set-language"), {"language": "en"})
    flags = {name: (bool(cookie["httponly"]), cookie["samesite"]) for name, cookie in client.cookies.items()}
    assert flags == dict.fromkeys(["sessionid", "csrftoken", "language", "device", "last-person"], (True, "Lax"))


# Well-known URLs ------------------------------------------------------------------------------------------------------

SECURITY = "/.well-known/security.txt"


@time_machine.travel(datetime(2026, 11, 25, 20, 0, tzinfo=UTC), tick=False)
def test_security_txt_has_contact_and_expiry(client, db, settings):
    settings.SECURITY_CONTACT, settings.SITE_URL = "mailto:security@example.com", "https://training.example.com/"
    response = client.get(SECURITY)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text == (
        "Contact: mailto:security@example.com\n"
        "Expires: 2027-02-23T20:00:00Z\n"
        "Preferred-Languages: zh, en\n"
        "Canonical: https://training.example.com/.well-known/security.txt\n"
    )


def test_security_txt_needs_contact(client, db, settings):
    settings.SECURITY_CONTACT = ""
    assert client.get(SECURITY).status_code == 404


def test_change_password_url_redirects(client, db):
    response = client.get("/.well-known/change-password")
    assert (response.status_code, response["Location"]) == (302, reverse("account_change_password"))
