import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.language.checking import check
from courseware.language.problems import Finding, Problem
from tests.language.samples import COURSE as TEXTS
from tests.language.samples import damage, make_files

TODAY = date(2026, 11, 25)
COURSE, COURSE_EN = "course.zh-hans.md", "course.en.md"
OUTLINE, SOURCES, MODULE = "outline.zh-hans.md", "sources.zh-hans.md", "01-water/module.zh-hans.md"
LESSON, LESSON_EN = "01-water/01-boiling.zh-hans.md", "01-water/01-boiling.en.md"
EXAM, SURVEY = "02-end/01-last.exam.zh-hans.md", "02-end/02-voice.survey.zh-hans.md"
BANK, BANK_EN = "02-end/bank/tea.bank.zh-hans.md", "02-end/bank/tea.bank.en.md"


def told(files, **options):
    return [str(problem) for problem in check(files, today=TODAY, **options)]


def test_a_whole_course_gives_no_problem():
    assert told(make_files()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "message"),
    [
        (
            LESSON,
            "---\nid: boiling",
            "id: boiling",
            1,
            'the first line must be "---"; above the title there is front matter',
        ),
        (
            LESSON,
            "[M1.S1.P1, M1.S1]\n---",
            "[M1.S1.P1, M1.S1]\n",
            1,
            'front matter is not closed; expected a line "---" below the keys',
        ),
        (LESSON, "minutes: 4", "minuts: 4", 4, 'unknown key "minuts" in a lesson; did you mean "minutes"?'),
        (LESSON, "title: 烧水\n", "", 2, '"title" is missing'),
        (EXAM, "pass_mark: 80", "pass_mark: 110", 5, "pass_mark: expected a whole number from 1 to 100, got 110"),
        (
            EXAM,
            "wait: 10 min",
            "wait: 10 minutes",
            9,
            'retakes.1.wait: expected a duration, as in 10 min, 24 h or 7 days, got "10 minutes"',
        ),
        (LESSON, "minutes: 4\n", "minutes: 4\ntitle: 又一个\n", 5, '"title" is given twice (first on line 3)'),
        (LESSON, "title: 烧水", "title： 烧水", 3, 'full-width "：" is not a colon; expected "title: "'),
        (
            COURSE,
            "[zh-Hans, en]",
            "zh-Hans",
            4,
            "languages: expected a list of language tags, the source language first, as in [zh-Hans, en]",
        ),
        (
            LESSON_EN,
            "title: Boiling water\n",
            "title: Boiling water\nminutes: 4\n",
            4,
            '"minutes" stands in the zh-Hans file only; take it out here',
        ),
        (LESSON_EN, "title: Boiling water\n", "title: Boiling water\nnotes: x\n", 4, 'unknown key "notes" in a lesson'),
        (LESSON_EN, "id: boiling", "id: boilling", 2, 'no zh-Hans file of this kind has the id "boilling"'),
        (LESSON, "早上七点 {#seven}", "早上七点", 9, 'heading "早上七点" has no id; add {#like-this}'),
        (
            LESSON,
            "## 早上七点 {#seven}",
            "# 早上七点 {#seven}",
            9,
            "heading of level 1: the title stands in the front matter; begin with ##",
        ),
        (
            LESSON,
            "{#what-first .one objective=O1.1}",
            "{#what-first .one objective＝O1.1}",
            13,
            'cannot read "objective＝O1.1" in braces (full-width sign?)',
        ),
        (LESSON, "{#seven}", "{#seven", 9, '"{" is not closed on this line'),
        (LESSON, "{#seven}", "{#seven #eight}", 9, "two ids in braces (#seven, #eight); expected one"),
        (
            LESSON,
            "{#what-first .one",
            "{#what-first .one .several",
            13,
            "two kinds in braces (.one, .several); expected one",
        ),
        (
            LESSON,
            "#what-first .one",
            "#what-first .single",
            13,
            'no kind of question is called ".single"; there are .check, .one, .several, .mark, .order, .sort, .open',
        ),
        (
            LESSON,
            "#what-first .one",
            "#what-first .on",
            13,
            'no kind of question is called ".on"; did you mean ".one"?',
        ),
        (
            LESSON,
            " .one objective=O1.1}",
            "}",
            13,
            '"先做什么？" has tick boxes but no kind of question; expected {#id .one}',
        ),
        (LESSON, "- [ ] 走开", "- [x] 走开", 13, ".one needs exactly one [x], found 2 (lines 15, 17)"),
        (LESSON, "- [x] 加水", "- [ ] 加水", 13, ".one needs exactly one [x], found none"),
        (
            LESSON,
            "  > 干烧会坏。\n",
            "",
            15,
            'no reason under "走开"; expected a quote below it, indented by two spaces',
        ),
        (LESSON, "- [x] 加水", "2. [x] 加水", 17, "choices mix bullets and numbers"),
        (LESSON, "1. 加水\n", "- 加水\n", 50, 'a step of an .order question begins with "1.", "2.", …'),
        (LESSON, "- **热的**\n  - 水壶\n    > 刚烧开。\n", "- **热的**\n", 59, 'group "热的" is empty'),
        (LESSON, "- **热的**", "- 热的", 59, 'a group of a .sort question is bold: expected "- **group**", got "热的"'),
        (
            LESSON,
            "炉子开着，我先走了",
            "炉子关着，我先走了",
            43,
            '"炉子开着" occurs 0 times in the quoted text; it must occur once',
        ),
        (
            LESSON,
            "> **小李**：炉子开着，我先走了。",
            "炉子开着，我先走了。",
            37,
            ".mark needs a quoted text above its choices",
        ),
        (LESSON, "objective=O1.1", "objective=O9.1", 13, 'no objective "O9.1"'),
        (LESSON, "objectives: [O1.1, O1.2]", "objectives: [O1.1, O1.7]", 5, 'no objective "O1.7"'),
        (LESSON, 'tracks="day night"', 'tracks="day nigth"', 57, 'no track "nigth"; did you mean "night"?'),
        (LESSON, "[M1.S1.P1, M1.S1]", "[M1.S1.P9]", 6, 'no outline point "M1.S1.P9"; did you mean "M1.S1"?'),
        (
            LESSON,
            "](#card)",
            "](#crad)",
            11,
            'link to "#crad": no such section, document or question; did you mean "card"?',
        ),
        (
            LESSON,
            "](#card)",
            "](../emergency.card.md)",
            11,
            'link to "../emergency.card.md": expected #id, https:, mailto: or tel:',
        ),
        (LESSON, "[^F-01]\n\n###", "[^F-09]\n\n###", 11, 'no source "F-09"'),
        (LESSON, "![一只水壶]", "![]", 23, "figure media/kettle.zh-hans.svg has no alternative text"),
        (
            LESSON,
            "media/kettle.zh-hans.svg",
            "media/ketle.zh-hans.svg",
            23,
            'figure media/ketle.zh-hans.svg is not in media/; did you mean "media/kettle.zh-hans.svg"?',
        ),
        (
            LESSON,
            "media/kettle.zh-hans.svg",
            "media/kettle.en.svg",
            23,
            "figure media/kettle.en.svg is for en; expected one for zh-Hans",
        ),
        (LESSON, "[!rule]", "[!rul]", 20, 'no callout is called "[!rul]"; did you mean "rule"?'),
        (
            LESSON,
            "> [!rule]\n> 先水后火。",
            "> [!rule] 先水后火。",
            20,
            "the kind of a callout stands on a line of its own",
        ),
        (
            LESSON,
            "水壶空了，",
            "**水壶空了，**见",
            11,
            '"**水壶空了，**" is not bold on git hosts; put the mark outside the **',
        ),
        (LESSON, "水壶空了", "<b>水壶空了</b>", 11, "raw HTML is not read: <b>"),
        (
            LESSON,
            "水壶空了",
            "!!! 水壶空了",
            11,
            '"!!!" opens nothing here; a callout is a quote that begins with [!warning]',
        ),
        (LESSON, "## 早上七点", "##早上七点", 9, 'a heading needs a space after "##"'),
        (
            LESSON_EN,
            "### What comes first? {#what-first}",
            "### What comes first? {#what-first .one}",
            10,
            '".one" stands in the zh-Hans file only; expected {#what-first} here',
        ),
        (
            LESSON_EN,
            "### What comes first? {#what-first}",
            "### What comes first? {#what-first objective=O1.1}",
            10,
            '"objective" stands in the zh-Hans file only; expected {#what-first} here',
        ),
        (LESSON_EN, "- [ ] Walk away\n  > A dry boil ruins it.\n", "", 12, "expected from 2 to 26 choices"),
        (LESSON_EN, "- [ ] Walk away", "- [x] Walk away", 12, "[x] here, [ ] there (zh-Hans line 15)"),
        (LESSON_EN, "[card](#card)", "[card](#seven)", 8, "leads to #seven, to #card there (zh-Hans line 11)"),
        (LESSON_EN, "[!night]", "[!day]", 22, "callouts differ: [!day] here, [!night] in zh-Hans (line 25)"),
        (
            LESSON_EN,
            "No water, no tea. [^F-01]",
            "No water, no tea.",
            10,
            "sources differ: [^F-01] is missing (zh-Hans line 18)",
        ),
        (LESSON_EN, "media/kettle.en.svg", "media/pot.svg", 20, "figure media/pot.svg is not in media/"),
        (LESSON_EN, "  - Tap water\n    > Never heated.\n", "", 59, "1 list entries, 2 in zh-Hans line 62"),
        (
            LESSON_EN,
            "### What needs",
            "## What needs",
            25,
            'heading "What needs a wipe?": ## here, ### in zh-Hans line 28',
        ),
        (LESSON_EN, "The kettle is empty", "The pot is empty", 6, 'term "水壶" (zh-Hans line 9) without "kettle"'),
        (EXAM, "draw: 2", "draw: 3", 7, "tea-bank has 2 questions, 2 attempts need 4"),
        (EXAM, "[[O1.2]]", "[[O1.1]]", 7, "slot O1.1 of tea-bank has 0 critical questions, 2 attempts need 2"),
        (EXAM, "bank: tea-bank", "bank: tee-bank", 7, 'no bank "tee-bank"; did you mean "tea-bank"?'),
        (EXAM, "draw: 2", "draw: 0", 7, "strata.1.draw: expected a whole number from 1 to 100, got 0"),
        (BANK, "level=recall", "level=recal", 15, 'no level "recal"; there are recall, apply, analyse'),
        (BANK, " level=recall", "", 15, '"level" is missing at "bank-cold"; a bank question needs it'),
        (BANK, "  > 快了。\n", "  > 快了。\n\n多说一句。\n", 24, "text after the list of a bank question"),
        (
            SOURCES,
            "checked=2026-11-20",
            "checked=2024-11-20",
            6,
            "source F-01 was checked more than 12 months ago, on 2024-11-20",
        ),
        (
            SOURCES,
            "checked=2026-11-20",
            "checked=20.11.2026",
            6,
            'checked: expected a date, as in 2026-11-20, got "20.11.2026"',
        ),
        (MODULE, "{#O1.2}", "{#O1.1}", 9, 'id "O1.1" is already used on line 8'),
        (MODULE, "{#O1.2}", "{#O1.2 .x}", 9, 'an entry has no kind; take ".x" out'),
        (SURVEY, "to=10", "to=ten", 6, "a .scale needs from= and to=, at most 10 apart, as in from=1 to=5"),
        (SURVEY, "- 会\n", "- 会\n- 也许\n", 6, "a .scale has two bullets, the words at its ends; found 3"),
        (COURSE, "passed: [last-cup]", "passed: [last-cap]", 7, 'no exam "last-cap"; did you mean "last-cup"?'),
        (
            COURSE_EN,
            "night: Night shift",
            "nights: Night shift",
            4,
            "tracks: expected the ids of the zh-Hans file, day, night; got day, nights",
        ),
        (OUTLINE, "- 关火 {#M1.S1.P2}", "- 关火", 9, 'entry "关火" has no id; add {#like-this}'),
        (LESSON, "1. [ ] 没有", "1. 没有", 79, 'no tick box before "没有"; expected "- [ ]" or "- [x]"'),
        (
            LESSON,
            "> [!say]\n> “水开了。”\n",
            "[^F-01]: 说明\n",
            72,
            "a source is written in the list of sources, not below the text",
        ),
        (
            LESSON,
            "明天你会怎么做？",
            "明天\n---",
            71,
            "an underlined heading; write ## in front of it, or leave a blank line above a rule",
        ),
    ],
)
def test_one_mistake_gives_one_message_with_its_line(path, old, new, line, message):
    assert told(damage(path, old, new)) == [f"{path}:{line}: {message}"]


