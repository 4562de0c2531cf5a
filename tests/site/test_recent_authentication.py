"""Every address that takes a POST, and every page of administrators: which ask for recent authentication."""

from pathlib import Path

import pytest

from tests.site.test_access import ALL_ROUTES, REFUSED, Sender, read_table, with_actions
from tests.world import ROLES

TABLE = Path(__file__).with_name("recent_authentication.txt")
# Each address is sent to by the first of these roles that gets an answer there.
TRIED = ["HR", "admin", "manager", *ROLES]
pytestmark = pytest.mark.django_db


def classified():
    """Route → "asks" or "free"."""
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert len(lines) == len({route for _, route in lines}), "recent_authentication.txt: an address is there twice"
    return {each: word for word, route in lines for each in with_actions(route)}


def roles_that_post():
    """Route → a role that gets an answer to a POST there."""
    rows = {route: answers for (method, route), answers in read_table().items() if method == "POST"}
    return {
        f"/{route}": next(role for role in TRIED if rows[f"/{route}"][ROLES.index(role)] not in REFUSED)
        for route in ALL_ROUTES
        if not REFUSED.issuperset(rows.get(f"/{route}", REFUSED))
    }


def asks(response):
    return response.status_code == 302 and "/reauthenticate/" in response["Location"]


@pytest.mark.exhaustive
@pytest.mark.any_database
def test_which_addresses_ask_for_recent_authentication(world, settings, unrendered):
    settings.REQUIRE_REAUTHENTICATION = True  # sessions of `force_login` know of no password that was given
    senders, table, found = {}, classified(), {}
    for route, role in roles_that_post().items():
        sender = senders.setdefault(role, Sender(world, role))
        sender.forms["people/<int:pk>/memberships/"]["role"] = "manager"
        response = sender.take_back(sender.post, route.removeprefix("/"))
        found[route] = "asks" if asks(response) else "free"
    wrong = [f"{word} {route}" for route, word in found.items() if table.get(route) != word]
    assert not wrong, "recent_authentication.txt: decide what these shall be; now they are:\n" + "\n".join(wrong)
    assert not (gone := sorted(table.keys() - found.keys())), f"take out of recent_authentication.txt: {gone}"


def test_a_learner_is_placed_without_it(world, settings):
    settings.REQUIRE_REAUTHENTICATION = True
    sender = Sender(world, "HR")
    assert not asks(sender.take_back(sender.post, "people/<int:pk>/memberships/"))


# Pages that ask before they are shown ---------------------------------------------------------------------------------


# People, teams with their memberships, and groups: who may do and see what, and at which address they are reached.
RIGHTS = ("admin/accounts/user/", "admin/accounts/team/", "admin/auth/group/")
OWN_FACTORS = "accounts/two-factor/"
# Of human resources: these show at once how somebody is reached.
BY_HUMAN_RESOURCES = {
    "people/<int:pk>/edit/",
    "people/<int:pk>/merge/",
    "people/certificates/<int:pk>/withdraw/",
    "people/external-training/<int:training>/undo/",
}
REPORT_FILES = {f"team/reports/{name}" for name in ("report.csv", "report.xlsx", "pack.zip")}
HOUSE_STYLE = {"branding/", "branding/<id:course>/"}  # the address that letters come from
# Below the places above, and nothing is changed or shown there that is not on the list as well.
NOT_ASKED = {
    "admin/accounts/team/enrolling/<int:pk>/",  # enrolls people of a team and gives nobody a right
    OWN_FACTORS,  # shows which there are
    f"{OWN_FACTORS}code/",  # a step of signing in
    f"{OWN_FACTORS}app/remove/",  # there is none to be removed here: see tests/accounts/test_two_factor.py
    f"{OWN_FACTORS}codes/",  # shown once, when they are made
    *(f"{place}<path:object_id>/{end}" for place in RIGHTS for end in ("", "history/")),
}


@pytest.mark.long
@pytest.mark.exhaustive
@pytest.mark.any_database
def test_which_pages_ask_an_administrator_who_it_is_before_they_are_shown(world, settings, unrendered):
    settings.REQUIRE_REAUTHENTICATION = True
    asked, sender = set(), Sender(world, "admin")
    for route in ALL_ROUTES:
        response = sender.take_back(sender.get, route)
        if response.status_code == 302 and response["Location"].startswith("/accounts/reauthenticate/"):
            asked.add(route)
    rights = {route for route in ALL_ROUTES if route.startswith((*RIGHTS, OWN_FACTORS))} - NOT_ASKED
    # The lists are asked about only when something is done there.
    rights -= set(RIGHTS)
    publishing = {"admin/content/course/<int:pk>/publish/"}
    exports = {"team/dashboard.csv", "team/dashboard.xlsx", *REPORT_FILES}
    assert asked == rights | publishing | exports | BY_HUMAN_RESOURCES | HOUSE_STYLE
