"""POST routes and admin pages that ask for recent authentication."""

from pathlib import Path

import pytest

from tests.site.test_access import ALL_ROUTES, REFUSED, Sender, read_table, with_actions
from tests.world import ROLES

TABLE = Path(__file__).with_name("recent_authentication.txt")
# Each route is sent to by the first of these roles that is allowed.
TRIED = ["HR", "admin", "manager", *ROLES]
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


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


@pytest.mark.any_database
def test_listed_routes_ask_for_recent_authentication(world, settings, unrendered):
    settings.REQUIRE_REAUTHENTICATION = True  # `force_login` records no password
    senders, table, found = {}, classified(), {}
    for route, role in roles_that_post().items():
        sender = senders.setdefault(role, Sender(world, role))
        sender.forms["people/<int:pk>/memberships/"]["role"] = "manager"
        response = sender.roll_back_after(sender.post, route.removeprefix("/"))
        found[route] = "asks" if asks(response) else "free"
    wrong = [f"{word} {route}" for route, word in found.items() if table.get(route) != word]
    assert not wrong, "recent_authentication.txt: decide what these shall be; now they are:\n" + "\n".join(wrong)
    assert not (gone := sorted(table.keys() - found.keys())), f"take out of recent_authentication.txt: {gone}"


def test_learner_membership_needs_no_recent_authentication(world, settings):
    settings.REQUIRE_REAUTHENTICATION = True
    sender = Sender(world, "HR")
    assert not asks(sender.roll_back_after(sender.post, "people/<int:pk>/memberships/"))


# Pages that ask before they are shown ---------------------------------------------------------------------------------


# Pages about rights and addresses
RIGHTS = ("admin/accounts/user/", "admin/accounts/team/", "admin/auth/group/")
OWN_FACTORS = "accounts/two-factor/"
# HR pages that show addresses
HR_PAGES = {
    "people/<int:pk>/edit/",
    "people/<int:pk>/merge/",
    "people/certificates/<int:pk>/revoke/",
    "people/external-training/<int:training>/undo/",
}
REPORT_FILES = {f"team/reports/{name}" for name in ("report.csv", "report.xlsx", "audit-pack.zip")}
BRANDING_PAGES = {"branding/", "branding/<id:course>/"}  # sender of emails
# Pages below these that need no authentication
NOT_ASKED = {
    "admin/accounts/team/enrolling/<int:pk>/",  # enrolls people of a team and gives nobody a right
    OWN_FACTORS,  # shows which there are
    f"{OWN_FACTORS}code/",  # a step of signing in
    f"{OWN_FACTORS}app/remove/",  # there is none to be removed here: see tests/accounts/test_two_factor.py
    f"{OWN_FACTORS}codes/",  # shown once, when they are made
    *(f"{place}<path:object_id>/{end}" for place in RIGHTS for end in ("", "history/")),
}


@pytest.mark.any_database
def test_listed_pages_ask_admin_before_display(world, settings, unrendered):
    settings.REQUIRE_REAUTHENTICATION = True
    asked, sender = set(), Sender(world, "admin")
    for route in ALL_ROUTES:
        response = sender.roll_back_after(sender.get, route)
        if response.status_code == 302 and response["Location"].startswith("/accounts/reauthenticate/"):
            asked.add(route)
    rights = {route for route in ALL_ROUTES if route.startswith((*RIGHTS, OWN_FACTORS))} - NOT_ASKED
    # Lists ask only before an action.
    rights -= set(RIGHTS)
    publishing = {"admin/content/course/<int:pk>/publish/"}
    exports = {"team/dashboard.csv", "team/dashboard.xlsx", *REPORT_FILES}
    assert asked == rights | publishing | exports | HR_PAGES | BRANDING_PAGES
