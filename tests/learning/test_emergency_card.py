"""The emergency card: public numbers of the course and contacts of the company."""

from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.template.loader import render_to_string
from django.urls import reverse

from courseware.content.models import EmergencyContact
from courseware.content.releases.course_import import import_course
from courseware.content.rendering.emergency_card import sections_without_contact
from courseware.learning.views.course import panel_pages
from tests.branding.branding_helpers import put_on
from tests.course_format.samples import make_files
from tests.making import make_admin, make_course, make_editor, make_enrollment, make_user

pytestmark = pytest.mark.django_db


def contact(course, name, **fields):
    return EmergencyContact.objects.create(course=course, **{"section": "fire", "who": name} | fields)


def card(client, course, language="en"):
    client.force_login(make_enrollment(course=course).learner)
    page = client.get(f"/learn/{course.identifier}/emergency-card/", headers={"accept-language": language})
    return BeautifulSoup(page.content, "html.parser")


def calls(soup):
    return [
        (" ".join(contact_fields.get_text(" ", strip=True).split()), contact_fields.a and contact_fields.a["href"])
        for contact_fields in soup.select("#fire .call li")
    ]


def test_company_contacts_follow_public_number(client, course):
    contact(course, "Control room", number="021-5555 0100")
    contact(course, "Duty manager, room 302")
    contact(course, "Somebody else", section="flood")
    assert calls(card(client, course)) == [
        ("119", "tel:119"),
        ("Control room 021-5555 0100", "tel:02155550100"),
        ("Duty manager, room 302", None),
    ]


def test_contact_can_be_limited_to_one_language(client, course):
    contact(course, "消防控制室", language="zh-hans", number="8119")
    contact(course, "Control room", language="en", number="8119")
    assert [text for text, _ in calls(card(client, course))] == ["119", "Control room 8119"]
    assert [text for text, _ in calls(card(client, course, "zh-hans"))] == ["119", "消防控制室 8119"]


def test_missing_company_contact_is_shown_to_learners_and_admins(client, course):
    assert calls(card(client, course)) == [
        ("119", "tel:119"),
        ("The company contact is missing. Ask your manager.", None),
    ]
    assert sections_without_contact(course, "en") == ["Fire"]
    client.force_login(make_admin())
    page = client.get(reverse("admin:content_course_changelist"), headers={"accept-language": "en"})
    assert "no contact yet for: Fire" in page.content.decode()
    contact(course, "Control room", language="zh-hans")
    assert sections_without_contact(course, "en") == ["Fire"]
    contact(course, "Control room")
    assert sections_without_contact(course, "en") == []


def test_contacts_cost_1_query(client, course, django_assert_num_queries):
    client.force_login(make_enrollment(course=course).learner)
    address = f"/learn/{course.identifier}/emergency-card/"
    client.get(address)
    contact(course, "One")
    with django_assert_num_queries(5):
        client.get(address)
    contact(course, "Two")
    contact(course, "Three")
    with django_assert_num_queries(5):
        client.get(address)


def form_data(course, **fields):
    contact_fields = {
        "section": "fire",
        "who": "Control room",
        "number": "8119",
        "checked_on": "2026-11-20",
        "language": "",
    } | fields
    return {
        "contacts-TOTAL_FORMS": "1",
        "contacts-INITIAL_FORMS": "0",
        **{f"contacts-0-{name}": value for name, value in contact_fields.items()},
    }


@pytest.mark.parametrize(
    ("field", "value", "is_valid"),
    [
        ("number", "+86 (21) 5555-0100", True),
        ("number", "8119,,12#", True),
        ("number", "", True),
        ("number", "ask Li", False),
        ("number", "javascript:1", False),
        ("section", "earthquake", False),
        ("checked_on", "", True),
        ("checked_on", "yesterday", False),
        ("language", "fr", False),
        ("language", "en", True),
        ("who", "", False),
    ],
)
def test_admin_form_validates_contact(client, course, field, value, is_valid):
    client.force_login(make_admin())
    address = reverse("admin:content_course_change", args=[course.pk])
    response = client.post(address, form_data(course, **{field: value}))
    assert (response.status_code, EmergencyContact.objects.count()) == ((302, 1) if is_valid else (200, 0))


