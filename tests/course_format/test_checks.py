"""What the checker tells of a course as a whole: files, translations, references, banks; and that it always ends."""

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
    told,
)
from tests.course_format.samples import COURSE as TEXTS
from tests.course_format.samples import OPTIONAL, damage, make_files


def test_a_whole_course_gives_no_problem():
    assert told(make_files()) == []


def test_a_step_outside_every_module_is_told():
    files = make_files()
    del files["02-end/module.en.md"], files["02-end/module.zh-hans.md"]
    assert told(files) == [
        f"{EXAM}:1: its folder is no module; expected a file 02-end/module.zh-hans.md",
        f"{SURVEY}:1: its folder is no module; expected a file 02-end/module.zh-hans.md",
        f"{BANK}:1: its folder is no module; expected a file 02-end/module.zh-hans.md",
    ]


def test_a_translation_that_was_renamed_is_told():
    files = make_files()
    files["01-water/01-boil.en.md"] = files.pop(LESSON_EN)
    assert told(files) == [f"01-water/01-boil.en.md:1: its name differs from its partner's; expected {LESSON_EN}"]


def test_a_missing_translation_is_told_in_the_source():
    files = make_files()
    del files[LESSON_EN]
    assert told(files) == [f"{LESSON}:1: no en file; expected {LESSON_EN}"]


def test_a_course_without_languages_is_told_and_nothing_else():
    expected = "expected a list of language tags, the source language first, as in [zh-Hans, en]"
    assert told({}) == [f'course.en.md:1: "languages" is missing in the course; {expected}']


def test_marks_without_a_list_of_sources_are_told_once():
    files = make_files()
    del files["sources.en.md"], files[SOURCES]
    expected = "expected them in sources.zh-hans.md"
    assert told(files) == [
        f"{LESSON}:11: a source is marked, and the course has no list of sources; {expected}",
    ]


def test_a_reference_to_a_list_that_is_empty_is_told_once():
    files = make_files()
    del files[EXAM], files["02-end/01-last.exam.en.md"]
    assert told(files) == [f'{COURSE}:7: no exam "last-cup"; the course has none yet']


def test_texts_of_different_lengths_are_a_warning():
    (found,) = check(
        damage(LESSON_EN, "Water before fire.", "Water before fire. " + "And one more word. " * 40), today=TODAY
    )
    assert (found.line, found.level, found.finding.id) == (10, "warning", "lengths-differ")


def test_a_completed_course_covers_its_outline_and_tests_its_objectives():
    files = damage(LESSON, "covers: [M1.S1.P1, M1.S1]", "covers: [M1.S1.P1]")
    files[BANK] = TEXTS[BANK].replace("objective=O1.1 level=recall", "objective=O1.2 level=recall").encode()
    assert told(files) == []
    assert told(files, complete=True) == [
        f"{MODULE}:8: objective O1.1 has 1 questions in the banks, expected at least 2",
        f"{OUTLINE}:9: outline point M1.S1.P2 is covered by no lesson, simulation or objective",
    ]


def test_a_question_about_cases_leads_to_a_lesson_that_tells_one_of_them():
    """C1 is told in the lesson it leads to, C2 in another one, C3 nowhere."""
    listed = "\n## 案例 {#cases}\n\n" + "".join(f"- 案{n} {{#C{n} checked=2026-11-20}}\n" for n in (1, 2, 3))
    cup = "---\nid: cup\ntitle: 杯子\nobjectives: [O1.2]\n---\n\n## 杯 {#one-cup}\n\n杯子。[^C2]\n"

    def said(reason, heading="#cases"):
        files = damage(LESSON, "很好。", "很好。[^C1]") | {"01-water/03-cup.zh-hans.md": cup.encode()}
        files[SOURCES] = (TEXTS[SOURCES] + listed.replace("#cases", heading)).encode()
        files[BANK] = TEXTS[BANK].replace("人要紧。", reason).encode()
        return [message for message in told(files, complete=True) if "does not tell" in message]

    assert said("人要紧。[^C1]") == said("[^C2] 和 [^C1]") == said("[^F-01]") == said("[^C2]", "#facts") == []
    assert said("[^C2]") == [f'{BANK}:24: leads to "boiling", which does not tell C2; expected lesson= and one of cup']
    assert said("[^C3]") == [f'{BANK}:24: leads to "boiling", which does not tell C3']