def test_problems_come_in_the_order_of_paths_and_lines():
    files = damage(LESSON_EN, "- [ ] Walk away", "- [x] Walk away") | damage(EXAM, "bank: tea-bank", "bank: tee-bank")
    files[LESSON_EN] = TEXTS[LESSON_EN].replace("1. [ ] No", "1. [x] No").replace("[!night]", "[!day]").encode()
    assert told(files) == [
        f"{LESSON_EN}:22: callouts differ: [!day] here, [!night] in zh-Hans (line 25)",
        f"{LESSON_EN}:76: [x] here, [ ] there (zh-Hans line 79)",
        f'{EXAM}:7: no bank "tee-bank"; did you mean "tea-bank"?',
    ]


def test_ids_that_stand_in_one_language_only_are_told_in_the_translation():
    assert told(damage(LESSON_EN, "{#in-order}", "{#in-ordre}")) == [
        f'{LESSON_EN}:34: "in-order" is missing (zh-Hans line 48)',
        f'{LESSON_EN}:45: "in-ordre" is not in the zh-Hans file',
    ]


def test_the_same_ids_in_another_order_are_told_once():
    text = (
        TEXTS[BANK_EN].replace("#bank-smoke", "#x").replace("#bank-smell", "#bank-smoke").replace("#x", "#bank-smell")
    )
    text = text.replace("- [x] Raise", "- [ ] Raise").replace("- [ ] Take", "- [x] Take")
    assert f'{BANK_EN}:24: same ids in another order: expected "bank-smoke" here (zh-Hans line 24)' in told(
        make_files() | {BANK_EN: text.encode()}
    )


