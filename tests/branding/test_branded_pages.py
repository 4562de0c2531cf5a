"""Branding on pages, in emails and on certificates, and its settings page."""

import re
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.accounts.sign_in.invitations import invite
from courseware.assessment.models import Certificate
from courseware.assignments.emails.certificate_expiry import tell_of_endings
from courseware.assignments.reminders.daily_reminders import remind_due
from courseware.branding.colours import colour_stylesheet
from courseware.branding.models import Branding
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant, site_day
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import MONDAY, ready, sit
from tests.assessment.exams import make_course as make_course_with_exam
from tests.branding.branding_helpers import put_on
from tests.branding.test_logos import picture
from tests.making import make_admin, make_course, make_enrollment, make_user, sent_emails

pytestmark = pytest.mark.django_db
PAGE = "/branding/"


def page_of(client, address, language="en"):
    response = client.get(address, headers={"accept-language": language})
    assert response.status_code == 200, address
    return BeautifulSoup(response.content, "html.parser")


def stylesheets(page):
    return [link["href"] for link in page.select("link[rel=stylesheet]") if link["href"].startswith("/branding/")]


@pytest.fixture
def learner(client):
    enrollment = make_enrollment()
    client.force_login(enrollment.learner)
    return client


def test_pages_without_branding_are_default(learner):
    for address in ("/", "/learn/tea-room/emergency-card/"):
        page = page_of(learner, address)
        assert (stylesheets(page), page.select(".logo, .help")) == ([], [])


def test_colours_are_in_immutable_stylesheet(learner):
    put_on(light="#123456", dark="#abcdef")
    [address] = stylesheets(page_of(learner, "/"))
    response = Client().get(address)
    assert response.text == colour_stylesheet("#123456", "#abcdef")
    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("wrong", ["/branding/colours/123456/none/000000000000.css", "/branding/colours/x/none/{}.css"])
def test_unknown_stylesheet_is_not_found(client, wrong):
    assert client.get(wrong.format("0" * 12)).status_code == 404


def test_course_pages_have_course_branding(learner):
    put_on(name_en="Anhe", light="#123456", contact_en="Ask Li")
    put_on("tea-room", light="#654321", contact_en="Ask Wang")
    home, card = (page_of(learner, address) for address in ("/", "/learn/tea-room/emergency-card/"))
    assert [re.findall("[0-9a-f]{6}", stylesheets(page)[0])[0] for page in (home, card)] == ["123456", "654321"]
    assert [page.select_one(".help").text for page in (home, card)] == ["Help: Ask Li", "Help: Ask Wang"]
    assert home.select_one(".brand").text.strip() == "Anhe · Staff training"


def test_sign_in_and_admin_pages_have_branding():
    put_on(name_en="Anhe", contact_en="<b>Li</b>")
    sign_in = page_of(Client(), "/accounts/login/")
    assert (sign_in.select_one(".brand").text.strip(), sign_in.select_one(".help").text) == (
        "Anhe · Staff training",
        "Help: <b>Li</b>",
    )
    admin = Client()
    admin.force_login(make_admin())
    assert page_of(admin, "/admin/").select_one("#site-name").text.strip() == "Anhe · Staff training"


@pytest.mark.parametrize("address", ["/", "/learn/tea-room/emergency-card/"])
def test_pages_take_no_branding_query_when_cached(learner, address):
    put_on(name_en="Anhe", light="#123456")
    put_on("tea-room", dark="#abcdef")
    learner.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert learner.get(address).status_code == 200
    assert [query["sql"] for query in asked if query["sql"].startswith('SELECT "face_')] == []


# Emails


def enrollment_email(language="en"):
    person = make_user("Wang", language=language, password=None)
    enroll(person, make_course(), by=None)
    return sent_emails()[-1]


def test_email_has_sender_and_signature(settings):
    settings.DEFAULT_FROM_EMAIL = "Courseware <training@localhost>"
    put_on(name_en="Anhe", sender_address="learn@anhe.example", signature_en="Training\nExtension 2210")
    email = enrollment_email()
    assert parseaddr(email.message()["From"]) == ("Anhe", "learn@anhe.example")
    assert email.subject.startswith("[Anhe] ")
    assert email.body.endswith("\n\n-- \nTraining\nExtension 2210\n")


