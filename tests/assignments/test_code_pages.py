import re

import pytest
from django.urls import reverse

from courseware.accounts.models import User
from courseware.accounts.ways_in import SignInCode
from tests.making import PASSWORD, join, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return User.objects.create_user(None, None, name="Wu Fan", staff_number="A7")


def page_of(person):
    return reverse("assignments:sign-in-code", args=[person.pk])


def sign_in(client, user):
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})


def test_looking_makes_none_and_pressing_shows_one_that_works_with_the_way_in(client, person, settings):
    settings.SITE_URL = "https://training.example.com"
    sign_in(client, make_hr(language="en"))
    assert "Make the code" in client.get(page_of(person)).content.decode()
    assert SignInCode.objects.count() == 0
    response = client.post(page_of(person))
    page = response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert "Open training.example.com and press" in page
    assert "Type A7, and the code." in page
    code = "".join(re.findall(r"<span>([A-Z0-9]{4})</span>", page))
    other = type(client)()
    assert other.post(reverse("account_sign_in_code"), {"name": "A7", "code": code}).status_code == 302


def test_a_lead_gives_one_to_the_own_people_only(client, person):
    team = make_team(manager=make_user(language="en"))
    sign_in(client, team.manager)
    assert client.get(page_of(person)).status_code == 404
    assert client.post(page_of(person)).status_code == 404
    join(team, person)
    assert client.post(page_of(person)).status_code == 200
    assert client.get(page_of(make_user())).status_code == 404
    assert client.get(reverse("assignments:sign-in-code", args=[0])).status_code == 404


def test_who_signed_in_long_ago_shows_first_who_it_is(client, person, settings):
    settings.FRESH_SIGN_IN = True
    client.force_login(make_hr())
    response = client.post(page_of(person))
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    assert SignInCode.objects.count() == 0