def test_editor_cannot_change_contacts(client, course):
    client.force_login(make_editor())
    address = reverse("admin:content_course_change", args=[course.pk])
    assert client.post(address, form_data(course)).status_code == 403
    assert not EmergencyContact.objects.exists()


def test_contact_of_removed_section_can_be_moved(client, course):
    old = contact(course, "Harbour master", section="flood")
    client.force_login(make_admin())
    address = reverse("admin:content_course_change", args=[course.pk])
    page = BeautifulSoup(client.get(address, headers={"accept-language": "en"}).content, "html.parser")
    assert page.select_one("#id_contacts-0-section option[selected]").text == "flood (no longer on the emergency card)"
    data = form_data(course) | {"contacts-INITIAL_FORMS": "1", "contacts-0-id": old.pk, "contacts-0-course": course.pk}
    assert client.post(address, data).status_code == 302
    old.refresh_from_db()
    assert (old.section, old.who) == ("fire", "Control room")


def test_contact_in_removed_language_keeps_its_language(client, course):
    old = contact(course, "Control room", language="en")
    files = {path: text for path, text in make_files().items() if ".en." not in path}
    path = "course.zh-hans.md"
    import_course(files | {path: files[path].replace(b"[zh-Hans, en]", b"[zh-Hans]")})
    client.force_login(make_admin())
    address = reverse("admin:content_course_change", args=[course.pk])
    page = BeautifulSoup(client.get(address).content, "html.parser")
    assert page.select_one("#id_contacts-0-language option[selected]")["value"] == "en"
    data = form_data(course, language="en", who="Control room, 3rd floor")
    data |= {"contacts-INITIAL_FORMS": "1", "contacts-0-id": old.pk, "contacts-0-course": course.pk}
    assert client.post(address, data).status_code == 302
    old.refresh_from_db()
    assert (old.language, old.who) == ("en", "Control room, 3rd floor")
    assert calls(card(client, course, "zh-hans"))[0] == ("119", "tel:119")
    assert "Control room" not in card(client, course, "zh-hans").get_text()


def test_hash_sign_is_dialled_and_markup_is_escaped(client, course):
    contact(course, "<b>Desk</b> & “lobby”", number="8119,,12#")
    assert calls(card(client, course))[1] == ("<b>Desk</b> & “lobby” 8119,,12#", "tel:8119,,12%23")


def footer(soup):
    return soup.select_one(".card-foot p").get_text(" ", strip=True)


def test_card_shows_oldest_check_date_of_its_numbers(client, course):
    unknown = "Not all company phone numbers have been checked, or the date of the check was not recorded."
    assert footer(card(client, course)) == unknown
    contact(course, "Control room", number="8119", checked_on=date(2026, 11, 20))
    contact(course, "Duty manager, room 302")  # no number to check
    contact(course, "Gate", number="8110", checked_on=date(2026, 11, 3))
    contact(course, "消防控制室", number="8120", language="zh-hans")
    assert footer(card(client, course)) == "Your company’s phone numbers were checked on 3 November 2026."
    contact(course, "Desk", number="8111")
    assert footer(card(client, course)) == unknown


def test_pocket_card_has_cover_sections_and_empty_panels(client, course):
    contact(course, "Control room", number="8119", checked_on=date(2026, 11, 20))
    client.force_login(make_enrollment(course=course).learner)
    page = client.get(f"/learn/{course.identifier}/emergency-card/pocket/", headers={"accept-language": "en"})
    panels = BeautifulSoup(page.content, "html.parser").select(".pocket .panel")
    assert [panel.h2.text for panel in panels] == ["Emergency card", "Fire", *["My own details"] * 6]
    assert "checked on 20 November 2026" in panels[0].text
    panel_text = panels[1].get_text(" ", strip=True)
    assert "119" in panel_text and "Control room 8119" in panel_text


