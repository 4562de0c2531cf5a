"""A manager's Monday: sign in, see what is to be done, do it. By the keyboard alone, on a desk and on a phone."""

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

MOST_ACTS = 4
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
SIGN_IN, CONFIRM, UNDO = ("Sign in", "登录"), ("Confirm selected actions", "确认"), ("Undo", "撤销")
TODAY = ("Today", "今日待办")
QUEUED = ("2 reminders are queued.", "2封提醒已排队。")
DONE = ("Done:", "完成：")
TAKEN_BACK = ("2 letters are not sent.", "2封信不发了。")


class CountingHands(Keyboard):
    """Notes each press that does something: Tab goes on, letters fill in, and neither is an act."""

    def __init__(self, page):
        super().__init__(page)
        self.acts = []

    def press(self, target, key="Enter"):
        self.tab_to(target)
        self.acts.append(target.evaluate("(element) => (element.labels?.[0] ?? element).innerText.trim()"))
        self.page.keyboard.press(key)


@pytest.fixture
def team(site):
    """Two who are late, one of them stuck as well; one who has time."""
    course, team = make_tea_room(), make_team("Night shift")
    for name, due in {"Late Larry": -2, "Stuck Stella": -1, "Early Edna": 9}.items():
        person = make_user(name)
        join(team, person)
        run = enrollment.enroll(person, course, due_at=days(due))
        if name == "Stuck Stella":
            for _miss in range(3):
                answer(run, outline_of(course).step("boiling"), "is-it-off", ["0"], token=uuid.uuid4())
    return team


def sign_in(hands, person, button):
    page = hands.page
    page.goto("/accounts/login/")
    hands.type(page.locator("[name=login]"), person.email)
    hands.type(page.locator("[name=password]"), PASSWORD)
    hands.press(page.get_by_role("button", name=button, exact=True))


@pytest.mark.parametrize("size", [DESK, pytest.param(PHONE, marks=pytest.mark.exhaustive)], ids=["desk", "phone"])
@pytest.mark.parametrize(
    ("language", "words", "script"),
    [
        pytest.param("en", 0, False, id="en-no-script"),
        pytest.param("zh-hans", 1, True, id="zh-hans-script"),
        pytest.param("en", 0, True, id="en-script", marks=pytest.mark.exhaustive),
        pytest.param("zh-hans", 1, False, id="zh-hans-no-script", marks=pytest.mark.exhaustive),
    ],
)
def test_from_signing_in_to_done_takes_four_acts_and_what_was_done_is_undone_by_one_more(
    visit, team, size, language, words, script
):
    page = visit(language=language, viewport=size, java_script_enabled=script)
    hands = CountingHands(page)
    sign_in(hands, team.manager, SIGN_IN[words])
    if not script:
        hands.press(page.get_by_role("link", name=TODAY[words]))
    talk = page.locator(".today [name=talk]")
    talk.wait_for()
    hands.tick(talk)
    hands.press(page.get_by_role("button", name=CONFIRM[words], exact=True))
    assert_told(page, QUEUED[words], DONE[words])
    assert len(hands.acts) <= MOST_ACTS, hands.acts
    assert (reminders(DeliveryState.QUEUED), Conversation.objects.standing().count()) == (2, 1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=UNDO[words], exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    assert_told(page, TAKEN_BACK[words], DONE[words])
    assert (reminders(DeliveryState.QUEUED), Conversation.objects.standing().count()) == (0, 0)


def assert_told(page, words, done):
    """The title begins with the success, and the focus is on the message, so that a screen reader says both."""
    expect(page.locator(".messages:focus")).to_contain_text(words)
    expect(page).to_have_title(re.compile(f"^{done} "))


def reminders(state):
    return OutgoingEmail.objects.filter(kind="reminder", state=state).count()
