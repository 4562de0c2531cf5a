"""Checks of a whole course: files, translations, references, banks; the checker always ends."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.course_format.checks import check
from tests.assessment.exams import exam_files
from tests.course_format.check_helpers import (
    BANK,
    COURSE,
    EXAM,
    LESSON,
    LESSON_EN,
    MODULE,
    OUTLINE,
    SOURCES,
    SURVEY,
    TODAY,
    issues,
)
from tests.course_format.samples import COURSE as TEXTS
from tests.course_format.samples import OPTIONAL, damage, make_files


def test_valid_course_has_no_issues():
    assert issues(make_files()) == []


def test_step_outside_modules_is_reported():
    files = make_files()
    del files["02-end/module.en.md"], files["02-end/module.zh-hans.md"]
    assert issues(files) == [
        f"{EXAM}:1: its folder is no module; expected a file 02-end/module.zh-hans.md",
        f"{SURVEY}:1: its folder is no module; expected a file 02-end/module.zh-hans.md",
        f"{BANK}:1: its folder is no module; expected a file 02-end/module.zh-hans.md",
    ]


def test_renamed_translation_is_reported():
    files = make_files()
    files["01-water/01-boil.en.md"] = files.pop(LESSON_EN)
    assert issues(files) == [f"01-water/01-boil.en.md:1: its name differs from its partner's; expected {LESSON_EN}"]


def test_missing_translation_is_reported_in_source_file():
    files = make_files()
    del files[LESSON_EN]
    assert issues(files) == [f"{LESSON}:1: no en file; expected {LESSON_EN}"]


def test_missing_languages_is_the_only_issue():
    expected = "expected a list of language tags, the source language first, as in [zh-Hans, en]"
    assert issues({}) == [f'course.en.md:1: "languages" is missing in the course; {expected}']


def test_missing_sources_file_is_reported_once():
    files = make_files()
    del files["sources.en.md"], files[SOURCES]
    expected = "expected them in sources.zh-hans.md"
    assert issues(files) == [
        f"{LESSON}:11: a source is marked, and the course has no list of sources; {expected}",
    ]


def test_reference_to_missing_exam_is_reported_once():
    files = make_files()
    del files[EXAM], files["02-end/01-last.exam.en.md"]
    assert issues(files) == [f'{COURSE}:7: no exam "last-cup"; the course has none yet']


def test_different_text_lengths_are_a_warning():
    (found,) = check(
        damage(LESSON_EN, "Water before fire.", "Water before fire. " + "And one more word. " * 40), today=TODAY
    )
    assert (found.line, found.level, found.finding.id) == (10, "warning", "lengths-differ")


def test_complete_course_covers_syllabus_and_objectives():
    files = damage(LESSON, "covers: [M1.S1.P1, M1.S1]", "covers: [M1.S1.P1]")
    files[BANK] = TEXTS[BANK].replace("objective=O1.1 level=recall", "objective=O1.2 level=recall").encode()
    assert issues(files) == []
    assert issues(files, complete=True) == [
        f"{MODULE}:8: objective O1.1 has 1 questions in the banks, expected at least 2",
        f"{OUTLINE}:9: outline point M1.S1.P2 is covered by no lesson, simulation or objective",
    ]


@pytest.mark.slow
def test_question_citing_case_leads_to_lesson_with_case():
    """C1 is in the lesson the question leads to, C2 in another one, C3 in none."""
    listed = "\n## 案例 {#cases}\n\n" + "".join(f"- 案{n} {{#C{n} checked=2026-11-20}}\n" for n in (1, 2, 3))
    cup = "---\nid: cup\ntitle: 杯子\nobjectives: [O1.2]\n---\n\n## 杯 {#one-cup}\n\n杯子。[^C2]\n"

    def found(reason, heading="#cases"):
        files = damage(LESSON, "很好。", "很好。[^C1]") | {"01-water/03-cup.zh-hans.md": cup.encode()}
        files[SOURCES] = (TEXTS[SOURCES] + listed.replace("#cases", heading)).encode()
        files[BANK] = TEXTS[BANK].replace("人要紧。", reason).encode()
        return [message for message in issues(files, complete=True) if "does not tell" in message]

    assert found("人要紧。[^C1]") == found("[^C2] 和 [^C1]") == found("[^F-01]") == found("[^C2]", "#facts") == []
    assert found("[^C2]") == [f'{BANK}:24: leads to "boiling", which does not tell C2; expected lesson= and one of cup']
    assert found("[^C3]") == [f'{BANK}:24: leads to "boiling", which does not tell C3']


def test_answers_recognizable_by_length_are_warnings():
    questions = "".join(
        f"\n## 题 {n} {{#more-{n} .one objective=O1.1 level=apply}}\n\n"
        "- [x] 一个明显更长更完整的选项\n  > 对。\n- [ ] 短\n  > 错。\n- [ ] 也短\n  > 错。\n"
        for n in range(8)
    )
    files = make_files() | {BANK: (TEXTS[BANK] + questions).encode()}
    warnings = [problem for problem in check(files, today=TODAY) if problem.level == "warning"]
    longest = "the key is the longest choice in 67 % of the questions"
    assert [str(one) for one in warnings if "longest" in one.message] == [
        f"{EXAM}:1: {longest}",
        f"{BANK}:1: {longest}",
    ]
    twice = 'choice "一个明显更长更完整的选项" is twice as long as its neighbours'
    assert [one.path for one in warnings if one.message == twice] == [BANK] * 8


PATHS = sorted(path for path in TEXTS if path.endswith(".md"))


@pytest.mark.slow
@given(st.sampled_from(PATHS), st.data())
def test_damaged_files_give_issues_with_valid_lines(path, data):
    lines = TEXTS[path].split("\n")
    start = data.draw(st.integers(0, len(lines) - 1))
    length = data.draw(st.integers(0, 4))
    added = data.draw(st.lists(st.sampled_from(lines) | st.text(max_size=12), max_size=3))
    text = "\n".join([*lines[:start], *added, *lines[start + length :]])
    files = make_files() | {path: text.encode("utf-8", "ignore")}
    for problem in check(files, complete=True, today=TODAY):
        assert problem.path in files
        assert 1 <= problem.line <= len(files[problem.path].decode().splitlines()) + 1


@pytest.mark.parametrize("junk", ["**a ", "[^", "[", " x", "{#", "`a", "<a ", "![a](", "｛", "> ", "- "])
def test_very_long_line_is_checked_quickly(junk):
    line = junk * 20_000
    started = time.process_time()
    check(damage(LESSON_EN, "The kettle is empty", f"{line}\n\n## {line}\n\n"), today=TODAY)
    assert time.process_time() - started < 5  # seconds; a backtracking pattern takes minutes


@pytest.mark.slow
def test_requirements_cannot_depend_on_optional_lesson():
    files = make_files(**OPTIONAL)
    assert issues(files) == []
    path = "01-water/03-pouring.zh-hans.md"
    listed = TEXTS[COURSE].replace("lessons: all", "lessons: [boiling, pouring]")
    led = TEXTS[BANK].replace("objective=O1.2", "objective=O1.2 lesson=pouring", 1).replace(" section=check", "")
    assert issues(files | {COURSE: listed.encode(), BANK: led.encode()}) == [
        f'{BANK}:{led[: led.index("lesson=pouring")].count(chr(10)) + 1}: leads to "pouring", which is optional; '
        "expected lesson= with a required lesson",
        f'{COURSE}:7: completion: "pouring" is optional; expected lessons that are not',
    ]
    alone = TEXTS[LESSON].replace("objectives: [O1.1, O1.2]", "objectives: [O1.1]")
    found = issues(files | {LESSON: alone.encode()}, complete=True)
    assert f"{MODULE}:9: objective O1.2 is taught by optional lessons only" in found
    assert not [each for each in issues(files, complete=True) if "optional" in each]
    counted = OPTIONAL[path].replace("optional: true", "optional: maybe")
    assert issues(files | {path: counted.encode()}) == [f'{path}:4: optional: expected true or false, got "maybe"']
    simulation = "01-water/02-drill.simulation.zh-hans.md"
    text = TEXTS[simulation].replace("id: drill\n", "id: drill\noptional: true\n")
    assert issues(files | {simulation: text.encode()})[0] == f'{simulation}:3: unknown key "optional" in a simulation'


def test_required_steps_take_at_most_180_minutes():
    """The lesson takes 1.5 minutes in Chinese and 2 in English."""
    simulation = "01-water/02-drill.simulation.zh-hans.md"
    long = TEXTS[simulation].replace("minutes: 2\n", "minutes: 400\n").encode()
    exam = TEXTS[EXAM]

    def found(minutes):
        files = make_files(**OPTIONAL) | {
            simulation: long,
            EXAM: exam.replace("\nminutes: 5\n", f"\nminutes: {minutes}\n").encode(),
        }
        return [each for each in issues(files, complete=True) if "required" in each]

    assert found(178) == []
    assert found(179) == [
        "course.en.md:1: what is required takes 181 minutes in en, expected at most 180",
        "course.zh-hans.md:1: what is required takes 180.5 minutes in zh-hans, expected at most 180",
    ]


def test_variant_group_counts_as_1_question_per_attempt():
    """3 of 4 questions are one variant group, of which an attempt asks one; 2 attempts draw 2 each."""
    files = exam_files(questions=4, draw=2, retakes="retakes:\n  - {wait: 0 min}\n")
    assert issues(files) == []
    braces = dict.fromkeys((1, 2, 3), "family=f")
    big = exam_files(questions=4, draw=2, retakes="retakes:\n  - {wait: 0 min}\n", braces=braces)
    assert issues(big) == [f"{EXAM}:7: tea-bank has 3 questions to ask, of a family one an attempt; 2 attempts need 4"]
