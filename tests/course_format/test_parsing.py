import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.course_format.course import read_course
from courseware.course_format.parsing.blocks import Callout, Figure, Prose
from courseware.course_format.parsing.lists import Choices, Entry, Item
from courseware.course_format.parsing.parser import read
from tests.course_format.samples import COURSE, make_files

LESSON = "01-tea/01-pot.en.md"
FRONT = "---\nid: pot\ntitle: The pot\ncovers: [M1]\nobjectives: [O1]\n---\n"
FIRST = FRONT.count("\n") + 1  # number of the first line of the body


def read_body(body):
    document, problems = read(LESSON, (FRONT + body).encode())
    assert problems == []
    return document


def test_section_has_blocks_in_reading_order():
    document = read_body(
        "Before.\n"
        "\n"
        "## One {#one}\n"
        "Text of **one**,\n"
        "two lines.\n"
        "\n"
        "> **Li**: speech is prose.\n"
        "\n"
        "> [!rule]\n"
        "> A rule.\n"
        ">\n"
        "> More of it.\n"
        "> [!day night]\n"
        "> For two tracks.\n"
        "\n"
        '![A pot](media/pot.svg "The pot")\n'
        "\n"
        "The end.\n"
        "### Two {#two}\n"
    )
    before, one, two = document.sections
    assert (before.id, before.level, before.blocks) == ("", 1, (Prose("Before.", FIRST),))
    assert (one.id, one.title, one.level, one.line) == ("one", "One", 2, FIRST + 2)
    assert one.blocks == (
        Prose("Text of **one**,\ntwo lines.\n\n> **Li**: speech is prose.", FIRST + 3),
        Callout("rule", (), "A rule.\n\nMore of it.", FIRST + 8),
        Callout("tracks", ("day", "night"), "For two tracks.", FIRST + 12),
        Figure("media/pot.svg", "A pot", "The pot", FIRST + 15),
        Prose("The end.", FIRST + 17),
    )
    assert (two.id, two.level, two.blocks) == ("two", 3, ())


def test_question_has_stem_choices_and_following_text():
    document = read_body(
        '### Which? {#which .one objective=O1 critical tracks="day night"}\n'
        "\n"
        "- a list in the stem\n"
        "\n"
        "> [!rule]\n"
        "> In the stem.\n"
        "\n"
        "* [ ] First,\n"
        "  on two lines\n"
        "  > Why not.\n"
        "  >\n"
        "  > Twice.\n"
        "\n"
        "* [X] Second\n"
        "    > Why.\n"
        "\n"
        "Behind.\n"
    )
    (section,) = document.sections
    assert (section.kind, section.attrs) == ("one", {"objective": "O1", "critical": "", "tracks": "day night"})
    assert section.stem == "- a list in the stem\n\n> [!rule]\n> In the stem."
    assert section.choices == Choices(
        (
            Item("First,\non two lines", "Why not.\n\nTwice.", " ", False, FIRST + 7),
            Item("Second", "Why.", "x", False, FIRST + 13),
        ),
        FIRST + 7,
    )
    assert section.after == (Prose("Behind.", FIRST + 16),)


def test_group_members_may_be_indented_2_or_more():
    (section,) = read_body(
        "## Sort {#sort .sort}\n\n- **A**\n  - a\n    > Why a.\n- **B**\n      - b\n        > Why b.\n"
    ).sections
    assert section.choices.items == (
        Item("**A**", "", "", False, FIRST + 2, (Item("a", "Why a.", "", False, FIRST + 3),)),
        Item("**B**", "", "", False, FIRST + 5, (Item("b", "Why b.", "", False, FIRST + 6),)),
    )


def test_open_question_ends_at_first_callout():
    (section,) = read_body("## Note {#note .open}\n\nWhat now?\n\n> [!say]\n> This.\n").sections
    assert (section.stem, section.after) == ("What now?", (Callout("say", (), "This.", FIRST + 4),))


def test_fenced_code_is_not_parsed():
    document = read_body(
        "## One {#one}\n\n```markdown\n## Two\n> [!rule]\n[x](#nowhere)\n```\n\n~~~~\n## Three\n~~~\n~~~~\n"
    )
    (section,) = document.sections
    assert [type(block) for block in section.blocks] == [Prose]
    assert [line.text for line in document.lines if line.text.strip()] == ["## One {#one}"]


def test_list_lines_with_id_are_entries():
    data = b"Text.\n\n- no entry\n\n- **Pour**\n  tea {#O1.1}\n- Drink{#O1.2 checked=2026-11-20}\n"
    document, _ = read("01-tea/module.en.md", b"---\nid: m1\ntitle: Tea\n---\n" + data)
    assert document.sections[0].blocks == (
        Prose("Text.\n\n- no entry", 5),
        Entry("O1.1", "**Pour**\ntea", {}, 9),
        Entry("O1.2", "Drink", {"checked": "2026-11-20"}, 11),
    )


