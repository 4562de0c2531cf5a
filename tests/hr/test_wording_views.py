"""The page on which human resources say in the firm's own words what letters say."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.hr.email_settings.wording_views import wording_warnings
from courseware.learning.enrollments.enrollment import enroll
from courseware.notifications.email.email_types import EMAIL_TYPES
from courseware.notifications.models import OutgoingEmail
from courseware.notifications.wording.email_wording import EmailWording, set_wording
from tests.making import join, make_admin, make_auditor, make_course, make_enrollment, make_hr, make_team, make_user

pytestmark = pytest.mark.django_db
LIST, REMINDER, FIRST = (f"/people/emails/wording/{name}" for name in ("", "reminder/", "enrolled/"))
SPOKEN = {"subject_en": "Please learn {course}", "subject_zh_hans": "请学{course}"}


@pytest.fixture
def hr(client):
    person = make_hr(name="Hu Rui", email="hr@example.com")
    client.force_login(person)
    client.person = person
    return client


def page_of(response, status=200):
    assert response.status_code == status, response.text
    return BeautifulSoup(response.content, "html.parser")


def sent(client, address=REMINDER, *, base=0, status=200, **fields):
    response = client.post(address, {"base": base} | fields, headers={"accept-language": "en"})
    return page_of(response, status) if status != 302 else response


def set_by(client, address=REMINDER, *, base=0, **fields):
    return sent(client, address, base=base, status=302, **fields)


def opened(client, address=REMINDER):
    return page_of(client.get(address, headers={"accept-language": "en"}))


def text_of(found):
    return " ".join(found.get_text(" ").split())


def states_of(client):
    """The list: each letter → what is said of its words."""
    rows = [[text_of(cell) for cell in row.select("th, td")] for row in opened(client, LIST).select("tbody tr")]
    return dict(rows)


def errors_in(page):
    """Field → what is wrong with it."""
    wrong = {each["name"]: each.find_parent(class_="field") for each in page.select("[aria-invalid=true]")}
    return {name: [text_of(said) for said in field.select(".errorlist li")] for name, field in wrong.items()}


def test_the_list_says_of_each_letter_whose_words_it_has(hr):
    before = states_of(hr)
    assert set(before.values()) == {"default text"}
    assert {"Invitation", "New course", "Due-date reminder"} < set(before)
    set_by(hr, **SPOKEN)
    after = states_of(hr)
    own = after.pop("Due-date reminder")
    assert own.startswith("custom wording since ") and own.endswith(", by Hu Rui")
    assert set(after.values()) == {"default text"}
    fixed = [text_of(each) for each in opened(hr, LIST).select("main > ul li")]
    assert {"New password link", "Account change"} < set(fixed)
    assert not set(fixed) & set(before)


def test_what_is_set_is_kept_with_who_did_it_and_stands_in_the_form_and_the_log(hr):
    set_by(hr, **SPOKEN, closing_en="  One.\r\n\r\nTwo {signer}.  \r\n", closing_zh_hans="一。\n\n二{signer}。")
    [row] = EmailWording.objects.all()
    assert (row.kind, row.number, row.set_by) == ("reminder", 1, hr.person)
    assert row.words == {
        "subject": {"en": "Please learn {course}", "zh-hans": "请学{course}"},
        "closing": {"en": "One.\n\nTwo {signer}.", "zh-hans": "一。\n\n二{signer}。"},
    }
    page = opened(hr)
    assert page.select_one("[name=subject_en]")["value"] == "Please learn {course}"
    assert page.select_one("[name=closing_zh_hans]").text.strip() == "一。\n\n二{signer}。"
    assert Event.objects.filter(verb="email-wording-set", actor=hr.person).count() == 1


@pytest.mark.parametrize(
    "fields, wrong",
    [
        (
            {"subject_en": "Hi"},
            {"subject_zh_hans": "Fill in this language too, or clear both languages to use the default wording."},
        ),
        (
            {"subject_en": "By {dya}", "subject_zh_hans": "好"},
            {
                "subject_en": "{dya} is not a placeholder of this email. "
                "Use one of: {name}, {firm}, {course}, {day}, {signer}, {team}"
            },
        ),
        (
            {"subject_en": "a" * 151, "subject_zh_hans": "好"},
            {"subject_en": "Ensure this value has at most 150 characters (it has 151)."},
        ),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(hr, fields, wrong):
    page = sent(hr, status=422, **fields)
    assert errors_in(page) == {name: [said] for name, said in wrong.items()}
    assert not EmailWording.objects.exists()
    assert not Event.objects.filter(verb="email-wording-set").exists()


def test_a_subject_of_two_lines_is_one():
    client = Client()
    client.force_login(make_hr())
    set_by(client, subject_en="Hi\r\nBcc: all@example.com", subject_zh_hans="你好\n再见")
    assert EmailWording.objects.get().words["subject"] == {"en": "Hi Bcc: all@example.com", "zh-hans": "你好 再见"}


def test_one_press_brings_the_shipped_words_back_and_a_second_changes_nothing(hr):
    set_by(hr, **SPOKEN)
    for _press in range(2):
        assert hr.post(f"{REMINDER}reset/", {"base": 1}).status_code == 302
    assert list(EmailWording.objects.values_list("number", "words")) == [
        (1, {"subject": {"en": "Please learn {course}", "zh-hans": "请学{course}"}}),
        (2, {}),
    ]
    assert states_of(hr)["Due-date reminder"] == "default text"
    history = [text_of(line) for line in opened(hr).select("ul.lines li")]
    assert "reset to the default text" in history[0]
    assert "Please learn {course}" in history[1]
    assert all("Hu Rui" in line for line in history)


def test_what_somebody_else_has_set_since_is_not_overwritten_and_what_was_typed_stays(hr):
    other = Client()
    other.force_login(make_hr())
    set_by(other, **SPOKEN)
    page = sent(hr, subject_en="Mine", subject_zh_hans="我的", status=409)
    assert page.select_one("[name=subject_en]")["value"] == "Mine"
    assert "Another person has changed the wording of this email." in page.text
    assert hr.post(f"{REMINDER}reset/", {"base": 0}, follow=True).status_code == 200
    assert [row.number for row in EmailWording.objects.all()] == [1]


@pytest.mark.parametrize("base", [7, 2**31 - 1, 10**30])
def test_a_number_that_no_words_have_sets_none_and_bars_none(hr, base):
    sent(hr, base=base, status=409, **SPOKEN)
    assert not EmailWording.objects.exists()
    set_by(hr, **SPOKEN)
    assert [row.number for row in EmailWording.objects.all()] == [1]


def test_auditors_read_the_words_without_a_form(hr):
    set_by(hr, **SPOKEN)
    auditor = Client()
    auditor.force_login(make_auditor())
    page = opened(auditor)
    assert "Please learn {course}" in page.text
    assert not page.select("main form")


@pytest.mark.parametrize("name", ["account-notice", "new-link", "no-such-letter"])
def test_a_letter_whose_words_are_the_products_has_no_page(hr, name):
    assert hr.get(f"/people/emails/wording/{name}/").status_code == 404
    assert hr.post(f"/people/emails/wording/{name}/", {"base": 0}).status_code == 404


# Looking at it first


def viewed_at(client, address=REMINDER, **fields):
    """Language of each letter → its subject and text."""
    page = sent(client, address, look="1", **fields)
    sheets = page.select("section[aria-labelledby=preview] .sheets > div")
    return {
        sheet.select_one(".part")["lang"]: (
            sheet.select_one(".part b").text,
            sheet.select_one("details .note-text").text,
        )
        for sheet in sheets
    }


def test_a_look_shows_both_languages_in_the_words_that_were_typed_and_keeps_nothing(hr):
    found = viewed_at(hr, **SPOKEN)
    assert {tag: subject for tag, (subject, _text) in found.items()} == {
        "zh-Hans": "请学前台安全须知",
        "en": "Please learn Safe at the front desk",
    }
    assert "\nWang Min\n" in found["en"][1]
    assert not EmailWording.objects.exists()
    assert not Event.objects.filter(verb="record-viewed").exists()


@pytest.mark.parametrize("typed", ["Learner, Lea", "lea@example.com", "learner"])
def test_it_is_shown_as_a_person_would_get_it_who_is_found_by_name_or_address(hr, typed):
    team = make_team("Night shift", manager=make_user("Lead, Lou"))
    lea = make_user("Learner, Lea", email="lea@example.com")
    join(team, lea)
    subject, text = viewed_at(hr, subject_en="{name}: {course}", subject_zh_hans="{name}", person=typed)["en"]
    assert subject == "Learner, Lea: Safe at the front desk"
    assert text.startswith("Hello Learner, Lea,\n")
    assert "\nLead, Lou\nManager of Night shift\n" in text


def test_where_such_a_letter_waits_its_facts_are_shown_the_look_is_in_the_log_and_the_link_is_not_shown(hr):
    lea = make_user("Learner, Lea", email="lea@example.com", password=None)
    course = make_course()
    enroll(lea, course, by=make_admin())
    subject, text = viewed_at(hr, FIRST, subject_en="{course}", subject_zh_hans="{course}", person="lea@example.com")[
        "en"
    ]
    title = course.current.outlines["en"]["title"]
    assert subject == title
    assert f"“{title}”" in text
    assert "To start, choose a password here:\nhttp" in text
    assert "/accounts/password/reset/key/" not in text
    assert [event.subject for event in Event.objects.filter(verb="record-viewed")] == [f"person:{lea.pk}"]


@pytest.mark.parametrize("typed", ["root@example.com", "nobody", "gone@example.com"])
def test_nobody_is_looked_at_whom_the_editor_may_not_see_or_who_has_left(hr, typed):
    make_admin(email="root@example.com")
    make_user(email="gone@example.com", is_active=False)
    page = sent(hr, look="1", person=typed, status=422)
    assert errors_in(page) == {"person": ["No match among the people you can see."]}


def test_several_of_one_name_are_named_with_their_addresses(hr):
    for number in (1, 2):
        make_user("Wang Fang", email=f"fang{number}@example.com")
    page = sent(hr, look="1", person="wang", status=422)
    assert errors_in(page) == {
        "person": [
            "Several people match. Enter the email or staff number of one of them: "
            "Wang Fang (fang1@example.com), Wang Fang (fang2@example.com)."
        ]
    }


def test_the_person_of_a_look_is_nothing_when_words_are_set(hr):
    set_by(hr, **SPOKEN, person="nobody")
    assert EmailWording.objects.count() == 1


def test_what_people_write_is_no_html_on_the_page(hr):
    page = sent(hr, look="1", opening_en="<b id=x>Bold</b>", opening_zh_hans="<script>1</script>")
    assert not page.select("#x, main section script")
    assert "<b id=x>Bold</b>" in page.text


def test_a_letter_that_tells_a_lead_of_others_is_shown_with_made_up_people(hr):
    lead = make_user("Lead, Lou", email="lou@example.com")
    staff = make_admin(name="Root, Ro")
    join(make_team(manager=lead), staff)
    make_enrollment(learner=staff, due_at=timezone.now() - timedelta(days=9))
    message = OutgoingEmail.objects.create(kind="digest", person=lead, address=lead.email)
    assert EMAIL_TYPES["digest"].why_unwanted([message]) == {message.pk: ""}
    text = viewed_at(hr, f"{LIST}digest/", person="lou@example.com")["en"][1]
    assert text.startswith("Hello Lead, Lou,\n")
    assert "Root, Ro" not in text
    assert "Unsubscribe here:\nhttp" in text
    assert "/unsubscribe/" not in text


# After an upgrade


def test_own_words_that_are_not_understood_are_said_on_the_page_in_the_list_and_to_the_admin(hr):
    assert wording_warnings(None) == []
    set_wording("reminder", {"subject": {"en": "{old}", "zh-hans": "好"}}, shipped={}, base=0, by=hr.person)
    assert "This version cannot use your custom wording for: Subject." in text_of(opened(hr))
    assert "no longer works: Subject" in states_of(hr)["Due-date reminder"]
    admin = Client()
    admin.force_login(make_admin())
    note = page_of(admin.get("/admin/", headers={"accept-language": "en"})).select_one(".errornote")
    assert "Due-date reminder : custom wording cannot be used in this version" in text_of(note)
    assert note.select_one(f"a[href='{LIST}']")


def test_what_the_product_said_then_and_says_now_stands_side_by_side(hr):
    shipped = {"subject": {"en": "Time to learn", "zh-hans": "该学了"}}
    set_wording("reminder", {"subject": {"en": "Hi", "zh-hans": "你好"}}, shipped=shipped, base=0, by=hr.person)
    said = [text_of(each) for each in opened(hr).select("section[aria-labelledby=since] .note-text")]
    assert said[:2] == ["Time to learn", "该学了"]
    assert "“Safe at the front desk” is due on Friday 4 December" in said
    assert "the default text has changed since" in states_of(hr)["Due-date reminder"]
