"""The emergency card: public numbers from the text, the firm's own contacts from the admin."""

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
from tests.branding.styles import put_on
from tests.course_format.samples import make_files
from tests.making import make_admin, make_course, make_editor, make_enrollment, make_user

pytestmark = pytest.mark.django_db


def contact(course, who, **fields):
    return EmergencyContact.objects.create(course=course, **{"section": "fire", "who": who} | fields)


def card(client, course, language="en"):
    client.force_login(make_enrollment(course=course).learner)
    page = client.get(f"/learn/{course.identifier}/emergency-card/", headers={"accept-language": language})
    return BeautifulSoup(page.content, "html.parser")


def calls(soup):
    return [
        (" ".join(line.get_text(" ", strip=True).split()), line.a and line.a["href"])
        for line in soup.select("#fire .call li")
    ]


def test_the_firms_own_contacts_stand_below_the_public_number(client, course):
    contact(course, "Control room", number="021-5555 0100")
    contact(course, "Duty manager, room 302")
    contact(course, "Somebody else", section="flood")
    assert calls(card(client, course)) == [
        ("119", "tel:119"),
        ("Control room 021-5555 0100", "tel:02155550100"),
        ("Duty manager, room 302", None),
    ]


def test_a_contact_may_be_for_readers_of_one_language(client, course):
    contact(course, "消防控制室", language="zh-hans", number="8119")
    contact(course, "Control room", language="en", number="8119")
    assert [text for text, _ in calls(card(client, course))] == ["119", "Control room 8119"]
    assert [text for text, _ in calls(card(client, course, "zh-hans"))] == ["119", "消防控制室 8119"]


def test_a_card_nobody_has_filled_in_says_so_to_learners_and_warns_admins(client, course):
    assert calls(card(client, course)) == [
        ("119", "tel:119"),
        ("The company contact is missing. Ask your manager.", None),
    ]
    assert sections_without_contact(course, "en") == ["Fire"]
    client.force_login(make_admin())
    page = client.get(reverse("admin:content_course_changelist"), headers={"accept-language": "en"})
    assert "no contact yet: Fire" in page.content.decode()
    contact(course, "Control room", language="zh-hans")
    assert sections_without_contact(course, "en") == ["Fire"]
    contact(course, "Control room")
    assert sections_without_contact(course, "en") == []


def test_the_contacts_cost_one_statement_however_many(client, course, django_assert_num_queries):
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


def posted(course, **fields):
    line = {
        "section": "fire",
        "who": "Control room",
        "number": "8119",
        "checked_on": "2026-11-20",
        "language": "",
    } | fields
    return {
        "contacts-TOTAL_FORMS": "1",
        "contacts-INITIAL_FORMS": "0",
        **{f"contacts-0-{name}": value for name, value in line.items()},
    }


