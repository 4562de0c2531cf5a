"""Print layout of pages, emergency card and pocket card."""

import io
import re

import pytest
from pypdf import PdfReader

from courseware.content.models import EmergencyContact
from courseware.content.rendering import store
from courseware.content.rendering.emergency_card import card_sections
from courseware.learning.reference.saved_phrases import save_phrase
from tests.making import make_enrollment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.only_if_changed("content/", "static/css/", "templates/"),
]
BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
COLOURS = """() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"""


@pytest.mark.parametrize("chosen", ["auto", "dark"], ids=["the device is dark", "the reader chose dark"])
def test_dark_theme_prints_black_on_white(visit, chosen):
    page = visit(color_scheme="dark")
    page.add_init_script(f"localStorage.setItem('theme', '{chosen}')")
    page.goto("/accounts/login/")
    assert page.evaluate(COLOURS) != [BLACK, WHITE]
    page.emulate_media(media="print")
    assert page.evaluate(COLOURS) == [BLACK, WHITE]


FOLDED = """() => [...document.querySelectorAll("main details:not(.no-print) > :not(summary)")]
  .map((part) => part.checkVisibility())"""


def test_folded_details_are_printed(visit, shipped_course):
    page = visit(make_enrollment(course=shipped_course).learner, language="en")
    page.goto(f"/learn/{shipped_course.identifier}/insiders/")
    assert set(page.evaluate(FOLDED)) == {False}
    page.emulate_media(media="print")
    assert set(page.evaluate(FOLDED)) == {True}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_emergency_card_with_2_contacts_fits_1_page(visit, shipped_course, language):
    course = shipped_course
    for section in card_sections(course, language):
        for who in ("Duty desk, day and night", "Head of security, room 302"):
            EmergencyContact.objects.create(course=course, section=section, who=who, number="021-5555 0110 ,,12#")
    page = visit(make_enrollment(course=course).learner, language=language)
    page.goto(f"/learn/{course.identifier}/emergency-card/")
    assert page.locator(".call li").count() > 2 * len(card_sections(course, language))
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(format="A4"))
    assert len(pages) == 1


OVERFULL = """() => [...document.querySelectorAll(".panel")]
  .filter((panel) => panel.scrollHeight > panel.clientHeight + 1)
  .map((panel) => panel.textContent)"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_pocket_card_panels_do_not_overflow(visit, shipped_course, language):
    course = shipped_course
    for section in card_sections(course, language):
        EmergencyContact.objects.create(
            course=course, section=section, who="Duty desk, day and night", number="021-5555 0110"
        )
    page = visit(make_enrollment(course=course).learner, language=language, viewport={"width": 1123, "height": 794})
    page.goto(f"/learn/{course.identifier}/emergency-card/pocket/")
    page.emulate_media(media="print")
    assert page.locator(".panel").count() == 8
    assert page.evaluate(OVERFULL) == []
    [size] = sheets(page.pdf(prefer_css_page_size=True))
    assert size == (297, 210)


def sheets(body):
    """Return width and height of each page, in millimetres."""
    boxes = [page.mediabox for page in PdfReader(io.BytesIO(body)).pages]
    return [(round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) for box in boxes]


FILLED = """() => document.querySelector("article").getBoundingClientRect().height / 96 * 25.4"""


def test_wall_card_fills_page(visit, shipped_course):
    page = visit(make_enrollment(course=shipped_course).learner, language="en", viewport={"width": 740, "height": 800})
    page.goto(f"/learn/{shipped_course.identifier}/emergency-card/")
    page.emulate_media(media="print")
    assert 280 < page.evaluate(FILLED) <= 283
    assert sheets(page.pdf(prefer_css_page_size=True)) == [(210, 297)]


LOST = """() => [...document.querySelectorAll(".call, .call *")].filter(
    piece => piece.getBoundingClientRect().right > document.querySelector("article").getBoundingClientRect().right + 1
).map(piece => piece.textContent)"""


@pytest.mark.parametrize(("media", "width"), [("print", 718), ("screen", 1280), ("screen", 320)])
def test_longest_phone_number_is_not_cut_off(visit, shipped_course, media, width):
    course = shipped_course
    section = next(iter(card_sections(course, "en")))
    EmergencyContact.objects.create(
        course=course, section=section, who="W" * 80, number="+86 (21) 5555-0100 ,,12345678901234567#"
    )
    page = visit(make_enrollment(course=course).learner, language="en", viewport={"width": width, "height": 800})
    page.goto(f"/learn/{course.identifier}/emergency-card/")
    page.emulate_media(media=media)
    assert page.evaluate(LOST) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_printed_module_pages_name_release(visit, shipped_course):
    page = visit(make_enrollment(course=shipped_course).learner, language="en")
    page.goto(f"/learn/{shipped_course.identifier}/print/")
    page.get_by_role("link", name="Only this module").first.click()
    page.wait_for_url("**/print/*/")
    pages = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(pages) > 3
    assert all("release 1 · printed on" in sheet.extract_text() for sheet in pages)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_all_saved_phrases_fit_pocket_card(visit, shipped_course, language):
    enrollment = make_enrollment(course=shipped_course)
    outline = store.outline(shipped_course.current, language)
    for step in (step for step in outline.steps if step.kind == "lesson"):
        lesson = store.page(shipped_course.current, step.id, language)
        for phrase in lesson.phrases:
            save_phrase(enrollment, lesson, phrase)
    page = visit(enrollment.learner, language=language, viewport={"width": 1123, "height": 794})
    page.goto(f"/learn/{shipped_course.identifier}/emergency-card/pocket/")
    page.emulate_media(media="print")
    assert page.evaluate(OVERFULL) == []
    assert set(sheets(page.pdf(prefer_css_page_size=True))) == {(297, 210)}
