"""Every address of the site, asked by an administrator whose password is some time ago."""

import pytest

from tests.site.test_access import ALL_ROUTES, Sender

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.long]

# People, teams with their memberships, and groups: who may do and see what, and at which address they are reached.
RIGHTS = ("admin/accounts/user/", "admin/accounts/team/", "admin/auth/group/")
OWN_FACTORS = "accounts/second-factor/"
# Of human resources: these show at once how somebody is reached.
BY_HUMAN_RESOURCES = {
    "people/<int:pk>/edit/",
    "people/<int:pk>/merge/",
    "people/certificates/<int:pk>/withdraw/",
    "people/outside/<int:training>/take-back/",
}
REPORT_FILES = {f"team/reports/{name}" for name in ("report.csv", "report.xlsx", "pack.zip")}
HOUSE_STYLE = {"house-style/", "house-style/<id:course>/"}  # the address that letters come from
# Below the places above, and nothing is changed or shown there that is not on the list as well.
NOT_ASKED = {
    "admin/accounts/team/enrolling/<int:pk>/",  # enrolls people of a team and gives nobody a right
    OWN_FACTORS,  # shows which there are
    f"{OWN_FACTORS}code/",  # a step of signing in
    f"{OWN_FACTORS}app/remove/",  # there is none to be removed here: see tests/accounts/test_second_factor.py
    f"{OWN_FACTORS}codes/",  # shown once, when they are made
    *(f"{place}<path:object_id>/{end}" for place in RIGHTS for end in ("", "history/")),
}


def test_which_pages_ask_an_administrator_who_it_is_before_they_are_shown(world, settings, unrendered):
    """Addresses that take a POST are in test_recent_authentication.py."""
    settings.FRESH_SIGN_IN = True
    asked, sender = set(), Sender(world, "admin")
    for route in ALL_ROUTES:
        response = sender.take_back(sender.get, route)
        if response.status_code == 302 and response["Location"].startswith("/accounts/reauthenticate/"):
            asked.add(route)
    rights = {route for route in ALL_ROUTES if route.startswith((*RIGHTS, OWN_FACTORS))} - NOT_ASKED
    # The lists are asked about only when something is done there.
    rights -= set(RIGHTS)
    publishing = {"admin/content/course/<int:pk>/publish/"}
    exports = {"team/board.csv", "team/board.xlsx", *REPORT_FILES}
    assert asked == rights | publishing | exports | BY_HUMAN_RESOURCES | HOUSE_STYLE