def test_course_email_has_course_sender():
    put_on(sender_en="Training time", sender_address="site@anhe.example")
    put_on("tea-room", sender_en="Tea school")
    assert parseaddr(enrollment_email().message()["From"]) == ("Tea school", "site@anhe.example")
    invite(make_user(language="en", password=None), by=None)
    assert parseaddr(sent_emails()[-1].message()["From"]) == ("Training time", "site@anhe.example")


def reminder(*_run):
    remind_due()


def ending(enrollment):
    until = site_day() + timedelta(days=30)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now(), certified_until=until)
    tell_of_endings()


@pytest.mark.parametrize("write", [reminder, ending])
def test_reminder_and_expiry_emails_have_branding(settings, time_machine, write):
    settings.COMPANY_NAME, settings.HOLIDAY_CALENDAR = "Setting", ""
    time_machine.move_to(datetime(2026, 12, 10, 9, tzinfo=UTC), tick=False)
    put_on(name_en="Anhe", sender_en="Training time")
    put_on("tea-room", sender_en="Tea school")
    due_at, month_ago = (
        due_instant(date(2026, 12, 11), timezone.get_default_timezone()),
        timezone.now() - timedelta(days=30),
    )
    write(make_enrollment(make_user("Wang", language="en"), due_at=due_at, enrolled_at=month_ago))
    [email] = sent_emails()
    assert email.subject.startswith("[Anhe] ")
    assert parseaddr(email.message()["From"])[0] == "Tea school"


def test_chinese_sender_is_encoded(settings):
    settings.DEFAULT_FROM_EMAIL = "训练 <training@例子.example>"
    assert b"<training@xn--fsqu00a.example>" in enrollment_email().message().as_bytes()
    put_on(sender_zh='某某"某某", 科技股份有限公司' * 4, sender_address="site@公司.cn")
    raw = enrollment_email("zh-hans").message()
    name, address = parseaddr(raw["From"])
    assert str(make_header(decode_header(name))) == '某某"某某", 科技股份有限公司' * 4
    assert address == "site@xn--55qx5d.cn"
    words = re.findall(rb"=\?utf-8\?[^ \n]*", raw.as_bytes().partition(b"\nFrom:")[2].partition(b"\nTo:")[0])
    assert len(words) > 1
    assert max(map(len, words)) <= 76  # as Python folds headers


def test_email_without_branding_follows_settings(settings):
    settings.DEFAULT_FROM_EMAIL = "Training <training@example.com>"
    email = enrollment_email()
    assert email.message()["From"] == "Training <training@example.com>"
    assert "\n-- \n" not in email.body


# Certificates


def certified():
    course = make_course_with_exam()
    enrollment = ready(course, make_user("Wang Xiaoming"))
    sit(enrollment, at=MONDAY)
    return Certificate.objects.get()


def on_monday(**said):
    put_on(**said)
    Branding.objects.update(set_at=MONDAY)


def test_certificate_keeps_issuer_and_signer(client):
    on_monday(issuer_zh="和信家电", issuer_en="Hexin", signer_en="Li Lin, training")
    certificate = certified()
    put_on(issuer_en="Another company", signer_en="Somebody else")
    Branding.objects.filter(number=2).update(set_at=MONDAY + timedelta(days=2))
    text = client.get(f"/certificates/{certificate.number}/", headers={"accept-language": "en"}).text
    assert ("Hexin" in text, "Li Lin, training" in text, "Another company" in text) == (True, True, False)
    assert "和信家电" in client.get(f"/certificates/{certificate.number}/", headers={"accept-language": "zh-Hans"}).text
    assert list(differences()) == []


@pytest.mark.parametrize(("said", "issuer"), [({}, {}), ({"name_en": "Anhe"}, {"en": "Anhe"})])
def test_issuer_falls_back_to_branded_name(settings, said, issuer):
    settings.COMPANY_NAME = "Setting"
    if said:
        on_monday(**said)
    assert (certified().issuer, Certificate.objects.get().signer) == (issuer, {})