@pytest.mark.parametrize(("sections", "sheets"), [(0, [7]), (6, [7]), (7, [7, 8]), (14, [7, 8]), (15, [7, 8, 8])])
def test_sheet_has_8_panels_and_one_is_always_empty(sections, sheets):
    pages = panel_pages(list(range(sections)))
    assert [len(sheet) for sheet in pages] == sheets
    panels = [panel for sheet in pages for panel in sheet]
    assert panels[:sections] == list(range(sections)) and set(panels[sections:]) == {None}


# Access


def cards_shown(client, language="en", **params):
    page = client.get("/emergency-card/", params, headers={"accept-language": language})
    soup = BeautifulSoup(page.content, "html.parser")
    others = soup.select(".card-tabs a:not([aria-current])")
    return page.status_code, soup.h1 and soup.h1.text, [link["href"] for link in others]


def second_course():
    replacements = {b"id: tea-room": b"id: first-aid", b"title: Emergency card": b"title: Aid card"}
    files = make_files()
    for old, new in replacements.items():
        files = {path: body.replace(old, new) for path, body in files.items()}
    return make_course(files)


def test_card_with_company_contacts_comes_first_then_oldest_course(client, course):
    learner = make_enrollment(course=course).learner
    client.force_login(learner)
    assert cards_shown(client) == (200, "Emergency card", [])
    newer = make_enrollment(learner, second_course()).course
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])
    contact(newer, "Nobody yet")  # without a number it does not count
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])
    contact(newer, "Control room", number="021-5555 0100")
    assert cards_shown(client) == (200, "Aid card", ["?course=tea-room"])
    assert cards_shown(client, course="tea-room") == (200, "Emergency card", ["?course=first-aid"])
    assert cards_shown(client, course="nothing-like-it") == cards_shown(client)
    contact(course, "Control room", number="021-5555 0100")
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])


def test_person_without_enrollment_sees_cards_of_all_courses(client, course):
    second_course()
    client.force_login(make_user())
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])


def test_card_needs_sign_in_unless_public(client, course):
    contact(course, "Control room", number="021-5555 0100")
    assert client.get("/emergency-card/").url == "/accounts/login/?next=/emergency-card/"
    assert "/emergency-card/" not in client.get("/accounts/login/").text
    put_on(is_card_public=True)
    assert cards_shown(client) == (200, "Emergency card", [])
    assert "Control room" in client.get("/emergency-card/").text
    assert client.get(f"/learn/{course.identifier}/emergency-card/").status_code == 302
    assert 'href="/emergency-card/"' in client.get("/accounts/login/").text
    put_on(is_card_public=False)
    assert client.get("/emergency-card/").status_code == 302


def test_card_is_linked_in_admin_and_on_error_pages(client, course):
    client.force_login(make_editor())
    for address in ("/admin/", "/admin/content/document/", "/no-such-page/"):
        assert 'href="/emergency-card/"' in client.get(address).text
    pages = {path.stem for path in Path("templates/errors").glob("*.html")} - {"base"}
    without = {name for name in pages if 'href="/emergency-card/"' not in render_to_string(f"errors/{name}.html")}
    assert without == {"503", "crowded", "upgrading"}


def test_course_branding_cannot_make_card_public(client, course):
    put_on(course.identifier, is_card_public=True)
    assert client.get("/emergency-card/").status_code == 302


def test_course_without_card_says_so(client):
    files = {path: body for path, body in make_files().items() if "emergency.card" not in path}
    files = {
        path: body.replace("见[应急卡](#card)".encode(), b"").replace(b"see the [card](#card)", b"")
        for path, body in files.items()
    }
    client.force_login(make_enrollment(course=make_course(files)).learner)
    assert (
        "Your courses have no emergency card yet."
        in client.get("/emergency-card/", headers={"accept-language": "en"}).text
    )


def test_only_site_branding_has_public_card_option(client, course):
    client.force_login(make_admin())
    assert 'name="is_card_public"' in client.get("/branding/").text
    assert 'name="is_card_public"' not in client.get(f"/branding/{course.identifier}/").text
