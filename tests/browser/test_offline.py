"""The offline copy: what it holds and when it is deleted."""

import re
import time

import pytest
from playwright.sync_api import Error, expect

from courseware.learning.enrollments import enrollment
from tests.browser.conftest import session_cookie
from tests.browser.courses import make_tea_room
from tests.making import make_editor, make_enrollment, make_user
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.only_if_changed(
        *(
            "static/js/",
            "templates/",
            "courseware/learning/",
            "courseware/learner_home/",
            "courseware/project/well_known.py",
        ),
    ),
]
LESSON = "/learn/tea-room/boiling/"
HAS_COPY = "async () => Boolean(await (await caches.open('offline-copy')).match('/offline/about'))"
ABOUT = "async () => (await (await caches.open('offline-copy')).match('/offline/about'))?.json()"
SEEN_BEFORE = """async (days) => {
  const copy = await caches.open("offline-copy");
  const about = await (await copy.match("/offline/about")).json();
  await copy.put("/offline/about", new Response(JSON.stringify({ ...about, seen: Date.now() - days * 864e5 })));
}"""
COPIED_TEXT = """async () => {
  const copy = await caches.open("offline-copy");
  const texts = await Promise.all((await copy.keys()).map(async (key) => (await copy.match(key)).text()));
  return texts.join(" ");
}"""


@pytest.fixture
def page(visit, learner):
    """Signed in, on a lesson, with a saved offline copy."""
    page = visit(learner, service_workers="allow")
    page.goto(LESSON)
    until(page, HAS_COPY)
    until(page, "Boolean(navigator.serviceWorker.controller)")
    return page


def until(page, condition):
    """Like `wait_for_function`, which the content security policy forbids."""
    over = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        assert time.monotonic() < over, condition
        page.wait_for_timeout(100)


def read_without_network(page):
    page.context.set_offline(True)
    page.goto(LESSON)


@pytest.mark.slow
def test_emergency_card_and_lessons_are_readable_offline(page, learner):
    read_without_network(page)
    assert page.url.endswith(f"/offline/#{LESSON.strip('/').split('/')[-1]}")
    expect(page.get_by_role("heading", name="Read these lessons while you are offline")).to_be_visible()
    expect(page.locator("article")).not_to_have_count(0)
    page.goto("/emergency-card/")
    assert page.url.endswith("/offline/#emergency-card")
    page.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    page.wait_for_url(re.compile("[0-9]/$"))


def test_open_page_links_to_offline_copy(page):
    page.context.set_offline(True)
    page.get_by_role("link", name="Read the emergency card and this module offline").click()
    page.wait_for_url("**/offline/")


def test_offline_copy_has_no_personal_data(page, learner):
    kept = page.evaluate(COPIED_TEXT)
    assert "Read these lessons while you are offline" in kept
    assert learner.name not in kept and learner.email not in kept and "csrfmiddlewaretoken" not in kept


def test_signing_out_deletes_offline_copy(page):
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    assert not page.evaluate(HAS_COPY)
    with pytest.raises(Error, match="ERR_"):
        read_without_network(page)


def test_signing_out_of_admin_deletes_offline_copy(visit):
    editor = make_editor(name="Eddie Editor")
    enrollment.enroll(editor, make_tea_room())
    page = visit(editor, service_workers="allow")
    page.goto("/admin/")
    until(page, HAS_COPY)
    page.locator("#logout-form button").click()
    page.wait_for_url("**/accounts/login/**")
    assert not page.evaluate(HAS_COPY)


def test_other_person_gets_own_offline_copy(page, visit, learner, site):
    before = page.evaluate(ABOUT)
    other = make_enrollment(make_user("Olga Other")).learner
    page.context.clear_cookies()
    page.context.add_cookies([session_cookie(other, site)])
    page.goto(LESSON)
    until(page, f"async () => ![undefined, '{before['reader']}'].includes((await ({ABOUT})())?.reader)")


def test_offline_copy_expires_after_7_days(page):
    page.evaluate(SEEN_BEFORE, 6.9)
    read_without_network(page)
    page.evaluate(SEEN_BEFORE, 7.1)
    with pytest.raises(Error, match="ERR_"):
        page.goto("/emergency-card/")
    page.context.set_offline(False)
    page.goto("/")
    page.context.set_offline(True)
    with pytest.raises(Error, match="ERR_"):
        page.goto("/emergency-card/")  # deleted by then; the next page that stays open saves a new one


def test_person_without_course_has_no_offline_link(visit, site):
    page = visit(make_user("Nora Nocourse"), service_workers="allow")
    with page.expect_response("**/offline/"):
        page.goto("/")
    until(page, "Boolean(navigator.serviceWorker.controller)")
    page.context.set_offline(True)
    expect(page.locator(".network")).to_contain_text("You are offline.")
    page.wait_for_timeout(300)
    assert page.get_by_role("link", name="Read the emergency card and this module offline").count() == 0