def test_an_id_used_by_two_questions_is_told_where_it_comes_second():
    files = damage(BANK, "#bank-cold", "#what-first") | {
        BANK_EN: TEXTS[BANK_EN].replace("#bank-cold", "#what-first").encode()
    }
    assert told(files) == [f'{BANK}:15: id "what-first" is already used by the question in {LESSON}:13']


def test_an_id_used_by_a_document_and_a_question_is_told():
    files = damage(BANK, "#bank-cold", "#boiling") | {
        BANK_EN: TEXTS[BANK_EN].replace("#bank-cold", "#boiling").encode()
    }
    assert told(files) == [f'{BANK}:15: id "boiling" is already used by the document {LESSON}']


@pytest.mark.parametrize(
    ("path", "data", "messages"),
    [
        ("01-water/03-x.quizz.en.md", "", ['no kind of document is called "quizz"; there are course, card, outline, ']),
        ("01-water/03-x.fr.md", "", ['"fr" is not a language of this course; there are zh-Hans, en']),
        (
            "01-water/01-late.zh-hans.md",
            "---\nid: again\ntitle: A\nminutes: 1\nobjectives: [O1.1]\n---\n",
            ["no en file; expected 01-water/01-late.en.md", f"the number 01 is already used by {LESSON}"],
        ),
        (
            "03-x/01-again.zh-hans.md",
            "---\nid: boiling\ntitle: A\nminutes: 1\nobjectives: [O1.1]\n---\n",
            [f'id "boiling" is already used by the document {LESSON}'],
        ),
        ("01-water/03-x.en.md", "---\nid: x\ntitle: X\n---\n", ['no zh-Hans file of this kind has the id "x"']),
        ("01-water/03-x.en.md", "---\ntitle: X\n---\n", ['"id" is missing']),
        (
            "01-water/03-x.exam.en.md",
            "---\nid: boiling\ntitle: X\n---\n",
            ['no zh-Hans file of this kind has the id "boiling"'],
        ),
        ("README.md", "# Read me", []),
    ],
)
def test_a_file_that_does_not_belong_is_told(path, data, messages):
    found = [one for one in told(make_files() | {path: data.encode()}) if one.startswith(f"{path}:")]
    assert len(found) == len(messages)
    assert all(message in one for one, message in zip(found, messages, strict=True))


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
    assert told(make_files() | {COURSE: b"no front matter"}) == [
        f'{COURSE}:1: the first line must be "---"; above the title there is front matter'
    ]


