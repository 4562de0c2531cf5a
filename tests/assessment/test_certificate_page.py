"""The page of a certificate, which anybody with its number may open."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format

from courseware.assessment.certificate_numbers import grouped
from courseware.assessment.certifying import issue
from courseware.assessment.models import Certificate
from tests.assessment.exams import make_course, ready, sit
from tests.assessment.sitting import soup
from tests.making import make_admin, make_enrollment, make_user
from tests.world import outline_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate():
    sit(ready(make_course(), make_user("Wang <b>Xiaoming</b>")))
    return Certificate.objects.get()


def test_anyone_with_the_number_sees_what_the_certificate_says_without_a_session(certificate):
    stranger = Client()
    response = stranger.get(f"/certificates/{certificate.number}/")
    text = soup(response).get_text(" ", strip=True)
    for said in ("Wang <b>Xiaoming</b>", "Rules of the tea room", "4 / 4", certificate.number[:4], "✓ Valid"):
        assert said in text
    assert "sessionid" not in stranger.cookies
    assert certificate.enrollment.learner.email not in response.text


def test_its_line_has_a_stop_for_each_module_of_the_course(client, certificate):
    page = soup(client.get(f"/certificates/{certificate.number}/"))
    modules = outline_of(certificate.enrollment.course).modules
    assert len(page.select("svg.whole-line circle")) == len(modules)


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
    field = soup(response).select_one("input[name=number]")
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
    assert "<script>" not in soup(response).select_one("main").decode_contents()


@pytest.mark.parametrize("number", ["K7QM3X9DHFA64", "K7QM-3X9D-HFA4-C"])
def test_a_number_with_a_wrong_sign_is_told_from_one_that_nobody_has(client, number):
    response = client.get("/certificates/", {"number": number})
    assert response.status_code == 422
    assert "At least one sign is wrong." in response.text


def facts(response):
    page = soup(response)
    return {each.dt.text: each.dd.text for each in page.select("article dl > div")}


def test_the_page_says_all_that_stands_on_paper(client, certificate):
    Certificate.objects.update(minutes={"zh-hans": 140, "en": 140}, signer={"en": "Yang Lan"}, issuer={"en": "Hexin"})
    response = client.get(f"/certificates/{certificate.number}/")
    day, release = (
        date_format(timezone.localdate(), "DATE_FORMAT"),
        date_format(timezone.localdate(), "YEAR_MONTH_FORMAT"),
    )
    said = facts(response)
    until = said.pop("Valid until")
    assert until == date_format(certificate.valid_until, "DATE_FORMAT")
    assert said == {
        "Completed on": day,
        "Required": "about 2 hours 20 minutes",
        "Exam": "4 / 4",
        "Release of the course": f"1 ({release})",
        "Signed for the firm": "Yang Lan",
        "Number": grouped(certificate.number),
    }
    assert soup(response).select_one(".issuer").text.strip() == "Hexin"


def test_minutes_are_those_that_were_required_when_it_was_issued_and_none_of_one_from_before(client, certificate):
    assert certificate.minutes == {"zh-hans": 6.5, "en": 7}
    response = client.get(f"/certificates/{certificate.number}/", headers={"accept-language": "zh-Hans"})
    assert "约6.5分钟" in facts(response).values()  # as home says it
    Certificate.objects.update(minutes={})
    assert "Required" not in facts(client.get(f"/certificates/{certificate.number}/"))


def test_one_that_was_replaced_says_since_when_and_not_where_the_newer_one_was_withdrawn(client, certificate):
    address = f"/certificates/{certificate.number}/"
    assert "Replaced" not in client.get(address).text
    renewal = make_enrollment(certificate.enrollment.learner, course=certificate.enrollment.course)
    newer = issue(renewal, at=timezone.now())
    text = client.get(address).text
    assert "Replaced" in text and "✓" not in text and newer.number not in text
    assert "✓ Valid" in client.get(f"/certificates/{newer.number}/").text
    Certificate.objects.filter(pk=newer.pk).update(
        withdrawn_at=timezone.now(), withdrawn_by=make_admin(), withdrawn_reason="A mistake"
    )
    assert "✓ Valid" in client.get(address).text
    other = make_enrollment(course=certificate.enrollment.course)
    issue(other, at=timezone.now())
    assert "✓ Valid" in client.get(address).text
