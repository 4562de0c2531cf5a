"""The page on which a key for programs is made, shown once, and ended."""

from datetime import timedelta

import pytest

from courseware.accounts.api_keys import ApiKey, make_key
from courseware.lib.dates import site_day
from courseware.reporting.views import api_pages
from tests.making import (
    make_hr,
)
from tests.reporting.programs import Program

pytestmark = pytest.mark.django_db


def post(client, **fields):
    said = {"name": "Charts", "ends_on": (site_day() + timedelta(days=30)).isoformat()} | fields
    return client.post("/api/", said, headers={"accept-language": "en"})


def test_a_key_is_shown_by_the_press_that_made_it_and_never_again(team, client):
    client.force_login(team.manager)
    page = post(client)
    secret = page.context["secret"]
    assert f'value="{secret}"' in page.text
    again = post(client)
    assert again.status_code == 422 and "You have a key of this name." in again.text
    listed = client.get("/api/", headers={"accept-language": "en"}).text
    assert "Charts" in listed and "never used" in listed and secret not in listed


@pytest.mark.parametrize("ahead", [-1, 366])
def test_a_key_ends_from_today_on_and_within_a_year(team, client, ahead):
    client.force_login(team.manager)
    page = post(client, ends_on=(site_day() + timedelta(days=ahead)).isoformat())
    assert page.status_code == 422 and "at most a year from now" in page.text
    assert not ApiKey.objects.exists()
    for fitting in (0, 365):
        assert post(client, name=f"{fitting}", ends_on=(site_day() + timedelta(days=fitting)).isoformat()).context[
            "secret"
        ]


def test_nobody_has_more_than_ten(team, client):
    client.force_login(team.manager)
    answers = [post(client, name=f"Key {number}").status_code for number in range(11)]
    assert answers == [200] * 10 + [422] and ApiKey.objects.count() == 10


def test_whoever_finds_the_last_place_taken_by_another_form_is_told(team, client, monkeypatch):
    client.force_login(team.manager)

    def taken_meanwhile(person, **said):
        for number in range(10):
            make_key(person, name=f"Key {number}", ends_on=site_day())
        return make_key(person, **said)

    monkeypatch.setattr(api_pages, "make_key", taken_meanwhile)
    page = post(client)
    assert page.status_code == 422 and "You have 10 keys. End one first." in page.text
    assert ApiKey.objects.count() == 10 and page.context["secret"] == ""


def test_a_key_is_ended_by_its_owner_and_no_other(team, client):
    program = Program(team.manager)
    key = ApiKey.objects.get()
    client.force_login(make_hr())
    assert client.post(f"/api/{key.pk}/end/").status_code == 404
    assert program.asks("courses/").status_code == 200
    client.force_login(team.manager)
    assert client.post(f"/api/{key.pk}/end/").status_code == 302
    assert program.asks("courses/").status_code == 401
