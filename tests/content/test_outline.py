"""The pre-test in the course outline."""

import json

import pytest

from courseware.content.rendering.outline import compile_outline
from courseware.content.rendering.store import read_outline
from courseware.course_format.course import read_course
from courseware.course_format.reading_time import required_minutes
from courseware.course_format.reports.statistics import CourseFigures
from tests.assessment.exams import exam_files, pre_check_files

START = "01-water/00-start.exam"


def outline(files, language="en"):
    return read_outline(json.loads(json.dumps(compile_outline(read_course(files), language))))


def moved(files, place):
    """Return `files` with the pre-test under another number or in another module."""
    return {path.replace(START, place): text for path, text in files.items()}


def test_pre_test_is_first_step_and_optional():
    found = outline(pre_check_files())
    first, second, *_others = found.steps
    assert (first.id, first.kind, first.is_required, first.minutes) == ("start", "pre-check", False, 2)
    assert (second.id, second.kind, second.is_required) == ("boiling", "lesson", True)
    assert found.required == ("boiling", "last-cup")
    assert (found.pre_check_id, found.again_after, found.exam_id) == ("start", "last-cup", "last-cup")


def test_pre_test_title_is_translated():
    assert [outline(pre_check_files(), language).step("start").title for language in ("en", "zh-hans")] == [
        "Where you start", "起点",
    ]  # fmt: skip


@pytest.mark.parametrize("place", ["01-water/07-start.exam", "02-end/00-start.exam"])
def test_pre_test_after_a_lesson_is_ignored(place):
    found = outline(moved(pre_check_files(), place))
    assert (found.pre_check_id, found.again_after) == (None, None)
    assert "start" not in [step.id for step in found.steps]


def test_course_without_pre_test_has_none():
    found = outline(exam_files())
    assert (found.pre_check_id, found.again_after, found.exam_id) == (None, None, "last-cup")


def test_objective_text_is_found_in_any_module():
    found = outline(exam_files())
    assert (found.objective("O1.1"), found.objective("O9.9")) == ("<strong>Boil</strong> a kettle", "O9.9")


def test_minutes_totals_count_required_and_open_steps():
    """Pre-test 2, lesson 1.5 (Chinese) or 2 (English), optional simulation 2, exam 5 minutes."""
    course = read_course(pre_check_files())
    found = outline(pre_check_files())
    assert [CourseFigures(course, language).minutes for language in ("zh-hans", "en")] == [10.5, 11]
    assert [required_minutes(course, language) for language in ("zh-hans", "en")] == [6.5, 7]
    assert found.minutes_left() == 7
    assert found.minutes_left({"boiling", "start"}) == 5
    assert found.minutes_left(found.required) == 0
