"""Certificate PDFs: content, created once, access; and the public page."""

import hashlib
import io
import json
from datetime import timedelta

import pytest
import typst
import zxingcpp
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from PIL import Image
from pypdf import PdfReader

from courseware.assessment.certificates import pdf
from courseware.assessment.certificates.issuing import issue, revoke_certificate
from courseware.assessment.certificates.numbers import grouped
from courseware.assessment.certificates.pdf import TEMPLATE, RevokedCertificate, pdf_of, rendered_pdf, template_data
from courseware.assessment.models import Certificate, CertificatePdf
from courseware.audit_log.models import Event
from courseware.branding.models import Branding
from courseware.lib.text.pdf import fonts_in
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import make_course, ready, sit, soup
from tests.branding.branding_helpers import put_on
from tests.making import make_admin, make_enrollment, make_hr, make_user

pytestmark = pytest.mark.django_db


def certificate_of(name="Wang Xiaoming"):
    sit(ready(make_course(), make_user(name)))
    return Certificate.objects.select_related("enrollment__learner", "release__course").get()


@pytest.fixture
def certificate():
    return certificate_of()


@pytest.fixture
def holder(certificate):
    return certificate.enrollment.learner


def text_of(body):
    return " ".join(PdfReader(io.BytesIO(bytes(body))).pages[0].extract_text().split())


def request_pdf(client, certificate):
    return client.post(f"/certificates/{certificate.number}/pdf/")


def pdf_url(certificate, language="en"):
    return f"/certificates/{certificate.number}/{language}.pdf"


@pytest.mark.slow
def test_pdf_has_all_texts_of_page(client, holder, certificate):
    client.force_login(holder)
    response = client.get(f"/certificates/{certificate.number}/")
    page = soup(response).select_one("article")
    texts = [each.get_text(" ", strip=True) for each in page.select("h1, .holder, .course-title, dt, dd")]
    pdf_text = text_of(rendered_pdf(certificate, "en"))
    assert [text for text in texts if text not in pdf_text] == []
    assert len(texts) > 9


def test_pdf_uses_requested_language(certificate):
    pdf_text = text_of(rendered_pdf(certificate, "zh-hans")).replace(" ", "")  # the heading is spaced
    for text in ("结业证书", "WangXiaoming", "《茶水间守则》", "完成日期", "第1版"):
        assert text in pdf_text
    assert "Certificate" not in pdf_text


def test_pdf_is_accessible_to_screen_readers(certificate):
    read = PdfReader(io.BytesIO(rendered_pdf(certificate, "zh-hans")))
    root = read.trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "zh-CN")
    assert read.metadata.title == "结业证书 – Wang Xiaoming"
    assert len(read.pages) == 1
    width, height = (round(float(side) / 72 * 25.4) for side in read.pages[0].mediabox[2:])
    assert (width, height) == (297, 210)
    tag_types, texts = tags_of(root["/StructTreeRoot"])
    assert tag_types.count("/H1") == 1 and "/Figure" in tag_types
    assert texts == ["这张证书页面的二维码"]


def tags_of(node):
    """(types of all tags, alternative texts)"""
    tag_types, texts = [], []

    def walk(tag):
        tag = tag.get_object()
        if isinstance(tag, list):
            for each in tag:
                walk(each)
        elif isinstance(tag, dict):
            tag_types.append(tag.get("/S"))
            texts.extend([tag["/Alt"]] if "/Alt" in tag else [])
            if "/K" in tag:
                walk(tag.raw_get("/K"))

    walk(node)
    return tag_types, texts


def test_qr_code_links_to_public_page(certificate, settings):
    settings.SITE_URL = "https://training.example.com"
    with override("en"):
        text = json.dumps(template_data(certificate, "en"))
    png = typst.compile(TEMPLATE.read_bytes(), format="png", font_paths=fonts_in(()), sys_inputs={"data": text})
    read = zxingcpp.read_barcode(Image.open(io.BytesIO(png)))
    assert read.text == f"https://training.example.com/certificates/{certificate.number}/"
    assert grouped(certificate.number) in text_of(rendered_pdf(certificate, "en"))