def test_keys_that_can_be_told_by_their_length_are_warnings():
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


@pytest.mark.long
@given(st.sampled_from(PATHS), st.data())
def test_no_damage_stops_the_checker_and_each_message_has_a_line_of_its_file(path, data):
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
def test_a_line_without_end_does_not_keep_the_checker_busy(junk):
    line = junk * 20_000
    started = time.process_time()
    check(damage(LESSON_EN, "The kettle is empty", f"{line}\n\n## {line}\n\n"), today=TODAY)
    assert time.process_time() - started < 5  # seconds; a pattern that goes back over the line takes minutes


def test_nothing_that_is_asked_for_hangs_on_an_optional_lesson_alone():
    files = make_files(**OPTIONAL)
    assert told(files) == []
    path = "01-water/03-pouring.zh-hans.md"
    listed = TEXTS[COURSE].replace("lessons: all", "lessons: [boiling, pouring]")
    led = TEXTS[BANK].replace("objective=O1.2", "objective=O1.2 lesson=pouring", 1).replace(" section=check", "")
    assert told(files | {COURSE: listed.encode(), BANK: led.encode()}) == [
        f'{BANK}:{led[: led.index("lesson=pouring")].count(chr(10)) + 1}: leads to "pouring", which is optional; '
        "expected lesson= and one that has to be done",
        f'{COURSE}:7: completion: "pouring" is optional; expected lessons that are not',
    ]
    alone = TEXTS[LESSON].replace("objectives: [O1.1, O1.2]", "objectives: [O1.1]")
    found = told(files | {LESSON: alone.encode()}, complete=True)
    assert f"{MODULE}:9: objective O1.2 is taught by optional lessons only" in found
    assert not [each for each in told(files, complete=True) if "optional" in each]
    counted = OPTIONAL[path].replace("optional: true", "optional: maybe")
    assert told(files | {path: counted.encode()}) == [f'{path}:4: optional: expected true or false, got "maybe"']
    simulation = "01-water/02-drill.simulation.zh-hans.md"
    text = TEXTS[simulation].replace("id: drill\n", "id: drill\noptional: true\n")
    assert told(files | {simulation: text.encode()})[0] == f'{simulation}:3: unknown key "optional" in a simulation'


def test_what_is_required_takes_at_most_three_hours_in_each_language_and_nothing_else_is_counted():
    """The lesson takes 1.5 minutes in Chinese and 2 in English."""
    simulation = "01-water/02-drill.simulation.zh-hans.md"
    long = TEXTS[simulation].replace("minutes: 2\n", "minutes: 400\n").encode()
    exam = TEXTS[EXAM]

    def said(minutes):
        files = make_files(**OPTIONAL) | {
            simulation: long,
            EXAM: exam.replace("\nminutes: 5\n", f"\nminutes: {minutes}\n").encode(),
        }
        return [each for each in told(files, complete=True) if "required" in each]

    assert said(178) == []
    assert said(179) == [
        "course.en.md:1: what is required takes 181 minutes in en, expected at most 180",
        "course.zh-hans.md:1: what is required takes 180.5 minutes in zh-hans, expected at most 180",
    ]


def test_a_bank_that_has_enough_questions_in_too_large_families_has_too_few_to_ask():
    """Three of the four are one family, of which an attempt asks one; two attempts draw two each."""
    files = exam_files(questions=4, draw=2, retakes="retakes:\n  - {wait: 0 min}\n")
    assert told(files) == []
    braces = dict.fromkeys((1, 2, 3), "family=f")
    large = exam_files(questions=4, draw=2, retakes="retakes:\n  - {wait: 0 min}\n", braces=braces)
    assert told(large) == [f"{EXAM}:7: tea-bank has 3 questions to ask, of a family one an attempt; 2 attempts need 4"]