@pytest.mark.parametrize(
    ("field", "value", "kept"),
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
def test_an_admin_says_whom_to_call_and_a_mistake_is_told(client, course, field, value, kept):
    client.force_login(make_admin())
    address = reverse("admin:content_course_change", args=[course.pk])
    response = client.post(address, posted(course, **{field: value}))
    assert (response.status_code, EmergencyContact.objects.count()) == ((302, 1) if kept else (200, 0))


def test_an_editor_of_texts_may_not_change_whom_to_call(client, course):
    client.force_login(make_editor())
    address = reverse("admin:content_course_change", args=[course.pk])
    assert client.post(address, posted(course)).status_code == 403
    assert not EmergencyContact.objects.exists()


def test_a_contact_of_an_emergency_that_left_the_card_can_still_be_moved(client, course):
    old = contact(course, "Harbour master", section="flood")
    client.force_login(make_admin())
    address = reverse("admin:content_course_change", args=[course.pk])
    page = BeautifulSoup(client.get(address, headers={"accept-language": "en"}).content, "html.parser")
    assert page.select_one("#id_contacts-0-section option[selected]").text == "flood (no longer on the emergency card)"
    data = posted(course) | {"contacts-INITIAL_FORMS": "1", "contacts-0-id": old.pk, "contacts-0-course": course.pk}
    assert client.post(address, data).status_code == 302
    old.refresh_from_db()
    assert (old.section, old.who) == ("fire", "Control room")


def test_a_contact_in_a_language_that_left_the_course_stays_in_it_when_the_page_is_saved(client, course):
    old = contact(course, "Control room", language="en")
    files = {path: text for path, text in make_files().items() if ".en." not in path}
    path = "course.zh-hans.md"
    import_course(files | {path: files[path].replace(b"[zh-Hans, en]", b"[zh-Hans]")})
    client.force_login(make_admin())
    address = reverse("admin:content_course_change", args=[course.pk])
    page = BeautifulSoup(client.get(address).content, "html.parser")
    assert page.select_one("#id_contacts-0-language option[selected]")["value"] == "en"
    data = posted(course, language="en", who="Control room, 3rd floor")
    data |= {"contacts-INITIAL_FORMS": "1", "contacts-0-id": old.pk, "contacts-0-course": course.pk}
    assert client.post(address, data).status_code == 302
    old.refresh_from_db()
    assert (old.language, old.who) == ("en", "Control room, 3rd floor")
    assert calls(card(client, course, "zh-hans"))[0] == ("119", "tel:119")
    assert "Control room" not in card(client, course, "zh-hans").get_text()


def test_a_hash_sign_is_dialled_and_what_is_written_is_text(client, course):
    contact(course, "<b>Desk</b> & “lobby”", number="8119,,12#")
    assert calls(card(client, course))[1] == ("<b>Desk</b> & “lobby” 8119,,12#", "tel:8119,,12%23")


def foot(soup):
    return soup.select_one(".card-foot p").get_text(" ", strip=True)


def test_the_card_says_since_which_day_all_of_its_numbers_are_right(client, course):
    unknown = "Not all company numbers have been checked, or the date was not recorded."
    assert foot(card(client, course)) == unknown
    contact(course, "Control room", number="8119", checked_on=date(2026, 11, 20))
    contact(course, "Duty manager, room 302")  # without a number there is nothing to ring
    contact(course, "Gate", number="8110", checked_on=date(2026, 11, 3))
    contact(course, "消防控制室", number="8120", language="zh-hans")
    assert foot(card(client, course)) == "Your company’s phone numbers were checked on 3 November 2026."
    contact(course, "Desk", number="8111")
    assert foot(card(client, course)) == unknown


def test_the_card_for_the_pocket_says_the_same_with_a_cover_and_a_panel_to_write_on(client, course):
    contact(course, "Control room", number="8119", checked_on=date(2026, 11, 20))
    client.force_login(make_enrollment(course=course).learner)
    page = client.get(f"/learn/{course.identifier}/emergency-card/pocket/", headers={"accept-language": "en"})
    panels = BeautifulSoup(page.content, "html.parser").select(".pocket .panel")
    assert [panel.h2.text for panel in panels] == ["Emergency card", "Fire", *["My own numbers"] * 6]
    assert "checked on 20 November 2026" in panels[0].text
    said = panels[1].get_text(" ", strip=True)
    assert "119" in said and "Control room 8119" in said


@pytest.mark.parametrize(("sections", "sheets"), [(0, [7]), (6, [7]), (7, [7, 8]), (14, [7, 8]), (15, [7, 8, 8])])
def test_eight_panels_are_a_sheet_and_one_is_always_left_to_write_on(sections, sheets):
    found = panel_pages(list(range(sections)))
    assert [len(sheet) for sheet in found] == sheets
    together = [panel for sheet in found for panel in sheet]
    assert together[:sections] == list(range(sections)) and set(together[sections:]) == {None}


# From every page, and for whom


def cards_shown(client, language="en", **places):
    page = client.get("/emergency-card/", places, headers={"accept-language": language})
    soup = BeautifulSoup(page.content, "html.parser")
    others = soup.select(".card-tabs a:not([aria-current])")
    return page.status_code, soup.h1 and soup.h1.text, [link["href"] for link in others]


def second_course():
    words = {b"id: tea-room": b"id: first-aid", b"title: Emergency card": b"title: Aid card"}
    files = make_files()
    for old, new in words.items():
        files = {path: body.replace(old, new) for path, body in files.items()}
    return make_course(files)


def test_the_card_with_company_contacts_is_first_then_the_course_added_first(client, course):
    learner = make_enrollment(course=course).learner
    client.force_login(learner)
    assert cards_shown(client) == (200, "Emergency card", [])
    newer = make_enrollment(learner, second_course()).course
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])
    contact(newer, "Nobody yet")  # a contact without a number is none
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])
    contact(newer, "Control room", number="021-5555 0100")
    assert cards_shown(client) == (200, "Aid card", ["?course=tea-room"])
    assert cards_shown(client, course="tea-room") == (200, "Emergency card", ["?course=first-aid"])
    assert cards_shown(client, course="nothing-like-it") == cards_shown(client)
    contact(course, "Control room", number="021-5555 0100")
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])


def test_who_learns_nothing_here_sees_the_cards_of_all_courses(client, course):
    second_course()
    client.force_login(make_user())
    assert cards_shown(client) == (200, "Emergency card", ["?course=first-aid"])


def test_a_stranger_signs_in_first_unless_the_firm_shows_the_card_to_everybody(client, course):
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


def test_it_is_one_press_away_in_the_admin_and_on_pages_of_what_went_wrong_where_it_can_be_shown(client, course):
    client.force_login(make_editor())
    for address in ("/admin/", "/admin/content/document/", "/no-such-page/"):
        assert 'href="/emergency-card/"' in client.get(address).text
    pages = {path.stem for path in Path("templates/errors").glob("*.html")} - {"base"}
    without = {name for name in pages if 'href="/emergency-card/"' not in render_to_string(f"errors/{name}.html")}
    assert without == {"503", "crowded", "upgrading"}


def test_what_a_course_says_of_it_does_not_show_it_to_everybody(client, course):
    put_on(course.identifier, is_card_public=True)
    assert client.get("/emergency-card/").status_code == 302


def test_a_course_without_a_card_says_so(client):
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


def test_the_house_style_of_the_site_alone_asks_whether_everybody_sees_the_card(client, course):
    client.force_login(make_admin())
    assert 'name="is_card_public"' in client.get("/branding/").text
    assert 'name="is_card_public"' not in client.get(f"/branding/{course.identifier}/").text