def test_long_facts_stay_on_one_line(certificate, monkeypatch):
    facts = [
        ("Completed on", "30 September 2026"),
        ("Valid until", "29 September 2027"),
        ("Required time", "about 2 hours 55 minutes"),
        ("Exam", "18 / 20"),
        ("Course release", "12 (September 2026)"),
    ]
    monkeypatch.setattr(pdf, "facts_of", lambda *_each: facts)
    lines = PdfReader(io.BytesIO(rendered_pdf(certificate, "en"))).pages[0].extract_text()
    assert [text for _name, text in facts if text not in lines] == []


def test_pdf_uses_branding_of_issue_date():
    put_on(issuer_en="Hexin", light="#7a1f1f")
    certificate = certificate_of()
    Branding.objects.update(set_at=timezone.now() - timezone.timedelta(days=3650))
    put_on(issuer_en="Other", light="#005500")
    with override("en"):
        data = template_data(certificate, "en")
    assert (data["issuer"], data["colour"]) == ("Hexin", "#7a1f1f")


def test_pdf_is_created_on_request_and_never_changes(client, holder, certificate):
    client.force_login(holder)
    assert client.get(pdf_url(certificate)).status_code == 404
    response = request_pdf(client, certificate)
    assert (response.status_code, response["Location"]) == (302, pdf_url(certificate))
    first = client.get(pdf_url(certificate))
    assert (first["Content-Type"], first.content[:5]) == ("application/pdf", b"%PDF-")
    assert first["Content-Disposition"] == f'attachment; filename="certificate-{certificate.number}.en.pdf"'
    Certificate.objects.update(signer={"en": "Somebody else"})
    request_pdf(client, certificate)
    assert client.get(pdf_url(certificate)).content == first.content
    certificate_pdf = CertificatePdf.objects.get()
    event = Event.objects.get(verb="certificate-pdf-created")
    digest = hashlib.sha256(first.content).hexdigest()
    assert certificate_pdf.digest == digest
    assert (event.actor_id, event.data) == (
        holder.pk,
        {"certificate": certificate.pk, "language": "en", "sha256": digest},
    )


def test_button_creates_pdf_and_link_serves_it(client, holder, certificate):
    client.force_login(holder)

    def form_and_link():
        page = soup(client.get(f"/certificates/{certificate.number}/"))
        form, link = page.select_one('form[action$="/pdf/"]'), page.select_one("a[href$='.pdf']")
        return bool(form), link and link["href"]

    assert form_and_link() == (True, None)
    request_pdf(client, certificate)
    assert form_and_link() == (False, pdf_url(certificate))


def test_download_by_another_person_is_logged(client, holder, certificate):
    for person in (holder, make_hr(name="Hana")):
        client.force_login(person)
        request_pdf(client, certificate)
        assert client.get(pdf_url(certificate)).status_code == 200
    assert [event.actor.name for event in Event.objects.filter(verb="record-viewed")] == ["Hana"]
    client.logout()
    assert "PDF" not in client.get(f"/certificates/{certificate.number}/").text


def test_name_with_missing_glyph_shows_error(client, settings):
    certificate = certificate_of("𠮷田")
    client.force_login(certificate.enrollment.learner)
    response = client.post(f"/certificates/{certificate.number}/pdf/", follow=True)
    assert "The PDF fonts do not have the character “𠮷”" in response.text
    assert not CertificatePdf.objects.exists()
    assert "✓ Valid" in response.text


