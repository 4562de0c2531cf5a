"""A certificate as a PDF file: what stands on it, that it is made once, and who gets it."""

import hashlib
import io
import json

import pytest
import typst
import zxingcpp
from django.utils import timezone
from django.utils.translation import override
from PIL import Image
from pypdf import PdfReader

from courseware.assessment import certificate_papers
from courseware.assessment.certificate_numbers import grouped
from courseware.assessment.certificate_papers import TEMPLATE, WithdrawnCertificate, drawn, paper_of, words_of
from courseware.assessment.certifying import withdraw
from courseware.assessment.models import Certificate, CertificatePaper
from courseware.content.releases.importing import import_course
from courseware.evidence.models import Event
from courseware.face.models import HouseStyle
from courseware.lib.paper import fonts_in
from courseware.reporting.consistency import differences
from tests.assessment.exams import exam_files, make_course, ready, sit
from tests.assessment.sitting import soup
from tests.face.styles import put_on
from tests.making import make_admin, make_hr, make_user

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


def press(client, certificate):
    return client.post(f"/certificates/{certificate.number}/paper/")


def address_of(certificate, language="en"):
    return f"/certificates/{certificate.number}/{language}.pdf"


def test_the_file_says_what_the_page_says(client, holder, certificate):
    client.force_login(holder)
    response = client.get(f"/certificates/{certificate.number}/")
    page = soup(response).select_one("article")
    said = [each.get_text(" ", strip=True) for each in page.select("h1, .holder, .course-title, dt, dd")]
    on_paper = text_of(drawn(certificate, "en"))
    assert [text for text in said if text not in on_paper] == []
    assert len(said) > 9


def test_it_speaks_the_language_that_was_asked_for(certificate):
    on_paper = text_of(drawn(certificate, "zh-hans")).replace(" ", "")  # the heading is spaced
    for said in ("结业证书", "WangXiaoming", "《茶水间守则》", "完成日期", "第1版"):
        assert said in on_paper
    assert "Certificate" not in on_paper


def test_a_screen_reader_finds_title_language_heading_and_what_the_code_is(certificate):
    read = PdfReader(io.BytesIO(drawn(certificate, "zh-hans")))
    root = read.trailer["/Root"]
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "zh-CN")
    assert read.metadata.title == "结业证书 – Wang Xiaoming"
    assert len(read.pages) == 1
    width, height = (round(float(side) / 72 * 25.4) for side in read.pages[0].mediabox[2:])
    assert (width, height) == (297, 210)
    kinds, texts = tags_of(root["/StructTreeRoot"])
    assert kinds.count("/H1") == 1 and "/Figure" in kinds
    assert texts == ["通到这张证书的公开页的二维码"]


def tags_of(node):
    """(kinds of all tags, what stands for pictures)"""
    kinds, texts = [], []

    def walk(tag):
        tag = tag.get_object()
        if isinstance(tag, list):
            for each in tag:
                walk(each)
        elif isinstance(tag, dict):
            kinds.append(tag.get("/S"))
            texts.extend([tag["/Alt"]] if "/Alt" in tag else [])
            if "/K" in tag:
                walk(tag.raw_get("/K"))

    walk(node)
    return kinds, texts


def test_the_code_leads_to_the_public_page(certificate, settings):
    settings.SITE_URL = "https://training.example.com"
    with override("en"):
        said = json.dumps(words_of(certificate, "en"))
    png = typst.compile(TEMPLATE.read_bytes(), format="png", font_paths=fonts_in(()), sys_inputs={"data": said})
    read = zxingcpp.read_barcode(Image.open(io.BytesIO(png)))
    assert read.text == f"https://training.example.com/certificates/{certificate.number}/"
    assert grouped(certificate.number) in text_of(drawn(certificate, "en"))


def test_each_of_its_facts_stays_in_one_line_be_they_as_long_as_they_get(certificate, monkeypatch):
    facts = [
        ("Completed on", "30 September 2026"),
        ("Valid until", "29 September 2027"),
        ("Required", "about 2 hours 55 minutes"),
        ("Exam", "18 / 20"),
        ("Release of the course", "12 (September 2026)"),
    ]
    monkeypatch.setattr(certificate_papers, "facts_of", lambda *_each: facts)
    lines = PdfReader(io.BytesIO(drawn(certificate, "en"))).pages[0].extract_text()
    assert [said for _name, said in facts if said not in lines] == []


def test_it_wears_the_face_of_the_day_on_which_it_was_issued():
    put_on(issuer_en="Hexin", light="#7a1f1f")
    certificate = certificate_of()
    HouseStyle.objects.update(set_at=timezone.now() - timezone.timedelta(days=3650))
    put_on(issuer_en="Other", light="#005500")
    with override("en"):
        words = words_of(certificate, "en")
    assert (words["issuer"], words["colour"]) == ("Hexin", "#7a1f1f")


