"""Interruptions while answering: a second tab, an ended session, no network (promises F5, F6, F7)."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from courseware.assessment.models import Response
from courseware.content.models import Document
from courseware.content.releases import drafts
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Answer
from tests.browser.courses import make_tea_room
from tests.learning.lesson_pages import practise
from tests.making import PASSWORD, make_editor, make_user
from tests.world import finish_lessons, start_exam

pytestmark = [
    pytest.mark.slow,
    pytest.mark.only_if_changed(
        "static/js/",
        "templates/",
        "courseware/accounts/",
        "courseware/assessment/",
        "courseware/content/",
        "courseware/learning/",
        "courseware/autosave/",
    ),
]
LESSON = "/learn/tea-room/boiling/"
CHECK = "#q-is-it-off"


@pytest.fixture
def learner(site):
    learner = make_user("Lea Learner")
    practise(enrolling.enroll(learner, make_tea_room()))
    return learner


@pytest.fixture
def attempt(learner):
    enrollment = learner.enrollments.get()
    finish_lessons(enrollment)
    return start_exam(enrollment)


def question_of(attempt, number=1):
    return f"/attempts/{attempt.pk}/?question={number}"


def choices(page):
    return page.get_by_role("main").get_by_role("radio")


def state(page):
    return page.locator("#exam-state")


def sign_in_again(page, learner):
    expect(page).to_have_url(re.compile("/accounts/login/"))
    page.get_by_label("Email or staff number").fill(learner.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")


# Two tabs -------------------------------------------------------------------------------------------------------------


def test_old_tab_does_not_replace_newer_answer(visit, learner, attempt):
    new = visit(learner)
    old = new.context.new_page()
    for tab in (new, old):
        tab.goto(question_of(attempt))
    choices(new).nth(0).check()
    expect(state(new)).to_contain_text("Saved")
    kept = Response.objects.get(position=1).response
    choices(old).nth(1).check()
    expect(old.get_by_text("You already answered this question in another tab")).to_be_visible()
    expect(choices(old).nth(0)).to_be_checked()
    assert Response.objects.get(position=1).response == kept


# The session ----------------------------------------------------------------------------------------------------------


def test_lesson_answer_survives_new_sign_in(visit, learner):
    page = visit(learner)
    page.goto(LESSON)
    page.locator(CHECK).get_by_label("Yes").check()
    Session.objects.all().delete()
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    sign_in_again(page, learner)
    expect(page).to_have_url(re.compile(f"{LESSON}{CHECK}$"))
    expect(page.locator(CHECK).get_by_label("Yes")).to_be_checked()
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")


@pytest.mark.main_way
def test_exam_answer_survives_new_sign_in(visit, learner, attempt):
    page = visit(learner)
    page.goto(question_of(attempt))
    choices(page).nth(0).check()
    expect(state(page)).to_contain_text("Saved")
    page.get_by_role("button", name="Next question").click()
    Session.objects.all().delete()
    choices(page).nth(1).check()
    sign_in_again(page, learner)
    expect(page.get_by_text("Question 2 of 2")).to_be_visible()
    expect(choices(page).nth(1)).to_be_checked()
    expect(state(page)).to_contain_text("Saved")
    assert Response.objects.exclude(saved_at=None).count() == 2


def test_form_without_csrf_cookie_keeps_choice(visit, learner):
    page = visit(learner)
    page.goto(LESSON)
    page.locator(CHECK).get_by_label("Yes").check()
    page.context.clear_cookies(name="csrftoken")
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    page.wait_for_load_state()
    expect(page.locator(CHECK).get_by_label("Yes")).to_be_checked()
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")


# The session, before and after its end --------------------------------------------------------------------------------

NEARLY_TWO_HOURS = 118 * 60 + 10  # seconds


def warning(page):
    return page.locator("[data-session]")


@pytest.fixture
def editor(learner):
    return make_editor(name="Ed Editor")


def editor_of(identifier):
    return f"/admin/content/document/{Document.objects.get(identifier=identifier).pk}/change/"


@pytest.mark.parametrize("place", ["a lesson", "the editor"])
def test_session_warning_is_dismissed_by_key_press(visit, learner, editor, place):
    person, address = (learner, LESSON) if place == "a lesson" else (editor, editor_of("boiling"))
    page = visit(person)
    page.clock.install()
    page.goto(address)
    page.clock.fast_forward(1000 * (NEARLY_TWO_HOURS - 60))
    expect(warning(page)).to_be_hidden()
    page.clock.fast_forward(1000 * 60)
    expect(warning(page).get_by_role("alert")).to_contain_text("You will be signed out at")
    with page.expect_response("**/accounts/session/"):
        page.keyboard.press("ArrowDown")
    expect(warning(page)).to_be_hidden()
    page.clock.fast_forward(1000 * NEARLY_TWO_HOURS)
    with page.expect_response("**/accounts/session/"):
        warning(page).get_by_role("button", name="Stay signed in").click()
    expect(warning(page)).to_be_hidden()


def test_other_tab_renews_session_and_end_is_announced(visit, learner):
    page = visit(learner)
    page.clock.install()
    page.goto(LESSON)
    page.clock.fast_forward(1000 * NEARLY_TWO_HOURS)
    expect(warning(page)).to_be_visible()
    page.context.new_page().goto("/")
    page.clock.run_for(5000)
    expect(warning(page)).to_be_hidden()
    Session.objects.all().delete()
    page.clock.fast_forward(1000 * NEARLY_TWO_HOURS)
    page.keyboard.press("ArrowDown")
    expect(warning(page).get_by_role("alert")).to_contain_text("You have been signed out.")
    expect(warning(page).get_by_role("button")).to_be_hidden()


def test_unsent_form_can_be_sent_without_script(visit, learner):
    page = visit(learner, java_script_enabled=False)
    page.goto(LESSON)
    page.locator(CHECK).get_by_label("Yes").check()
    Session.objects.all().delete()
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    sign_in_again(page, learner)
    expect(page.get_by_role("heading", level=1)).to_have_text("Send this form now?")
    page.get_by_role("button", name="Send form").click()
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")
    assert Answer.objects.filter(question="is-it-off").count() == 1


def test_editor_text_survives_reload_and_new_sign_in(visit, editor):
    page = visit(editor)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(editor_of("boiling"))
    field = page.locator("#text-en")
    field.evaluate("(field) => { field.closest('details')?.setAttribute('open', ''); }")
    field.fill(field.input_value() + "\n\nOne sentence more.\n")
    page.reload()
    expect(page.locator("#text-en")).to_have_value(re.compile("One sentence more."))
    expect(page.get_by_text("Your unsaved text from this tab is back in the form.")).to_be_visible()
    Session.objects.all().delete()
    page.get_by_role("button", name="Save draft").click()
    sign_in_again(page, editor)
    page.get_by_role("button", name="Send form").click()
    expect(page.get_by_text("Saved as revision 2.")).to_be_visible()
    expect(page.locator("#text-en")).to_have_value(re.compile("One sentence more."))
    page.reload()
    expect(page.get_by_text("Your unsaved text from this tab is back in the form.")).to_be_hidden()


def test_restored_tab_text_conflicts_with_newer_save(visit, editor):
    page = visit(editor)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(editor_of("boiling"))
    page.locator("#text-zh-hans").fill(page.locator("#text-zh-hans").input_value() + "\n我的一句。\n")
    document = Document.objects.get(identifier="boiling")
    theirs = bytes(document.latest_revision.texts.get(language="zh-hans").body) + "\n他们的一句。\n".encode()
    drafts.save_drafts(document, {"zh-hans": theirs}, base=document.latest_revision, by=make_editor())
    page.reload()
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("another person has saved this text in the meantime")).to_be_visible()
    expect(page.locator("#text-zh-hans")).to_have_value(re.compile("我的一句。"))
    expect(page.locator("#theirs-zh-hans")).to_have_value(re.compile("他们的一句。"))
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved as revision 3.")).to_be_visible()


def test_survey_and_report_stay_in_tab_until_sent(visit, learner):
    page = visit(learner)
    page.goto("/learn/tea-room/voice/")
    page.get_by_role("main").get_by_role("textbox").first.fill("More tea.")
    page.goto(LESSON)
    page.get_by_text("Report a problem").click()
    page.locator("#report-comment").fill("Line four.")
    page.reload()
    expect(page.locator("#report-comment")).to_have_value("Line four.")
    page.get_by_role("button", name="Send report").click()
    expect(page.get_by_text("Thank you. An editor will read your report")).to_be_visible()
    expect(page.locator("#report-comment")).to_have_value("")
    page.goto("/learn/tea-room/voice/")
    expect(page.get_by_role("main").get_by_role("textbox").first).to_have_value("More tea.")
    page.get_by_role("button", name="Send my answers").click()
    expect(page.get_by_text("Thank you. Your answers are saved.")).to_be_visible()
    page.wait_for_load_state()
    assert page.evaluate('Object.keys(sessionStorage).filter((key) => key.startsWith("draft"))') == []


# The network ----------------------------------------------------------------------------------------------------------


@pytest.mark.main_way
def test_offline_answer_is_sent_once(visit, learner):
    page = visit(learner)
    page.goto(LESSON)
    page.context.set_offline(True)
    page.locator(CHECK).get_by_label("Yes").check()
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    expect(page.locator(CHECK).get_by_role("status")).to_contain_text("not saved yet")
    expect(page.locator(CHECK).get_by_label("Yes")).to_be_checked()
    assert Answer.objects.filter(question="is-it-off").count() == 0
    page.context.set_offline(False)
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")
    assert Answer.objects.filter(question="is-it-off").count() == 1


def test_lost_response_is_retried_and_answer_saved_once(visit, learner):
    page = visit(learner)
    page.goto(LESSON)
    page.route("**/answer/is-it-off/", lose_answer, times=1)
    page.locator(CHECK).get_by_label("Yes").check()
    page.locator(CHECK).get_by_role("button", name="Check my answer").click()
    expect(page.locator("#lesson-state")).to_contain_text("Lesson done")
    assert Answer.objects.filter(question="is-it-off").count() == 1


def lose_answer(route):
    """Let the request reach the server and drop its response."""
    route.fetch()
    route.abort("connectionreset")


def test_offline_exam_warns_and_saves_later(visit, learner, attempt):
    page = visit(learner)
    warned = []
    page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.dismiss()))
    page.goto(question_of(attempt))
    page.context.set_offline(True)
    choices(page).nth(1).check()
    expect(state(page)).to_contain_text("not saved yet")
    page.close(run_before_unload=True)
    page.wait_for_timeout(300)  # no event fires if the page stays open
    assert warned == ["beforeunload"]
    choices(page).nth(0).check()
    page.context.set_offline(False)
    expect(state(page)).to_contain_text("Saved")
    page.reload()
    expect(choices(page).nth(0)).to_be_checked()
    assert Response.objects.exclude(saved_at=None).count() == 1


# The network ----------------------------------------------------------------------------------------------------------


def test_offline_notice_keeps_page_open(visit, learner):
    page = visit(learner)
    page.goto(LESSON)
    notice = page.locator("[data-network]")
    expect(notice).to_be_empty()
    page.context.set_offline(True)
    expect(notice).to_contain_text("You are offline.")
    page.get_by_role("link", name="My course").click()
    page.get_by_role("button", name="中文").click()
    expect(notice).to_contain_text("You are offline.")
    assert page.url.endswith(LESSON)
    page.context.set_offline(False)
    expect(notice).to_be_empty()
    page.get_by_role("link", name="My course").click()
    page.wait_for_url("**/")


def test_offline_page_allows_in_page_links(visit, learner):
    page = visit(learner)
    page.goto(LESSON)
    page.context.set_offline(True)
    page.get_by_role("link", name="Skip to the content").press("Enter")
    page.wait_for_url("**#main")