def test_byte_order_mark_in_name_is_ignored(holder, certificate):
    """Pasted lists can contain byte order marks, which an accessible PDF must not contain."""
    Certificate.objects.update(holder="\ufeffWang\ufeff Xiaoming")
    certificate.refresh_from_db()
    assert "Wang Xiaoming" in text_of(pdf_of(certificate, "en", by=holder).body)


def test_revoked_certificate_keeps_old_pdf_but_gets_no_new_one(client, holder, certificate):
    stored = pdf_of(certificate, "en", by=holder)
    revoke_certificate(certificate, reason="A mistake", by=make_admin())
    certificate.refresh_from_db()
    client.force_login(holder)
    assert client.get(pdf_url(certificate)).content == bytes(stored.body)
    page = client.get(f"/certificates/{certificate.number}/").text
    assert "Revoked" in page and "PDF" not in page
    with pytest.raises(RevokedCertificate):
        pdf_of(certificate, "zh-hans", by=holder)
    response = client.post(
        f"/certificates/{certificate.number}/pdf/", follow=True, headers={"accept-language": "zh-Hans"}
    )
    assert CertificatePdf.objects.count() == 1 and response.status_code == 200


def test_revocation_during_rendering_prevents_storing(holder, certificate, monkeypatch):
    real = pdf.rendered_pdf

    def render_after_change(*args):
        revoke_certificate(Certificate.objects.get(), reason="A mistake", by=make_admin())
        return real(*args)

    monkeypatch.setattr(pdf, "rendered_pdf", render_after_change)
    with pytest.raises(RevokedCertificate):
        pdf_of(certificate, "en", by=holder)
    assert not CertificatePdf.objects.exists()
    assert not Event.objects.filter(verb="certificate-pdf-created").exists()


def test_concurrent_request_returns_stored_pdf(holder, certificate, monkeypatch):
    """Another process stores its PDF while this one renders."""
    real = pdf.rendered_pdf

    def render_after_change(*args):
        body = real(*args)
        if not CertificatePdf.objects.exists():
            pdf.store_pdf(certificate, "en", b"the other one", by=holder, at=timezone.now())
        return body

    monkeypatch.setattr(pdf, "rendered_pdf", render_after_change)
    assert bytes(pdf_of(certificate, "en", by=holder).body) == b"the other one"
    assert Event.objects.filter(verb="certificate-pdf-created").count() == 1


