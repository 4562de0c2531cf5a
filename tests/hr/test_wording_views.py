"""Pages for the custom wording of emails."""

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
LIST, REMINDER, ENROLLED = (f"/people/emails/wording/{name}" for name in ("", "reminder/", "enrolled/"))
CUSTOM = {"subject_en": "Please learn {course}", "subject_zh_hans": "请学{course}"}


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


def save(client, address=REMINDER, *, base=0, **fields):
    return sent(client, address, base=base, status=302, **fields)


def open_page(client, address=REMINDER):
    return page_of(client.get(address, headers={"accept-language": "en"}))


def text_of(found):
    return " ".join(found.get_text(" ").split())


def states_of(client):
    """Email type → state of its wording in the list."""
    rows = [[text_of(cell) for cell in row.select("th, td")] for row in open_page(client, LIST).select("tbody tr")]
    return dict(rows)


def errors_in(page):
    """Field → its errors."""
    wrong = {each["name"]: each.find_parent(class_="field") for each in page.select("[aria-invalid=true]")}
    return {name: [text_of(item) for item in field.select(".errorlist li")] for name, field in wrong.items()}


def test_list_shows_state_of_wording(hr):
    before = states_of(hr)
    assert set(before.values()) == {"default text"}
    assert {"Invitation", "New course", "Due-date reminder"} < set(before)
    save(hr, **CUSTOM)
    after = states_of(hr)
    own = after.pop("Due-date reminder")
    assert own.startswith("custom wording since ") and own.endswith(", by Hu Rui")
    assert set(after.values()) == {"default text"}
    fixed = [text_of(each) for each in open_page(hr, LIST).select("main > ul li")]
    assert {"Link to set a password", "Account change"} < set(fixed)
    assert not set(fixed) & set(before)


def test_wording_is_saved_with_author_and_logged(hr):
    save(hr, **CUSTOM, closing_en="  One.\r\n\r\nTwo {signer}.  \r\n", closing_zh_hans="一。\n\n二{signer}。")
    [row] = EmailWording.objects.all()
    assert (row.kind, row.number, row.set_by) == ("reminder", 1, hr.person)
    assert row.words == {
        "subject": {"en": "Please learn {course}", "zh-hans": "请学{course}"},
        "closing": {"en": "One.\n\nTwo {signer}.", "zh-hans": "一。\n\n二{signer}。"},
    }
    page = open_page(hr)
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
                "Use one of: {name}, {company}, {course}, {day}, {signer}, {team}"
            },
        ),
        (
            {"subject_en": "a" * 151, "subject_zh_hans": "好"},
            {"subject_en": "Ensure this value has at most 150 characters (it has 151)."},
        ),
    ],
)
def test_invalid_wording_shows_error_at_field(hr, fields, wrong):
    page = sent(hr, status=422, **fields)
    assert errors_in(page) == {name: [error] for name, error in wrong.items()}
    assert not EmailWording.objects.exists()
    assert not Event.objects.filter(verb="email-wording-set").exists()


def test_two_line_subject_becomes_one_line():
    client = Client()
    client.force_login(make_hr())
    save(client, subject_en="Hi\r\nBcc: all@example.com", subject_zh_hans="你好\n再见")
    assert EmailWording.objects.get().words["subject"] == {"en": "Hi Bcc: all@example.com", "zh-hans": "你好 再见"}


def test_reset_restores_default_wording_once(hr):
    save(hr, **CUSTOM)
    for _press in range(2):
        assert hr.post(f"{REMINDER}reset/", {"base": 1}).status_code == 302
    assert list(EmailWording.objects.values_list("number", "words")) == [
        (1, {"subject": {"en": "Please learn {course}", "zh-hans": "请学{course}"}}),
        (2, {}),
    ]
    assert states_of(hr)["Due-date reminder"] == "default text"
    history = [text_of(line) for line in open_page(hr).select("ul.lines li")]
    assert "reset to the default text" in history[0]
    assert "Please learn {course}" in history[1]
    assert all("Hu Rui" in line for line in history)


def test_concurrent_change_is_not_overwritten(hr):
    other = Client()
    other.force_login(make_hr())
    save(other, **CUSTOM)
    page = sent(hr, subject_en="Mine", subject_zh_hans="我的", status=409)
    assert page.select_one("[name=subject_en]")["value"] == "Mine"
    assert "Another person has changed the wording of this email." in page.text
    assert hr.post(f"{REMINDER}reset/", {"base": 0}, follow=True).status_code == 200
    assert [row.number for row in EmailWording.objects.all()] == [1]


@pytest.mark.parametrize("base", [7, 2**31 - 1, 10**30])
def test_unknown_version_number_is_a_conflict(hr, base):
    sent(hr, base=base, status=409, **CUSTOM)
    assert not EmailWording.objects.exists()
    save(hr, **CUSTOM)
    assert [row.number for row in EmailWording.objects.all()] == [1]


def test_auditors_see_wording_without_form(hr):
    save(hr, **CUSTOM)
    auditor = Client()
    auditor.force_login(make_auditor())
    page = open_page(auditor)
    assert "Please learn {course}" in page.text
    assert not page.select("main form")


@pytest.mark.parametrize("name", ["account-notice", "new-link", "no-such-letter"])
def test_email_with_fixed_wording_has_no_page(hr, name):
    assert hr.get(f"/people/emails/wording/{name}/").status_code == 404
    assert hr.post(f"/people/emails/wording/{name}/", {"base": 0}).status_code == 404


# Preview