def test_it_is_made_when_the_holder_asks_and_the_same_bytes_are_served_ever_after(client, holder, certificate):
    client.force_login(holder)
    assert client.get(address_of(certificate)).status_code == 404
    response = press(client, certificate)
    assert (response.status_code, response["Location"]) == (302, address_of(certificate))
    first = client.get(address_of(certificate))
    assert (first["Content-Type"], first.content[:5]) == ("application/pdf", b"%PDF-")
    assert first["Content-Disposition"] == f'attachment; filename="certificate-{certificate.number}.en.pdf"'
    # The course, the firm and the person change; and it is asked for again.
    import_course({path: body.replace("茶水间守则".encode(), "新守则".encode()) for path, body in exam_files().items()})
    make_user_say(holder, "New Name")
    Certificate.objects.update(signer={"en": "Somebody else"})
    press(client, certificate)
    assert client.get(address_of(certificate)).content == first.content
    paper = CertificatePaper.objects.get()
    event = Event.objects.get(verb="certificate-drawn")
    digest = hashlib.sha256(first.content).hexdigest()
    assert paper.digest == digest
    assert (event.actor_id, event.data) == (
        holder.pk,
        {"certificate": certificate.pk, "language": "en", "sha256": digest},
    )


def make_user_say(person, name):
    person.name = name
    person.save()


def test_the_button_makes_it_and_the_link_serves_it(client, holder, certificate):
    client.force_login(holder)

    def offered():
        page = soup(client.get(f"/certificates/{certificate.number}/"))
        form, link = page.select_one('form[action$="/paper/"]'), page.select_one("a[href$='.pdf']")
        return bool(form), link and link["href"]

    assert offered() == (True, None)
    press(client, certificate)
    assert offered() == (False, address_of(certificate))


def test_download_by_another_person_is_logged(client, holder, certificate):
    for person in (holder, make_hr(name="Hana")):
        client.force_login(person)
        press(client, certificate)
        assert client.get(address_of(certificate)).status_code == 200
    assert [event.actor.name for event in Event.objects.filter(verb="record-viewed")] == ["Hana"]
    client.logout()
    assert "PDF" not in client.get(f"/certificates/{certificate.number}/").text


def test_a_name_with_a_sign_that_no_font_has_is_told_to_whoever_asks(client, settings):
    certificate = certificate_of("𠮷田")
    client.force_login(certificate.enrollment.learner)
    response = client.post(f"/certificates/{certificate.number}/paper/", follow=True)
    assert "The sign “𠮷” is in none of the fonts" in response.text
    assert not CertificatePaper.objects.exists()
    assert "✓ Valid" in response.text


def test_an_invisible_mark_that_came_along_with_a_name_keeps_nobody_from_the_file(holder, certificate):
    """Lists that were pasted together have byte order marks within them, which no PDF for screen readers may hold."""
    Certificate.objects.update(holder="\ufeffWang\ufeff Xiaoming")
    certificate.refresh_from_db()
    assert "Wang Xiaoming" in text_of(paper_of(certificate, "en", by=holder).body)


def test_of_one_that_was_withdrawn_none_is_made_and_one_that_there_is_stays(client, holder, certificate):
    kept = paper_of(certificate, "en", by=holder)
    withdraw(certificate, reason="A mistake", by=make_admin())
    certificate.refresh_from_db()
    client.force_login(holder)
    assert client.get(address_of(certificate)).content == bytes(kept.body)
    page = client.get(f"/certificates/{certificate.number}/").text
    assert "Withdrawn" in page and "PDF" not in page
    with pytest.raises(WithdrawnCertificate):
        paper_of(certificate, "zh-hans", by=holder)
    response = client.post(
        f"/certificates/{certificate.number}/paper/", follow=True, headers={"accept-language": "zh-Hans"}
    )
    assert CertificatePaper.objects.count() == 1 and response.status_code == 200


def test_of_one_that_is_withdrawn_while_its_file_is_drawn_none_is_kept(holder, certificate, monkeypatch):
    real = certificate_papers.drawn

    def overtaken(*args):
        withdraw(Certificate.objects.get(), reason="A mistake", by=make_admin())
        return real(*args)

    monkeypatch.setattr(certificate_papers, "drawn", overtaken)
    with pytest.raises(WithdrawnCertificate):
        paper_of(certificate, "en", by=holder)
    assert not CertificatePaper.objects.exists()
    assert not Event.objects.filter(verb="certificate-drawn").exists()


def test_who_comes_second_gets_what_the_first_has_kept(holder, certificate, monkeypatch):
    """Both found none and drew; the other one of them, in another process, was faster."""
    real = certificate_papers.drawn

    def overtaken(*args):
        body = real(*args)
        if not CertificatePaper.objects.exists():
            certificate_papers.keep(certificate, "en", b"the other one", by=holder, at=timezone.now())
        return body

    monkeypatch.setattr(certificate_papers, "drawn", overtaken)
    assert bytes(paper_of(certificate, "en", by=holder).body) == b"the other one"
    assert Event.objects.filter(verb="certificate-drawn").count() == 1


def test_a_file_that_was_changed_or_is_unknown_to_the_log_is_named(holder, certificate):
    paper = paper_of(certificate, "en", by=holder)
    CertificatePaper.objects.update(body=b"%PDF-forged")
    assert list(differences()) == [f"certificate {certificate.pk}: its file in en is not the one that was made"]
    CertificatePaper.objects.update(digest=hashlib.sha256(b"%PDF-forged").hexdigest())
    assert [line for line in differences() if f"certificatepaper {paper.pk}: the log knows no" in line]
