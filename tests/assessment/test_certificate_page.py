"""The page of a certificate, which anybody with its number may open."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from courseware.assessment.models import Certificate
from tests.assessment.exams import make_course, ready, sit
from tests.making import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate():
    sit(ready(make_course(), make_user("Wang <b>Xiaoming</b>")))
    return Certificate.objects.get()


def test_anyone_with_the_number_sees_what_the_certificate_says_without_a_session(certificate):
    stranger = Client()
    response = stranger.get(f"/certificates/{certificate.number}/")
    text = BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)
    for said in ("Wang <b>Xiaoming</b>", "Rules of the tea room", "4 / 4", certificate.number[:4], "✓ Valid"):
        assert said in text
    assert "sessionid" not in stranger.cookies
    assert certificate.enrollment.learner.email not in response.text


def test_a_certificate_speaks_the_language_of_its_reader(client, certificate):
    response = client.get(f"/certificates/{certificate.number}/", headers={"accept-language": "zh-Hans"})
    assert "茶水间守则" in response.text


def test_a_certificate_that_has_run_out_says_so(client, certificate):
    certificate.valid_until = timezone.localdate() - timedelta(days=1)
    certificate.save()
    text = client.get(f"/certificates/{certificate.number}/").text
    assert "No longer valid" in text
    assert "✓" not in text


def test_an_unknown_number_is_not_found_and_offers_a_field(client):
    response = client.get(f"/certificates/{'0' * 32}/")
    assert response.status_code == 404
    field = BeautifulSoup(response.content, "html.parser").select_one("input[name=number]")
    assert field["value"] == "0" * 32


@pytest.mark.parametrize(
    "write",
    [str, str.upper, " ".join, lambda number: f" {number[:4]}\u3000{number[4:]}\t", lambda number: "-".join(number)],
    ids=["as it is", "large", "spaced", "other blanks", "hyphens"],
)
def test_a_number_is_found_however_it_is_typed(client, certificate, write):
    response = client.get("/certificates/", {"number": write(certificate.number)})
    assert response["Location"] == f"/certificates/{certificate.number}/"


@pytest.mark.parametrize("number", ["", " ", "abc", "g" * 32, "0" * 33, "0" * 500, "\0" * 32, "<script>"])
def test_what_cannot_be_a_number_is_explained(client, number):
    response = client.get("/certificates/", {"number": number})
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert "<script>" not in BeautifulSoup(response.content, "html.parser").select_one("main").decode_contents()


def test_only_the_holder_is_told_how_to_keep_it(client, certificate):
    address = f"/certificates/{certificate.number}/"
    assert "print this page" not in client.get(address).text
    client.force_login(certificate.enrollment.learner)
    assert "print this page" in client.get(address).text
