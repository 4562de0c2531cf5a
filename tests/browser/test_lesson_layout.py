"""Layout of shipped lessons: line breaks at source marks, length of parts on a phone."""

import pytest

from courseware.content.rendering import store
from tests.making import make_enrollment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.only_if_changed("content/", "static/css/", "courseware/content/rendering/", "templates/learning/"),
]

# Source marks on another line than the text before them or the punctuation after them.
SEPARATED_MARKS = """() => {
  const closing = /[，。；：、！？）”’,.;:!?)]/u;
  const lineOf = (node, offset) => {
    const range = document.createRange();
    range.setStart(node, offset);
    range.setEnd(node, offset + 1);
    return range.getBoundingClientRect();
  };
  const isOneLine = (one, other) => one.top < other.bottom && other.top < one.bottom;
  const found = [];
  for (const block of document.querySelectorAll("article :is(p, li, td)")) {
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    const signs = [];
    while (walker.nextNode()) {
      for (const [place, sign] of [...walker.currentNode.data].entries()) {
        const isMark = walker.currentNode.parentElement.closest("sup") !== null;
        if (sign.trim()) signs.push({ sign, isMark, box: lineOf(walker.currentNode, place) });
      }
    }
    signs.forEach(({ isMark, box }, place) => {
      const [before, after] = [signs[place - 1], signs[place + 1]];
      if (!isMark || !box.width) return;
      if (before && !isOneLine(before.box, box)) found.push(`${before.sign} | mark`);
      if (after && closing.test(after.sign) && !isOneLine(box, after.box)) found.push(`mark | ${after.sign}`);
    });
  }
  return found;
}"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_source_mark_stays_with_its_text(visit, shipped_course, language):
    page = visit(make_enrollment(course=shipped_course).learner, language=language)
    for lesson in ("how-data-gets-out", "three-locks"):
        page.goto(f"/learn/{shipped_course.identifier}/{lesson}/")
        assert page.locator("article sup a").count() > 3
        for width in (320, 360, 390, 412, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(SEPARATED_MARKS) == [], (lesson, width)


PHONE = {"width": 390, "height": 844}
AT_MOST = 3  # screens

# Each part is measured from its top, the first from the top of the page.
SCREENS = """(height) => [...document.querySelectorAll(".part")].map((part, number) => {
  part.hidden = false;
  const { top, bottom } = part.getBoundingClientRect();
  return (bottom - (number ? top : -scrollY)) / height;
})"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_lesson_parts_fit_3_phone_screens(language, visit, shipped_course):
    page, measured = visit(make_enrollment(course=shipped_course).learner, language=language, viewport=PHONE), {}
    for step in store.outline(shipped_course.current, language).steps:
        if step.kind == "lesson":
            page.goto(f"/learn/{shipped_course.identifier}/{step.id}/")
            measured[step.id] = page.evaluate(SCREENS, PHONE["height"])
    assert all(measured.values())
    assert {step: parts for step, parts in measured.items() if max(parts) > AT_MOST} == {}