def test_translation_inherits_question_types_and_keys():
    source = read_body("## 选 {#which .one objective=O1}\n\n- [x] 甲\n  > 对。\n")
    document, problems = read(
        LESSON, b"---\nid: pot\ntitle: The pot\n---\n## Which {#which}\n\n- [x] A\n  > Right.\n", source
    )
    (section,) = document.sections
    assert problems == []
    assert (section.kind, section.attrs, section.title) == ("one", {"objective": "O1"}, "Which")
    assert section.choices.items == (Item("A", "Right.", "x", False, 7),)
    assert (document.title, document.meta.covers) == ("The pot", ("M1",))


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("path", [path for path in COURSE if path.endswith(".zh-hans.md")])
def test_line_ends_and_bom_are_ignored(path, mark, line_end):
    expected = read(path, COURSE[path].encode())
    assert read(path, (mark + COURSE[path].replace("\n", line_end)).encode()) == expected
    assert expected[1] == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", (1, 'the first line must be "---"; above the title there is front matter')),
        (b"---\nid: \xff\n---\n", (2, "not UTF-8; save the file as UTF-8")),
        (b"---\nid: x\n---\na\0b\n", (4, "a NUL byte; expected text")),
        (b"---\n---\n", (2, "front matter has no keys; expected lines like title: Text")),
        (b"---\nid: &a [*a]\n---\n", (2, "front matter takes plain values only, no anchors, tags or deep nesting")),
        (b"---\nid: !!python/name:os.system x\n---\n", (2, None)),
        (b"---\nid: " + b"[" * 3000 + b"]" * 3000 + b"\n---\n", (2, None)),
        (b"---\nid: [\n---\n", (2, None)),
        (b"---\nid: \x07\n---\n", (2, "front matter cannot be read; expected lines like title: Text")),
    ],
)
def test_unreadable_file_gives_1_problem_and_no_document(data, problem):
    document, problems = read(LESSON, data)
    line, message = problem
    assert document is None
    assert [(one.line, message and one.message) for one in problems] == [(line, message)]


HEADINGS = ["## H {#h}", "### Q {#q .one}", "### S {#s .sort}", "##H", "## {#x"]
LISTS = ["- [x] a", "- **g**", "  - m", "1. n", "  > r", "\t> r", "- e {#e}", "  run on"]
OTHERS = ["> [!rule]", "> q", "", "text", "```", "![a](media/a.svg)", "---"]
GRAMMAR = st.sampled_from([*HEADINGS, *LISTS, *OTHERS])
BODIES = st.lists(st.one_of(GRAMMAR, st.text(max_size=20)), max_size=15).map("\n".join)
PATHS = st.sampled_from([LESSON, "outline.en.md", "01-tea/module.en.md", "01-tea/bank/b.bank.en.md"])


@given(BODIES, PATHS)
def test_random_text_gives_blocks_from_its_lines(body, path):
    data = (FRONT + body).encode("utf-8", "surrogatepass").replace(b"\0", b"")
    document, problems = read(path, data)
    lines = re.split(r"\r\n|\r|\n", data.decode("utf-8", "replace"))
    assert all(1 <= problem.line <= len(lines) for problem in problems)
    for section in document.sections if document else ():
        for block in section.blocks:
            assert 1 <= block.line <= len(lines)
            if isinstance(block, Prose):
                start = block.line - 1
                assert block.text.split("\n") == lines[start : start + block.text.count("\n") + 1]


@pytest.mark.slow
@given(st.binary(max_size=200), st.sampled_from([path for path in COURSE if path.endswith(".md")]))
def test_random_bytes_leave_course_usable(data, path):
    course = read_course(make_files() | {path: data})
    assert {step.id for step in course.route} <= set(course.documents)


def test_course_has_steps_lists_and_languages():
    course = read_course(make_files())
    assert course.problems == ()
    assert (course.id, course.languages) == ("tea-room", ("zh-hans", "en"))
    assert [
        (module.id, [(step.id, step.kind) for step in module.steps], module.banks) for module in course.modules
    ] == [
        ("m1", [("boiling", "lesson"), ("drill", "simulation")], ()),
        ("m2", [("last-cup", "exam"), ("voice", "survey")], ("tea-bank",)),
    ]
    assert {one.id: (one.document, one.texts["en"]) for one in course.objectives.values()} == {
        "O1.1": ("m1", "**Boil** a kettle"),
        "O1.2": ("m1", "**Turn off** the stove"),
    }
    assert list(course.outline) == ["M1.S1.P1", "M1.S1.P2"]
    assert course.sources["F-01"].attrs == {"checked": "2026-11-20"}
    assert course.terms["kettle"].texts == {"zh-hans": "水壶", "en": "kettle"}
    assert course.media == {"media/kettle.zh-hans.svg", "media/kettle.en.svg"}
    assert course.source("drill").section("out").kind == "green"
    assert course.documents["card"]["en"].section("fire").attrs == {"call": "119"}
