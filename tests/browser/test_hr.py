"""HR tasks by keyboard only, and without JavaScript on a narrow screen."""

import pytest
from playwright.sync_api import expect

from courseware.accounts.models import User
from courseware.assignments.models import AssignmentRule
from tests.browser.courses import make_tea_room
from tests.browser.keyboard import Keyboard
from tests.making import make_hr, make_team

NARROW = {"width": 360, "height": 800}


@pytest.fixture
def hr(site):
    make_tea_room()
    make_team("Night shift", learners=2)
    return make_hr(name="Hana Human")


def test_person_is_added_by_keyboard(visit, hr):
    page = visit(hr)
    page.goto("/people/")
    keys = Keyboard(page)
    keys.press(page.get_by_role("link", name="New person"))
    keys.type(page.locator("[name=name]"), "Nora New")
    keys.type(page.locator("[name=sign_in_name]"), "nora@example.com")
    keys.tab_to(page.locator("[name=team]"))
    page.keyboard.type("Night")
    keys.tick(page.get_by_label("Rules of the tea room"))
    keys.press(page.get_by_role("button", name="Add and invite"))
    expect(page.get_by_text("Nora New is added, and the invitation email will be sent soon.")).to_be_visible()
    person = User.objects.get(email="nora@example.com")
    assert [place.team.name for place in person.memberships.all()] == ["Night shift"]
    assert person.enrollments.get().course.identifier == "tea-room"


@pytest.mark.slow
def test_rule_is_switched_on_without_script_on_narrow_screen(visit, hr):
    page = visit(hr, java_script_enabled=False, viewport=NARROW)
    page.goto("/rules/")
    page.get_by_role("link", name="New rule").click()
    page.locator("[name=name]").fill("Everybody at night")
    page.locator("[name=team]").select_option(label="Night shift")
    page.locator("[name=course]").select_option(label="Rules of the tea room")
    page.locator("[name=due_days]").fill("14")
    page.get_by_role("button", name="Save and preview").click()
    page.get_by_role("button", name="Switch on the rule: it affects 2 people").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Everybody at night on")
    assert AssignmentRule.objects.get().is_on
