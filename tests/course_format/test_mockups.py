"""Mockups as text: parsing, checks, comparison between languages, reading time."""

import re
from pathlib import Path

import pytest

from courseware.course_format.parsing.blocks import Mockup, Prose, split
from courseware.course_format.parsing.mockups import (
    MOCKUP_KINDS,
    PlanRoom,
    grid_of,
    outline_of,
    parse_mockup,
    printed_on,
    rooms_of,
)
from courseware.course_format.parsing.parser import read
from courseware.course_format.parsing.speech import CutLine, cut_speech
from courseware.course_format.reading_time import reading_seconds, stretches
from tests.course_format.check_helpers import LESSON, LESSON_EN, issues
from tests.course_format.samples import COURSE, make_files

MAIL = "> [!screen mail]\n> - from: HR\n> - subject: Leave\n>\n> Dear all,\n>\n> Sign in at x.example."
PHONE = "> [!screen phone]\n> - number: 156 0000 7318\n> - on-file: no"
PLAN = (
    "> [!screen plan]\n> - here: Desk\n> - exits: Stair A | Stair B\n>\n"
    "> | Stair A | Lift | Stair B |\n> | --- | --- | --- |\n> | Hall | Hall | Hall |\n> | | Desk | |"
)
AUTHORS = Path(__file__).resolve().parents[2] / "docs" / "authors" / "screens.md"
EXAMPLES = re.findall(r"^```markdown\n(.*?)^```$", AUTHORS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def with_mockups(here, there=None):
    """The sample lesson with a mockup, and another (or the same) in the English file."""
    return make_files() | {
        LESSON: COURSE[LESSON].replace("> [!rule]\n> 先水后火。", here).encode(),
        LESSON_EN: COURSE[LESSON_EN].replace("> [!rule]\n> Water before fire.", there or here).encode(),
    }


def mockup(text):
    (block,) = split(text)
    assert isinstance(block, Mockup)
    return block


def test_mockup_has_keys_and_body():
    text = parse_mockup(mockup(MAIL))
    assert text.values == {"from": "HR", "subject": "Leave"}
    assert [fact.line for fact in text.facts] == [2, 3]
    assert text.body == "Dear all,\n\nSign in at x.example."
    assert printed_on(mockup(MAIL)) == ["HR", "Leave", "Dear all,", "Sign in at x.example."]
    assert printed_on(mockup(PHONE)) == ["156 0000 7318"]


def test_list_in_body_is_no_key_and_next_quote_ends_mockup():
    text = parse_mockup(mockup("> [!screen mail]\n> - from: HR\n>\n> - item: one"))
    assert (text.values, text.body) == ({"from": "HR"}, "- item: one")
    assert [type(block) for block in split(f"{PHONE}\n{MAIL}\n\nprose")] == [Mockup, Mockup, Prose]
    assert mockup(PLAN).source == PLAN.replace("> [!screen plan]\n>\n", "> [!screen plan]\n")


def test_equal_cells_in_rectangle_are_1_room():
    grid = grid_of("| a | b | b |\n|---|---|---|\n| a | b | b |\n| c | a |")
    assert grid == [["a", "b", "b"], ["a", "b", "b"], ["c", "a", ""]]
    assert rooms_of(grid) == [
        PlanRoom("a", 0, 0), PlanRoom("b", 0, 1, 2, 2), PlanRoom("a", 1, 0),
        PlanRoom("c", 2, 0), PlanRoom("a", 2, 1), PlanRoom("", 2, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [MAIL, PHONE, PLAN, "> [!screen chat]\n> - title: Xu\n>\n> **Xu**: Send it over."])
def test_valid_mockup_has_no_issues(text):
    assert issues(with_mockups(text)) == []


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (MAIL, MAIL.replace("> - subject", "> - to: all\n> - subject")),
        (MAIL, MAIL.replace("Dear all,\n>\n> ", "Dear all, ")),
        (PHONE, PHONE.replace("no", "yes")),
        (PLAN, PLAN.replace("here: Desk", "here: Lift")),
        (PLAN, PLAN.replace("| Hall | Hall | Hall |", "| Hall | Hall | Toilet |")),
    ],
)
def test_mockup_structure_is_compared_between_languages(text, other):
    assert outline_of(mockup(text)) != outline_of(mockup(other))
    assert [problem.partition(" differ")[0] for problem in issues(with_mockups(text, other))] == [
        f"{LESSON_EN}:{COURSE[LESSON_EN].split('> [!rule]')[0].count(chr(10)) + 1}: screens"
    ]
    assert outline_of(mockup(MAIL)) == outline_of(mockup(MAIL.replace("HR", "人事部")))


@pytest.mark.slow
def test_markable_piece_occurs_once_in_mockup():
    def marked(piece):
        text = COURSE[LESSON].replace("> **小李**：炉子开着，我先走了。", MAIL)
        text = text.replace("炉子开着", piece).replace("我先走了", "Leave")
        return issues(make_files() | {LESSON: text.encode()})

    assert f"{LESSON}:" not in "".join(marked("x.example"))
    assert any('"HR Leave" occurs 0 times' in problem for problem in marked("HR Leave"))  # in neither of two places
    assert any('"mail" occurs 0 times' in problem for problem in marked("mail"))  # the kind is not visible


def test_reading_time_counts_mockup_text_not_keys():
    body = f"---\nid: pace\ntitle: Pace\nminutes: 4\nobjectives: [O1]\n---\n{MAIL}\n".encode()
    document, _ = read("01-m/01-pace.en.md", body)
    (stretch,) = stretches(document, "")
    assert stretch.seconds == pytest.approx(reading_seconds("HR Leave Dear all Sign in at x.example"))


def test_open_question_continues_after_mockup():
    text = f"---\nid: x\ntitle: X\n---\n## Why {{#why .open}}\n\n{MAIL}\n\nWhy?\n\n> [!say]\n> Because.\n"
    document, _ = read("01-m/01-x.en.md", text.encode())
    assert document.section("why").stem == f"{MAIL}\n\nWhy?"


def test_mockup_is_own_line_except_phone_display():
    lines = cut_speech(f"It rings.\n\n{PHONE}\n\n> **Jo**: Hello.\n{MAIL}\n\n> **Jo**: Well?")
    assert lines == (
        CutLine("", "It rings.", is_told=True), CutLine("Jo", "Hello."), CutLine("", MAIL), CutLine("Jo", "Well?"),
    )  # fmt: skip


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_in_docs_have_no_issues(text):
    assert issues(with_mockups(text.strip())) == []


def test_docs_have_example_of_every_kind():
    assert [mockup(text.strip()).kind for text in EXAMPLES] == [*MOCKUP_KINDS]
