"""Who is away at this moment is found in the lists of people."""

from datetime import timedelta

import pytest

from courseware.learning.postponing import mark_away
from courseware.lib.dates import site_day
from tests.making import make_admin, make_hr, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def people():
    for name, first in (("Now", 0), ("Later", 3)):
        mark_away(make_user(name), site_day() + first * DAY, site_day() + (first + 2) * DAY, by=None)
    make_user("Here")


def test_in_that_of_human_resources(client, people):
    client.force_login(make_hr())
    assert [person.name for person in client.get("/people/?standing=away").context["page"]] == ["Now"]


def test_in_that_of_the_admin(client, people):
    client.force_login(make_admin())
    found = client.get("/admin/accounts/user/?away=now").context["cl"].result_list
    assert [person.name for person in found] == ["Now"]
