"""What the checker tells of a course as a whole: files, translations, references, banks; and that it always ends."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.language.checking import check
from courseware.language.problems import Finding, Problem
from tests.assessment.exams import exam_files
from tests.language.checked import (
    BANK,
    BANK_EN,
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
from tests.language.samples import COURSE as TEXTS
from tests.language.samples import OPTIONAL, damage, make_files


def test_a_whole_course_gives_no_problem():
    assert told(make_files()) == []


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
        (
            "01-water/03-x.quizz.en.md",
            "",
            ['no kind of document is called "quizz"; there are course, card, jurisdiction, outline, '],
        ),
        ("01-water/03-x.fr.md", "", ['"fr" is not a language of this course; there are zh-Hans, en']),
        (
            "01-water/01-late.zh-hans.md",
            "---\nid: again\ntitle: A\nobjectives: [O1.1]\n---\n",
            ["no en file; expected 01-water/01-late.en.md", f"the number 01 is already used by {LESSON}"],
        ),
        (
            "03-x/01-again.zh-hans.md",
            "---\nid: boiling\ntitle: A\nobjectives: [O1.1]\n---\n",
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


def test_topics_name_the_families_of_their_bank_in_each_language():
    files = damage(BANK, "title: ", "topics: {boiled: 水, bank-smell: 味}\ntitle: ")
    english = BANK.replace("zh-hans", "en")
    [told_of_translation] = told(files)
    assert told_of_translation.startswith(f"{english}:")
    assert "topics: expected the ids of the zh-Hans file, boiled, bank-smell" in told_of_translation
    files[english] = (
        TEXTS[english].replace("title: ", "topics: {boiled: Water, bank-smell: Smell}\ntitle: ", 1).encode()
    )
    assert told(files) == []
    files[BANK] = files[BANK].replace(b"boiled: ", b"boilt: ", 1)
    files[english] = files[english].replace(b"boiled: ", b"boilt: ", 1)
    assert told(files) == [f'{BANK}:3: topics: no question has family="boilt"']


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


def test_the_heading_that_a_question_names_stands_in_the_lesson_that_teaches_it():
    """Also in a lesson that the question names instead of the first one on its objective."""
    cup = "---\nid: cup\ntitle: 杯子\nobjectives: [O1.2]\n---\n\n## 杯 {#one-cup}\n\n杯子。\n"

    def said(braces):
        files = damage(BANK, "level=recall section=check", f"level=recall {braces}") | {
            "01-water/03-cup.zh-hans.md": cup.encode()
        }
        return [message for message in told(files) if "no heading" in message]

    assert said("") == said("lesson=cup section=one-cup") == said("section=seven") == []
    assert said("section=one-cup") == [f'{BANK}:15: no heading "one-cup" in "boiling"']
    assert said("lesson=cup section=seven") == [f'{BANK}:15: no heading "seven" in "cup"']
    assert said("lesson=nowhere section=one-cup") == []  # said once, of the lesson


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


def test_what_waits_for_a_professional_cannot_be_asked_for():
    waits = damage("01-water/02-drill.simulation.zh-hans.md", "minutes: 2", "minutes: 2\nwaits_for: professional")
    assert [each for each in told(waits) if "waits" in each] == []
    asked = damage(COURSE, "passed: [last-cup]}", "passed: [last-cup], not_red: [drill]}")[COURSE]
    said = 'completion: "drill" waits for a professional, so nobody can be asked for it'
    assert [each for each in told(waits | {COURSE: asked}) if "waits" in each] == [f"{COURSE}:7: {said}"]
    text = damage(LESSON, "## 检查 {#check .check}", "## 检查 {#check .waits}")
    found = [each for each in told(text) if "holds text only" in each]
    said = '"is-it-off" stands in a section that waits for a professional and holds text only; put it elsewhere'
    assert [each.partition(": ")[2] for each in found] == [said]
    text = damage(LESSON, "## 检查 {", "## 说 {#say-it .waits}\n\n说。\n\n## 检查 {")
    led = damage(BANK, "level=recall section=check", "level=recall section=say-it")[BANK]
    said = 'heading "say-it" in "boiling" waits for a professional; expected one that everybody sees'
    assert [each for each in told(text | {BANK: led}) if "say-it" in each and "waits" in each] == [f"{BANK}:15: {said}"]
