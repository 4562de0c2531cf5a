"""How far a lesson of the shipped course reaches on a phone before its reader has something to do."""

import pytest

from courseware.content.compiled import serving
from courseware.learning import enrolling
from tests.making import make_user

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.only_if_changed("content/", "static/css/", "templates/learning/"),
]
PHONE = {"width": 390, "height": 844}
AT_MOST = 3  # screens

# Each part from its own beginning, the first one from that of the page.
SCREENS = """(height) => [...document.querySelectorAll(".part")].map((part, number) => {
  part.hidden = false;
  const { top, bottom } = part.getBoundingClientRect();
  return (bottom - (number ? top : -scrollY)) / height;
})"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_part_of_a_lesson_is_longer_than_three_screens_of_a_phone(language, visit, shipped_course):
    learner = make_user("Lea Learner")
    enrolling.enroll(learner, shipped_course)
    page, measured = visit(learner, language=language, viewport=PHONE), {}
    for step in serving.outline(shipped_course.current, language).steps:
        if step.kind == "lesson":
            page.goto(f"/learn/{shipped_course.identifier}/{step.id}/")
            measured[step.id] = page.evaluate(SCREENS, PHONE["height"])
    assert all(measured.values())
    assert {step: parts for step, parts in measured.items() if max(parts) > AT_MOST} == {}