def previews(client, address=REMINDER, **fields):
    """Language → (subject, text) of the preview."""
    page = sent(client, address, look="1", **fields)
    sheets = page.select("section[aria-labelledby=preview] .sheets > div")
    return {
        sheet.select_one(".part")["lang"]: (
            sheet.select_one(".part b").text,
            sheet.select_one("details .note-text").text,
        )
        for sheet in sheets
    }


def test_preview_shows_both_languages_and_saves_nothing(hr):
    found = previews(hr, **CUSTOM)
    assert {tag: subject for tag, (subject, _text) in found.items()} == {
        "zh-Hans": "请学前台安全须知",
        "en": "Please learn Safe at the front desk",
    }
    assert "\nWang Min\n" in found["en"][1]
    assert not EmailWording.objects.exists()
    assert not Event.objects.filter(verb="record-viewed").exists()


@pytest.mark.parametrize("typed", ["Learner, Lea", "lea@example.com", "learner"])
def test_preview_shows_email_of_chosen_person(hr, typed):
    team = make_team("Night shift", manager=make_user("Lead, Lou"))
    lea = make_user("Learner, Lea", email="lea@example.com")
    join(team, lea)
    subject, text = previews(hr, subject_en="{name}: {course}", subject_zh_hans="{name}", person=typed)["en"]
    assert subject == "Learner, Lea: Safe at the front desk"
    assert text.startswith("Hello Learner, Lea,\n")
    assert "\nLead, Lou\nManager of Night shift\n" in text


def test_preview_of_waiting_email_is_logged_and_hides_link(hr):
    lea = make_user("Learner, Lea", email="lea@example.com", password=None)
    course = make_course()
    enroll(lea, course, by=make_admin())
    subject, text = previews(hr, ENROLLED, subject_en="{course}", subject_zh_hans="{course}", person="lea@example.com")[
        "en"
    ]
    title = course.current.outlines["en"]["title"]
    assert subject == title
    assert f"“{title}”" in text
    assert "To start, choose a password here:\nhttp" in text
    assert "/accounts/password/reset/key/" not in text
    assert [event.subject for event in Event.objects.filter(verb="record-viewed")] == [f"person:{lea.pk}"]


@pytest.mark.parametrize("typed", ["root@example.com", "nobody", "gone@example.com"])
def test_preview_needs_visible_active_person(hr, typed):
    make_admin(email="root@example.com")
    make_user(email="gone@example.com", is_active=False)
    page = sent(hr, look="1", person=typed, status=422)
    assert errors_in(page) == {"person": ["This person was not found among the people you can see."]}


def test_ambiguous_name_lists_email_addresses(hr):
    for number in (1, 2):
        make_user("Wang Fang", email=f"fang{number}@example.com")
    page = sent(hr, look="1", person="wang", status=422)
    assert errors_in(page) == {
        "person": [
            "Several people match. Enter the email or staff number of one of them: "
            "Wang Fang (fang1@example.com), Wang Fang (fang2@example.com)."
        ]
    }


def test_saving_ignores_person_of_preview(hr):
    save(hr, **CUSTOM, person="nobody")
    assert EmailWording.objects.count() == 1


def test_preview_escapes_html(hr):
    page = sent(hr, look="1", opening_en="<b id=x>Bold</b>", opening_zh_hans="<script>1</script>")
    assert not page.select("#x, main section script")
    assert "<b id=x>Bold</b>" in page.text


def test_preview_of_weekly_summary_shows_made_up_people(hr):
    manager = make_user("Lead, Lou", email="lou@example.com")
    staff = make_admin(name="Root, Ro")
    join(make_team(manager=manager), staff)
    make_enrollment(learner=staff, due_at=timezone.now() - timedelta(days=9))
    message = OutgoingEmail.objects.create(kind="digest", person=manager, address=manager.email)
    assert EMAIL_TYPES["digest"].why_unwanted([message]) == {message.pk: ""}
    text = previews(hr, f"{LIST}digest/", person="lou@example.com")["en"][1]
    assert text.startswith("Hello Lead, Lou,\n")
    assert "Root, Ro" not in text
    assert "unsubscribe here:\nhttp" in text
    assert "/unsubscribe/" not in text


# After an upgrade


def test_unusable_wording_is_reported_to_hr_and_admin(hr):
    assert wording_warnings(None) == []
    set_wording("reminder", {"subject": {"en": "{old}", "zh-hans": "好"}}, shipped={}, base=0, by=hr.person)
    assert "This version of the site cannot use your custom wording for: Subject." in text_of(open_page(hr))
    assert "cannot be used: Subject" in states_of(hr)["Due-date reminder"]
    admin = Client()
    admin.force_login(make_admin())
    note = page_of(admin.get("/admin/", headers={"accept-language": "en"})).select_one(".errornote")
    assert (
        "Due-date reminder : this software version cannot use the custom wording of these parts of the email"
        in text_of(note)
    )
    assert note.select_one(f"a[href='{LIST}']")


def test_changed_default_is_shown_beside_old_one(hr):
    shipped = {"subject": {"en": "Time to learn", "zh-hans": "该学了"}}
    set_wording("reminder", {"subject": {"en": "Hi", "zh-hans": "你好"}}, shipped=shipped, base=0, by=hr.person)
    texts = [text_of(each) for each in open_page(hr).select("section[aria-labelledby=since] .note-text")]
    assert texts[:2] == ["Time to learn", "该学了"]
    assert "“Safe at the front desk” is due on Friday 4 December" in texts
    assert "the default text is newer than the custom wording" in states_of(hr)["Due-date reminder"]