def test_file_and_log_entry_are_stored_together(holder, certificate, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr(pdf, "record", fail)
        pdf_of(certificate, "en", by=holder)
    assert not CertificatePdf.objects.exists()
    assert pdf_of(certificate, "en", by=holder).digest == hashlib.sha256(rendered_pdf(certificate, "en")).hexdigest()


@pytest.mark.slow
def test_integrity_check_reports_changed_or_unlogged_pdf(holder, certificate):
    certificate_pdf = pdf_of(certificate, "en", by=holder)
    CertificatePdf.objects.update(body=b"%PDF-forged")
    assert list(differences()) == [
        f"certificate {certificate.pk}: its file in en differs from the one that was created"
    ]
    CertificatePdf.objects.update(digest=hashlib.sha256(b"%PDF-forged").hexdigest())
    assert [line for line in differences() if f"certificate-pdf {certificate_pdf.pk}: the audit log has no" in line]


def test_public_page_shows_certificate_without_session(certificate):
    Certificate.objects.update(holder="Wang <b>Xiaoming</b>")
    stranger = Client()
    response = stranger.get(f"/certificates/{certificate.number}/")
    text = soup(response).get_text(" ", strip=True)
    for fact in ("Wang <b>Xiaoming</b>", "Rules of the tea room", "4 / 4", certificate.number[:4], "✓ Valid"):
        assert fact in text
    assert "sessionid" not in stranger.cookies
    assert certificate.enrollment.learner.email not in response.text


def test_expired_certificate_says_so(client, certificate):
    certificate.valid_until = timezone.localdate() - timedelta(days=1)
    certificate.save()
    text = client.get(f"/certificates/{certificate.number}/").text
    assert "Expired" in text
    assert "✓" not in text


def test_unknown_number_returns_404_with_search_field(client):
    response = client.get(f"/certificates/{'0' * 32}/")
    assert response.status_code == 404
    field = soup(response).select_one("input[name=number]")
    assert field["value"] == "0" * 32


@pytest.mark.parametrize(
    "write",
    [str, str.upper, " ".join, lambda number: f" {number[:4]}\u3000{number[4:]}\t", lambda number: "-".join(number)],
    ids=["as it is", "large", "spaced", "other blanks", "hyphens"],
)
def test_lookup_accepts_number_in_any_spelling(client, certificate, write):
    response = client.get("/certificates/", {"number": write(certificate.number)})
    assert response["Location"] == f"/certificates/{certificate.number}/"


@pytest.mark.parametrize("number", ["", " ", "abc", "g" * 32, "0" * 33, "0" * 500, "\0" * 32, "<script>"])
def test_invalid_number_gets_explanation(client, number):
    response = client.get("/certificates/", {"number": number})
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert "<script>" not in soup(response).select_one("main").decode_contents()


@pytest.mark.parametrize("number", ["K7QM3X9DHFA64", "K7QM-3X9D-HFA4-C"])
def test_mistyped_number_gets_its_own_message(client, number):
    response = client.get("/certificates/", {"number": number})
    assert response.status_code == 422
    assert "At least 1 character of the number is wrong." in response.text


def facts(response):
    page = soup(response)
    return {each.dt.text: each.dd.text for each in page.select("article dl > div")}


def test_public_page_shows_all_certificate_facts(client, certificate):
    Certificate.objects.update(minutes={"zh-hans": 140, "en": 140}, signer={"en": "Yang Lan"}, issuer={"en": "Hexin"})
    response = client.get(f"/certificates/{certificate.number}/")
    day, release = (
        date_format(timezone.localdate(), "DATE_FORMAT"),
        date_format(timezone.localdate(), "YEAR_MONTH_FORMAT"),
    )
    shown = facts(response)
    until = shown.pop("Valid until")
    assert until == date_format(certificate.valid_until, "DATE_FORMAT")
    assert shown == {
        "Completed on": day,
        "Required time": "about 2 hours 20 minutes",
        "Exam": "4 / 4",
        "Course release": f"1 ({release})",
        "Signed for the company": "Yang Lan",
        "Number": grouped(certificate.number),
    }
    assert soup(response).select_one(".issuer").text.strip() == "Hexin"


def test_required_minutes_are_those_at_issue(client, certificate):
    assert certificate.minutes == {"zh-hans": 6.5, "en": 7}
    response = client.get(f"/certificates/{certificate.number}/", headers={"accept-language": "zh-Hans"})
    assert "约7分钟" in facts(response).values()  # as on the home page
    Certificate.objects.update(minutes={})
    assert "Required time" not in facts(client.get(f"/certificates/{certificate.number}/"))


def test_replaced_certificate_says_so_unless_newer_one_is_revoked(client, certificate):
    address = f"/certificates/{certificate.number}/"
    assert "Replaced by a newer certificate" not in client.get(address).text
    renewal = make_enrollment(certificate.enrollment.learner, course=certificate.enrollment.course)
    newer = issue(renewal, at=timezone.now())
    text = client.get(address).text
    assert "Replaced by a newer certificate" in text and "✓" not in text and newer.number not in text
    assert "✓ Valid" in client.get(f"/certificates/{newer.number}/").text
    Certificate.objects.filter(pk=newer.pk).update(
        revoked_at=timezone.now(), revoked_by=make_admin(), revocation_reason="A mistake"
    )
    assert "✓ Valid" in client.get(address).text
    other = make_enrollment(course=certificate.enrollment.course)
    issue(other, at=timezone.now())
    assert "✓ Valid" in client.get(address).text
