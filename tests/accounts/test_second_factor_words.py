"""What the pages of the second factor say to whoever sets one up."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from tests.accounts.test_second_factor import secret_on
from tests.making import PASSWORD, code_of_an_app, make_user

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


@pytest.fixture
def signed_in(client):
    person = make_user(language="en")
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    return client


def test_the_key_to_type_stands_in_pieces_of_four(signed_in):
    page = BeautifulSoup(signed_in.get(reverse("mfa_activate_totp")).content, "html.parser")
    pieces = [piece.get_text() for piece in page.select(".door-key span")]
    assert {len(piece) for piece in pieces} == {4}
    assert len("".join(pieces)) == 32


def test_a_wrong_code_is_told_with_what_to_do(signed_in):
    page = signed_in.get(reverse("mfa_activate_totp")).content.decode()
    wrong = str((int(code_of_an_app(secret_on(page))) + 1) % 10**6).zfill(6)
    response = signed_in.post(reverse("mfa_activate_totp"), {"code": wrong})
    assert "Type the one it shows now." in response.content.decode()


def test_the_sheet_of_recovery_codes_says_on_paper_where_they_are_for(signed_in):
    secret = secret_on(signed_in.get(reverse("mfa_activate_totp")).content.decode())
    led = signed_in.post(reverse("mfa_activate_totp"), {"code": code_of_an_app(secret)})["Location"]
    page = BeautifulSoup(signed_in.get(led).content, "html.parser")
    today = timezone.localdate()
    said = f"Staff training · testserver · {today.day} {today:%B %Y}"
    assert page.find(class_="door-paper").get_text() == said
    assert "no-print" in page.find("a", string="I have them. Go on").parent["class"]


@pytest.mark.parametrize(("browser", "name"), [(FIREFOX, "Firefox · Linux"), ("curl/8", "Master key")])
def test_a_new_passkey_is_called_by_where_it_is_made(signed_in, browser, name):
    response = signed_in.get(reverse("mfa_add_webauthn"), headers={"user-agent": browser})
    page = BeautifulSoup(response.content, "html.parser")
    assert page.find("input", attrs={"name": "name"})["value"] == name
