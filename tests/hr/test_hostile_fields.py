"""Hostile input in any field of the pages for HR causes no server error. Fields are read from the pages."""

from itertools import cycle

import pytest
from bs4 import BeautifulSoup

from tests.site.routes import fill_in, routes
from tests.world import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
HOSTILE = {
    "very long": "9" * 5000,
    "beyond any key": "99999999999999999999",
    "other digits": "９９",
    "no number": "-1 or 1=1",
    "NUL": "\x00",
    "a day that is none": "0000-00-00",
    "a sign of two halves": "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace") + "\u202e",
}
# PostgreSQL rejects these and SQLite does not; forms stop the others.
REFUSED_BY_POSTGRESQL = {"very long", "beyond any key", "NUL"}
# Sent by scripts, links and checkboxes that pages of an empty company do not have.
EXTRA_FIELDS = ("page", "kind", "take", "row", "team", "person", "only", "act", "days", "next", "year", "day", "digest")
PREFIXES = ("people/", "rules/", "team/deputies/")
NO_FORM = {"people/<int:pk>/remove/", "people/teams/<int:pk>/close/"}  # they delete what other pages need
# These answer HR with 404.
NOT_FOR_HR = {
    "people/conflicts/",
    "people/notes/<uuid:act>/",
    "people/reminders/<int:pk>/",
    "people/<int:pk>/deputies/",
    "team/deputies/",
}


def addresses(world):
    for route, _pattern in routes():
        if route.startswith(PREFIXES) and route not in NO_FORM:
            yield route, fill_in(route, world.places)


@pytest.fixture
def world(client):
    world = make_world()
    client.force_login(world.people["HR"])
    return world


def fields_of(client, route, address):
    response = client.get(address)
    assert response.status_code in (200, 405) or route in NOT_FOR_HR, route
    page = BeautifulSoup(response.content, "html.parser")
    named = {control["name"] for control in page.select("main [name]")} - {"csrfmiddlewaretoken", "password"}
    return sorted(named | set(EXTRA_FIELDS))


def assert_no_server_error(response, label):
    assert response.status_code < 500, label
    return response.status_code


def each_value(*before_a_merge):
    """Values not named here run only in `make deep`."""
    for name in HOSTILE:
        marks = [] if name in REFUSED_BY_POSTGRESQL else [pytest.mark.any_database]
        marks += [] if name in before_a_merge else [pytest.mark.deep]
        yield pytest.param(name, marks=marks)


def test_different_values_in_all_fields(client, world):
    asked = list(addresses(world))
    assert len(asked) > 50
    for number, (route, address) in enumerate(asked):
        values = cycle(list(HOSTILE.values())[number % len(HOSTILE) :] + list(HOSTILE.values()))
        fields = dict(zip(fields_of(client, route, address), values, strict=False))
        assert_no_server_error(client.get(address, fields), f"GET {route}")
        assert_no_server_error(client.post(address, fields), f"POST {route}")


@pytest.mark.parametrize("name", list(each_value("very long", "NUL")))
def test_same_value_in_all_fields(client, world, name):
    for route, address in addresses(world):
        fields = dict.fromkeys(fields_of(client, route, address), HOSTILE[name])
        assert_no_server_error(client.get(address, fields), f"GET {route}")
        assert_no_server_error(client.post(address, fields), f"POST {route}")


@pytest.mark.slow  # each takes a minute
@pytest.mark.parametrize("name", list(each_value()))
def test_value_in_each_single_field(client, world, name):
    for route, address in addresses(world):
        for field in fields_of(client, route, address):
            assert_no_server_error(client.get(address, {field: HOSTILE[name]}), f"GET {route} {field}")
            assert_no_server_error(client.post(address, {field: HOSTILE[name]}), f"POST {route} {field}")


def test_very_long_row_number_is_refused(client, world):
    address = fill_in("people/import/<int:roster>/", world.places)
    assert client.post(address, {"take": "9" * 5000}).status_code in (302, 422)
