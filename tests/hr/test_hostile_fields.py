"""Whatever is typed or sent into the forms of people and rules is answered: never by an error of the server.

The forms are read from the pages themselves, so that a new one is tried as well.
"""

from itertools import cycle

import pytest
from bs4 import BeautifulSoup

from tests.site.routes import fill_in, routes
from tests.world import make_world

pytestmark = pytest.mark.django_db
HOSTILE = {
    "very long": "9" * 5000,
    "beyond any key": "99999999999999999999",
    "other digits": "９９",
    "no number": "-1 or 1=1",
    "NUL": "\x00",
    "a day that is none": "0000-00-00",
    "a sign of two halves": "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace") + "\u202e",
}
# What PostgreSQL refuses to keep or to compare, and SQLite does not: the others come no further than the forms.
REFUSED_BY_POSTGRESQL = {"very long", "beyond any key", "NUL"}
# What pages send by scripts, links and boxes that are not on the page of an empty firm.
BESIDE = ("page", "kind", "take", "row", "team", "person", "only", "act", "days", "next", "year", "day", "digest")
OWN = ("people/", "rules/", "team/deputies/")
NO_FORM = {"people/<int:pk>/remove/", "people/teams/<int:pk>/close/"}  # they end what the others need
# Pages of others, which answer HR with 404.
NOT_FOR_HR = {
    "people/conflicts/",
    "people/notes/<uuid:act>/",
    "people/reminders/<int:pk>/",
    "people/<int:pk>/deputies/",
    "team/deputies/",
}


def addresses(world):
    for route, _pattern in routes():
        if route.startswith(OWN) and route not in NO_FORM:
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
    return sorted(named | set(BESIDE))


def answered(response, what):
    assert response.status_code < 500, what
    return response.status_code


def each_value(*before_a_merge):
    """The others only in `make deep`."""
    for name in HOSTILE:
        marks = [] if name in REFUSED_BY_POSTGRESQL else [pytest.mark.any_database]
        marks += [] if name in before_a_merge else [pytest.mark.deep]
        yield pytest.param(name, marks=marks)


@pytest.mark.exhaustive
def test_something_else_in_each_field_at_once(client, world):
    asked = list(addresses(world))
    assert len(asked) > 50
    for number, (route, address) in enumerate(asked):
        values = cycle(list(HOSTILE.values())[number % len(HOSTILE) :] + list(HOSTILE.values()))
        fields = dict(zip(fields_of(client, route, address), values, strict=False))
        answered(client.get(address, fields), f"GET {route}")
        answered(client.post(address, fields), f"POST {route}")


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", list(each_value("very long", "NUL")))
def test_the_same_in_every_field_at_once(client, world, name):
    for route, address in addresses(world):
        fields = dict.fromkeys(fields_of(client, route, address), HOSTILE[name])
        answered(client.get(address, fields), f"GET {route}")
        answered(client.post(address, fields), f"POST {route}")


@pytest.mark.exhaustive  # each takes a minute
@pytest.mark.parametrize("name", list(each_value("NUL")))
def test_each_field_alone(client, world, name):
    for route, address in addresses(world):
        for field in fields_of(client, route, address):
            answered(client.get(address, {field: HOSTILE[name]}), f"GET {route} {field}")
            answered(client.post(address, {field: HOSTILE[name]}), f"POST {route} {field}")


def test_a_very_long_number_takes_no_row_of_a_list(client, world):
    address = fill_in("people/import/<int:roster>/", world.places)
    assert client.post(address, {"take": "9" * 5000}).status_code in (302, 422)
