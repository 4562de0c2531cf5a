"""Every address that takes a POST either asks for recent authentication or is listed as one that does not."""

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


def test_which_addresses_ask_for_recent_authentication(world, settings, unrendered):
    settings.FRESH_SIGN_IN = True  # sessions of `force_login` know of no password that was given
    senders, table, found = {}, classified(), {}
    for route, role in roles_that_post().items():
        sender = senders.setdefault(role, Sender(world, role))
        sender.forms["people/<int:pk>/places/"]["role"] = "manager"
        response = sender.take_back(sender.post, route.removeprefix("/"))
        found[route] = "asks" if asks(response) else "free"
    wrong = [f"{word} {route}" for route, word in found.items() if table.get(route) != word]
    assert not wrong, "recent_authentication.txt: decide what these shall be; now they are:\n" + "\n".join(wrong)
    assert not (gone := sorted(table.keys() - found.keys())), f"take out of recent_authentication.txt: {gone}"


def test_a_learner_is_placed_without_it(world, settings):
    settings.FRESH_SIGN_IN = True
    sender = Sender(world, "HR")
    assert not asks(sender.take_back(sender.post, "people/<int:pk>/places/"))