def test_marks_without_a_list_of_sources_are_told_once():
    files = make_files()
    del files["sources.en.md"], files[SOURCES]
    expected = "expected them in sources.zh-hans.md"
    assert told(files) == [
        f"{LESSON}:11: a source is marked, and the course has no list of sources; {expected}",
    ]


def test_references_wait_until_every_file_can_be_read():
    files = damage(LESSON, "](#card)", "](#voice)") | {SURVEY: b"torn"}
    files[LESSON_EN] = TEXTS[LESSON_EN].replace("](#card)", "](#voice)").encode()
    assert told(files) == [f'{SURVEY}:1: the first line must be "---"; above the title there is front matter']


def test_a_source_nobody_names_is_a_warning():
    files = damage(SOURCES, "- 水在", "- 另一条。 {#F-02 checked=2026-11-20}\n- 水在")
    files["sources.en.md"] = TEXTS["sources.en.md"].replace("- Water", "- Another. {#F-02}\n- Water").encode()
    assert check(files, today=TODAY) == [Problem(SOURCES, 6, Finding("source-not-used", source="F-02"))]


@pytest.mark.parametrize(
    ("checked", "problems"),
    [
        ("2025-11-25", []),
        ("2025-11-24", [("source F-01 was checked more than 12 months ago, on 2025-11-24", "warning")]),
        ("2026-11-26", [("source F-01 is checked in the future: 2026-11-26", "error")]),
        ("2026-02-30", [('checked: expected a date, as in 2026-11-20, got "2026-02-30"', "error")]),
    ],
)
def test_a_source_is_looked_at_every_twelve_months(checked, problems):
    found = check(damage(SOURCES, "2026-11-20", checked), today=TODAY)
    assert [(problem.message, problem.level) for problem in found] == problems