# The settings page


@pytest.fixture
def admin(client):
    client.force_login(make_admin())
    return client


def sent(admin, address=PAGE, **fields):
    return admin.post(address, {"base": 0} | fields, headers={"accept-language": "en"})


def test_submitted_branding_is_set(admin):
    assert sent(admin, name_zh_hans="安和", light="#123456", logo=logo_file()).status_code == 302
    style = Branding.objects.get()
    assert (style.words, style.light, style.course) == ({"name": {"zh-hans": "安和"}}, "#123456", "")
    assert admin.get(f"/branding/logo/{style.logo_id}.png")["Content-Type"] == "image/png"
    assert page_of(admin, PAGE).select_one("input[name=base]")["value"] == "1"


def test_single_line_fields_are_one_line(admin):
    sent(admin, name_en="Anhe\r\nLtd", sender_en="Training\nBcc: everybody@example.com")
    words = Branding.objects.get().words
    assert words == {"name": {"en": "Anhe Ltd"}, "sender": {"en": "Training Bcc: everybody@example.com"}}


def test_preview_sets_nothing_and_keeps_logo(admin):
    make_course()
    response = sent(admin, "/branding/tea-room/", name_en="Anhe", light="#123456", logo=logo_file(), look="1")
    page = BeautifulSoup(response.content, "html.parser")
    assert Branding.objects.count() == 0
    assert stylesheets(page)[0].startswith("/branding/colours/123456/none/")
    assert page.select_one(".brand").text.strip() == "Anhe · Staff training"
    digest = page.select_one("input[name=viewed_at]")["value"]
    assert admin.get(page.select_one(".logo")["src"]).status_code == 200
    sent(admin, "/branding/tea-room/", name_en="Anhe", viewed_at=digest)
    assert Branding.objects.values_list("course", "logo").get() == ("tea-room", digest)


def test_logo_stays_until_removed(admin):
    sent(admin, logo=logo_file())
    sent(admin, base=1, name_en="Anhe")
    sent(admin, base=2, name_en="Anhe", no_logo="on")
    assert [bool(logo) for logo in Branding.objects.order_by("pk").values_list("logo", flat=True)] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"light": "#ffcc00"},
            "#ffcc00 is hard to read on the page. Its contrast is 1.4:1, and at least 4.5:1 is needed. "
            "The nearest readable colour: #",
        ),
        (
            {"dark": "#123456"},
            "#123456 is hard to read on the page. Its contrast is 1.2:1, and at least 4.5:1 is needed. "
            "The nearest readable colour: #",
        ),
        ({"light": "red"}, "Enter a colour as # and 6 characters"),
        ({"sender_address": "nobody"}, "Enter a valid email address."),
        ({"signature_en": "a\nb\nc\nd\ne\nf"}, "At most 5 lines."),
        ({"name_en": "a" * 121}, "at most 120 characters"),
    ],
)
def test_invalid_value_is_refused_with_message(admin, fields, sentence):
    response = sent(admin, **fields)
    assert (response.status_code, Branding.objects.count()) == (422, 0)
    assert sentence in response.text


def test_invalid_logo_is_refused_with_message(admin):
    response = sent(admin, logo=logo_file(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"))
    assert (response.status_code, Branding.objects.count()) == (422, 0)
    assert "This file is not a readable picture" in response.text


def test_concurrent_branding_change_is_refused(admin):
    sent(admin, name_en="Anhe")
    response = sent(admin, name_en="Beihe")
    assert response.status_code == 409
    assert "Another person has changed the branding in the meantime." in response.text
    assert Branding.objects.get().words == {"name": {"en": "Anhe"}}


def test_unknown_course_has_no_branding(admin):
    assert (admin.get("/branding/nowhere/").status_code, sent(admin, "/branding/nowhere/").status_code) == (
        404,
        404,
    )


def logo_file(body=None):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("logo.png", body or picture(), "image/png")
