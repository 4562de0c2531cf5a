"""A manager signs in and confirms today's actions by keyboard, on desktop and phone."""

import re
import uuid

import pytest
from playwright.sync_api import expect

from courseware.assignments.models import Conversation
from courseware.learning.enrollments import enrollment
from courseware.learning.lessons.answers import answer
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.browser.courses import make_tea_room
from tests.browser.keyboard import Keyboard
from tests.making import PASSWORD, days, join, make_team, make_user
from tests.world import outline_of

MAX_PRESSES = 4
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
SIGN_IN, CONFIRM, UNDO = ("Sign in", "登录"), ("Confirm selected actions", "执行所选操作"), ("Undo", "撤销")
TODAY = ("Today", "今日待办")
QUEUED = ("2 reminders are waiting to be sent.", "2封提醒待发送。")
DONE = ("Done:", "完成：")
UNDONE = ("2 emails will not be sent.", "2封邮件不再发送。")


class CountingKeyboard(Keyboard):
    """Records each activating key press; Tab and typing do not count."""

    def __init__(self, page):
        super().__init__(page)
        self.presses = []

    def press(self, target, key="Enter"):
        self.tab_to(target)
        self.presses.append(target.evaluate("(element) => (element.labels?.[0] ?? element).innerText.trim()"))
        self.page.keyboard.press(key)


@pytest.fixture
def team(site):
    """2 overdue learners, one of them stuck; one with time left."""
    course, team = make_tea_room(), make_team("Night shift")
    for name, due in {"Late Larry": -2, "Stuck Stella": -1, "Early Edna": 9}.items():
        person = make_user(name)
        join(team, person)
        learner_enrollment = enrollment.enroll(person, course, due_at=days(due))
        if name == "Stuck Stella":
            for _miss in range(3):
                answer(learner_enrollment, outline_of(course).step("boiling"), "is-it-off", ["0"], token=uuid.uuid4())
    return team


def sign_in(keyboard, person, button):
    page = keyboard.page
    page.goto("/accounts/login/")
    keyboard.type(page.locator("[name=login]"), person.email)
    keyboard.type(page.locator("[name=password]"), PASSWORD)
    keyboard.press(page.get_by_role("button", name=button, exact=True))


@pytest.mark.parametrize("size", [DESK, pytest.param(PHONE, marks=pytest.mark.slow)], ids=["desk", "phone"])
@pytest.mark.parametrize(
    ("language", "words", "script"),
    [
        pytest.param("en", 0, False, id="en-no-script"),
        pytest.param("zh-hans", 1, True, id="zh-hans-script"),
        pytest.param("en", 0, True, id="en-script", marks=pytest.mark.slow),
        pytest.param("zh-hans", 1, False, id="zh-hans-no-script", marks=pytest.mark.slow),
    ],
)
def test_today_takes_4_presses_and_1_more_to_undo(visit, team, size, language, words, script):
    page = visit(language=language, viewport=size, java_script_enabled=script)
    keyboard = CountingKeyboard(page)
    sign_in(keyboard, team.manager, SIGN_IN[words])
    if not script:
        keyboard.press(page.get_by_role("link", name=TODAY[words]))
    talk = page.locator(".today [name=talk]")
    talk.wait_for()
    keyboard.tick(talk)
    keyboard.press(page.get_by_role("button", name=CONFIRM[words], exact=True))
    assert_announced(page, QUEUED[words], DONE[words])
    assert len(keyboard.presses) <= MAX_PRESSES, keyboard.presses
    assert (reminders(DeliveryState.QUEUED), Conversation.objects.in_force().count()) == (2, 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=UNDO[words], exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    assert_announced(page, UNDONE[words], DONE[words])
    assert (reminders(DeliveryState.QUEUED), Conversation.objects.in_force().count()) == (0, 0)


def assert_announced(page, words, done):
    """The title begins with the outcome and the message has the focus, so screen readers announce both."""
    expect(page.locator(".messages:focus")).to_contain_text(words)
    expect(page).to_have_title(re.compile(f"^{done} "))


def reminders(state):
    return OutgoingEmail.objects.filter(kind="reminder", state=state).count()
