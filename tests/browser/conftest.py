"""Chromium on the running site. Policy violations, requests to other hosts and script errors fail the test."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from playwright.sync_api import expect

from courseware.learning.enrollments import enrollment
from tests import changes
from tests.browser import selection
from tests.browser.courses import make_tea_room
from tests.making import make_user
from tests.world import make_world

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WITHOUT_CHROMIUM = "no Chromium here: install Debian's chromium to run the browser tests"
IS_REQUIRED = os.environ.get("REQUIRE_BROWSER") == "1"
PATIENCE = 30_000  # milliseconds: on a busy machine an admin page took 10 seconds
LOCALES = {"en": "en-GB", "zh-hans": "zh-CN"}
TELL_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) => tellViolation(
  `${location.pathname}: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM and not IS_REQUIRED:
                item.add_marker(pytest.mark.skip(reason=WITHOUT_CHROMIUM))


@pytest.fixture(autouse=True)
def page_selection(record_property):
    """Which pages the test examines; see tests/browser/selection.py."""
    chosen = selection.begin(changes.current())
    yield
    if chosen.left_out:
        record_property("figures", f"{chosen.left_out} changed pages left to make deep")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    assert CHROMIUM, WITHOUT_CHROMIUM
    args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": args}


@pytest.fixture
def site(live_server):
    """The URL of the running site; failed sign-in counts are reset."""
    cache.clear()
    return live_server.url


@pytest.fixture
def world(site):
    return make_world(make_tea_room())


@pytest.fixture
def learner(site):
    learner = make_user("Lea Learner")
    enrollment.enroll(learner, make_tea_room())
    return learner


@pytest.fixture
def visit(browser, site):
    """`visit(person, language=…, **options)` opens a page on a new device, signed in if a person is given."""
    contexts, wrong = [], []

    def open_page(person=None, *, language="en", **options):
        # Requests of a service worker cannot be watched; tests/browser/test_offline.py uses one.
        options = {"service_workers": "block"} | options
        context = browser.new_context(base_url=site, locale=LOCALES[language], **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        watch(context, site, wrong)
        if person:
            context.add_cookies([session_cookie(person, site)])
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


def watch(context, site, wrong):
    context.expose_function("tellViolation", lambda what: wrong.append(f"breaks the policy: {what}"))
    context.add_init_script(TELL_VIOLATIONS)
    context.on("request", lambda request: note_elsewhere(request, site, wrong))
    context.on("response", lambda response: note_missing(response, wrong))
    context.on("weberror", lambda error: wrong.append(f"script error: {error.error}"))


def note_elsewhere(request, site, wrong):
    if not request.url.startswith((site, "data:", "blob:")):
        wrong.append(f"leaves the host: {request.url}")


def note_missing(response, wrong):
    if response.status >= 400 and response.request.resource_type in ("script", "stylesheet", "image", "font"):
        wrong.append(f"not there: {response.url} ({response.status})")


def session_cookie(person, site):
    client = Client()
    client.force_login(person)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": site,
        "httpOnly": True,
        "sameSite": "Lax",
    }