def test_lengths_and_terms_are_warnings():
    files = damage(LESSON_EN, "Water before fire.", "Water before fire. " + "And one more word. " * 40)
    files[BANK_EN] = TEXTS[BANK_EN].encode()
    assert [(problem.line, problem.level, problem.message[:51]) for problem in check(files, today=TODAY)] == [
        (10, "warning", 'lengths of "what-first" differ by more than 40 %: 3')
    ]
    (found,) = check(damage(LESSON_EN, "The kettle is empty", "The pot is empty"), today=TODAY)
    assert (found.level, found.message) == ("warning", 'term "水壶" (zh-Hans line 9) without "kettle"')


@pytest.mark.parametrize(("written", "told_of"), [("The kettles are", 0), ("The Kettle is", 0), ("The pot is", 1)])
def test_a_term_counts_in_its_inflections(written, told_of):
    assert len(told(damage(LESSON_EN, "The kettle is", written))) == told_of


def test_the_banks_need_questions_for_every_track():
    files = damage(BANK, "level=recall", "level=recall tracks=night")
    assert told(files) == [f"{EXAM}:7: tea-bank has 1 questions for day, 2 attempts need 2"]


def test_one_attempt_asks_no_two_questions_of_a_family():
    files = damage(BANK, "level=recall", "level=recall family=boiled")
    assert told(files) == []
    files[EXAM] = TEXTS[EXAM].replace("draw: 2", "draw: 3").encode()
    assert told(files) == [f"{EXAM}:7: tea-bank has 2 questions of too few families, one attempt draws 2"]


def test_what_is_asked_again_after_another_exam_has_two_questions_of_each_family():
    name = "01-water/00-before.exam"
    files = make_files() | {
        f"{name}.zh-hans.md": "---\nid: before\ntitle: 前\nminutes: 2\nstrata: [{bank: tea-bank, draw: 1}]\n"
        "again_after: last-cup\n---\n".encode(),
        f"{name}.en.md": b"---\nid: before\ntitle: Before\n---\n",
    }
    files[BANK] = TEXTS[BANK].replace("level=recall", "level=recall family=boiled").encode()
    assert told(files) == [
        f'{name}.zh-hans.md:6: family "bank-smell" of tea-bank has one question; asked again it needs two',
        f'{name}.zh-hans.md:6: family "bank-smoke" of tea-bank has one question; asked again it needs two',
    ]


def test_a_completed_course_covers_its_outline_and_tests_its_objectives():
    files = damage(LESSON, "covers: [M1.S1.P1, M1.S1]", "covers: [M1.S1.P1]")
    files[BANK] = TEXTS[BANK].replace("objective=O1.1 level=recall", "objective=O1.2 level=recall").encode()
    assert told(files) == []
    assert told(files, complete=True) == [
        f"{MODULE}:8: objective O1.1 has 1 questions in the banks, expected at least 2",
        f"{COURSE}:1: minutes of the course add to 11, expected 90–120",
        f"{OUTLINE}:9: outline point M1.S1.P2 is covered by no lesson, simulation or objective",
    ]


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
@settings(deadline=None)  # a whole course each time, on machines of any speed
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
