"""WCAG 2.2 AA and best practices on HR pages."""

import re
from http import HTTPStatus

import pytest
from django.test import Client

from courseware.assignments.models import AssignmentRule
from courseware.assignments.rules.execution import act
from courseware.assignments.rules.lifecycle import switch_on
from courseware.learning.manager_actions import FOR_MANY
from tests.accounts.roster_import.files import csv_file
from tests.browser.courses import make_tea_room
from tests.browser.invalid_forms import empty
from tests.browser.test_accessibility import assert_fine, form_problems, languages, looks_of, misfits_of, shown_problems
from tests.making import join, make_user
from tests.site.routes import fill_in, routes
from tests.world import make_world

pytestmark = pytest.mark.slow

OURS = re.compile(r"people/|rules/")
LIST = (
    ("工号", "姓名", "邮箱", "团队"),
    ("A1", "Nora New", "nora@example.com", "Night shift"),
    ("A2", "Otto", "no address", "Nihgt shift"),
)
WITH_ERRORS = {
    "new person": ("HR", empty("/people/new/")),
    "pasted people": ("HR", empty("/people/new/list/")),
    "list": ("HR", empty("/people/import/")),
    "person": ("HR", empty("/people/{learner}/edit/")),
    "absence": ("HR", empty("/people/{learner}/absences/")),
    "new team": ("HR", empty("/people/teams/new/")),
    "new door": ("HR", empty("/people/chat-bots/new/")),
    "working days": ("HR", empty("/people/calendar/")),
    "new rule": ("HR", empty("/rules/new/")),
    "decision": ("manager", empty("/people/actions/exempt/?team={team}")),
}


@pytest.fixture
def world(site):
    world = make_world(make_tea_room())
    for number in range(3):
        join(world.team, make_user(f"Newcomer {number}"))
    switch_on(AssignmentRule.objects.get(), by=world.people["HR"])
    act()
    return world


def addresses(world):
    """Return the pages below /people/ and /rules/ that HR can open."""
    client = Client()
    client.force_login(world.people["HR"])
    found = dict.fromkeys(fill_in(route, world.places) for route, _pattern in routes() if OURS.match(route))
    return [address for address in found if client.get(address).status_code == HTTPStatus.OK]


@languages()
def test_hr_pages(language, visit, world):
    pages = addresses(world)
    assert len(pages) > 20
    assert_fine(visit(world.people["HR"], language=language), pages)


@languages()
def test_hr_pages_open_to_managers(language, visit, world):
    change = world.places["people/changes/<pk>"]
    pages = ["/team/deputies/", "/people/invite-links/", f"/people/changes/{change}/"]
    pages.append(f"/people/{world.learner.pk}/absences/")
    pages += [f"/people/actions/{action.address}/?team={world.team.pk}" for action in FOR_MANY]
    assert_fine(visit(world.people["manager"], language=language), pages)


@languages()
def test_roster_import_preview(language, visit, world, tmp_path):
    (tmp_path / "people.csv").write_bytes(csv_file(*LIST))
    page = visit(world.people["HR"], language=language)
    page.goto("/people/import/")
    page.locator("[name=file]").set_input_files(tmp_path / "people.csv")
    with page.expect_navigation():
        page.locator("main form button").first.click()
    assert page.get_by_text("Nihgt shift").count()
    assert shown_problems(page, "difference", looks_of(page)) + misfits_of(page, "difference") == []


@languages()
def test_hr_pages_with_form_errors(language, visit, world):
    assert form_problems(visit, world, WITH_ERRORS, language) == []
