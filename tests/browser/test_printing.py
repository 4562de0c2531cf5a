"""What is printed is paper, whatever the screen looks like."""

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
    pytest.mark.exhaustive,
    pytest.mark.only_if_changed("content/", "static/css/", "templates/"),
]
BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"
COLOURS = """() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"""


@pytest.mark.parametrize("chosen", ["auto", "dark"], ids=["the device is dark", "the reader chose dark"])
def test_a_dark_page_is_printed_black_on_white(visit, chosen):
    page = visit(color_scheme="dark")
    page.add_init_script(f"localStorage.setItem('theme', '{chosen}')")
    page.goto("/accounts/login/")
    assert page.evaluate(COLOURS) != [BLACK, WHITE]
    page.emulate_media(media="print")
    assert page.evaluate(COLOURS) == [BLACK, WHITE]


FOLDED = """() => [...document.querySelectorAll("main details:not(.no-print) > :not(summary)")]
  .map((part) => part.checkVisibility())"""


def test_what_is_folded_on_the_screen_is_there_on_paper(visit, shipped_course):
    page = visit(make_enrollment(course=shipped_course).learner, language="en")
    page.goto(f"/learn/{shipped_course.identifier}/insiders/")
    assert set(page.evaluate(FOLDED)) == {False}
    page.emulate_media(media="print")
    assert set(page.evaluate(FOLDED)) == {True}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_emergency_card_is_one_sheet_with_two_contacts_for_each_emergency(visit, shipped_course, language):
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
def test_the_card_for_the_pocket_is_one_sheet_across_of_which_no_panel_is_overfull(visit, shipped_course, language):
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
    """Width and height of each, in millimetres."""
    boxes = [page.mediabox for page in PdfReader(io.BytesIO(body)).pages]
    return [(round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) for box in boxes]


FILLED = """() => document.querySelector("article").getBoundingClientRect().height / 96 * 25.4"""


def test_the_card_for_the_wall_fills_its_sheet(visit, shipped_course):
    page = visit(make_enrollment(course=shipped_course).learner, language="en", viewport={"width": 740, "height": 800})
    page.goto(f"/learn/{shipped_course.identifier}/emergency-card/")
    page.emulate_media(media="print")
    assert 280 < page.evaluate(FILLED) <= 283
    assert sheets(page.pdf(prefer_css_page_size=True)) == [(210, 297)]


LOST = """() => [...document.querySelectorAll(".call, .call *")].filter(
    piece => piece.getBoundingClientRect().right > document.querySelector("article").getBoundingClientRect().right + 1
).map(piece => piece.textContent)"""


@pytest.mark.parametrize(("media", "width"), [("print", 718), ("screen", 1280), ("screen", 320)])
def test_no_digit_of_the_longest_number_is_lost_at_the_edge(visit, shipped_course, media, width):
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


def test_each_page_of_a_printed_module_says_which_release_it_is_of(visit, shipped_course):
    page = visit(make_enrollment(course=shipped_course).learner, language="en")
    page.goto(f"/learn/{shipped_course.identifier}/print/")
    page.get_by_role("link", name="Only this module").first.click()
    page.wait_for_url("**/print/*/")
    pages = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert len(pages) > 3
    assert all("release 1 · printed on" in sheet.extract_text() for sheet in pages)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_all_phrases_of_the_course_fit_on_panels_for_the_pocket(visit, shipped_course, language):
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
