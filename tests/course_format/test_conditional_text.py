"""A story that listens: what is said depends on what was done before."""

import pytest

from courseware.course_format.checks.simulations import check_simulations
from courseware.course_format.course import read_course
from courseware.course_format.simulations.parser import make_simulation, read_simulation
from courseware.course_format.simulations.simulation import (
    ALWAYS,
    SimulationState,
    SpokenLine,
    dump_simulation,
    load_simulation,
)
from tests.course_format.kettle_simulation import DRILL, DRILL_EN, PATH, PATH_EN, drill_files

SAID = '> **小李**：又是你。 {if="calm < 60"}\n>\n> **小李**：谁来了？ {if="not wet"}'
HEARD = f"{SAID}\n\n拼一张条子。\n\n纸湿了。 {{if=wet}}\n\n快写。"
HEARD_EN = "> **Li**: You again.\n>\n> **Li**: Who is it?\n\nBuild a note.\n\nThe paper is wet.\n\nBe quick."


def files(heard=HEARD, heard_en=HEARD_EN, *changes):
    text, text_en = DRILL.replace("拼一张条子。", heard), DRILL_EN.replace("Build a note.", heard_en)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return drill_files() | {PATH: text.encode(), PATH_EN: text_en.encode()}


def played(language="zh-hans", **texts):
    return make_simulation(read_course(files(**texts)), "drill", language)


def state(calm=60, *flags, place="note"):
    return SimulationState(place, {"calm": calm}, frozenset(flags))


def said(simulation, at):
    return [line.text for line in simulation.nodes["note"].heard(at).lines]


def told(*texts):
    return [problem.message for problem in check_simulations(read_course(files(*texts)))]


@pytest.mark.parametrize(
    ("at", "lines"),
    [
        (state(), ["谁来了？", "拼一张条子。", "快写。"]),
        (state(59), ["又是你。", "谁来了？", "拼一张条子。", "快写。"]),
        (state(60, "wet"), ["拼一张条子。", "纸湿了。", "快写。"]),
        (state(30, "wet", "told"), ["又是你。", "拼一张条子。", "纸湿了。", "快写。"]),
    ],
)
def test_a_line_is_said_while_its_condition_holds(at, lines):
    assert said(played(), at) == lines


def test_a_translation_hears_the_same_in_its_own_words():
    assert said(played("en"), state(30, "wet")) == ["You again.", "Build a note.", "The paper is wet.", "Be quick."]


def test_no_braces_are_left_in_the_text():
    for language in ("zh-hans", "en"):
        node = played(language).nodes["note"]
        assert "{" not in node.text + "".join(line.text for line in node.lines)


def test_braces_that_hold_something_else_are_text():
    [line, *_] = played(heard="写{#a}。 {x=1}", heard_en="Write.").nodes["note"].lines
    assert line == SpokenLine("", "写{#a}。 {x=1}", ALWAYS)


def test_an_ending_says_what_came_of_it():
    texts = files(HEARD, HEARD_EN, ("壶在，人在。", "壶在，人在。\n\n小李不说话。 {if=told}\n\n茶还热。"))
    ending = make_simulation(read_course(texts), "drill", "zh-hans").endings_by_id["tea"]
    assert ending.heard(state(60, "told", place="tea")).text == "壶在，人在。\n\n小李不说话。\n\n茶还热。"
    assert ending.heard(state(place="tea")).text == "壶在，人在。\n\n茶还热。"


def test_what_is_stored_comes_back_equal():
    simulation = played()
    assert load_simulation(dump_simulation(simulation)) == simulation


def test_a_story_that_listens_has_no_problem():
    assert told() == []


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("calm < 5", '"又是你。" is never shown: no attempt arrives here with "calm < 5"'),
        ("wet and not wet", '"又是你。" is never shown: no attempt arrives here with "wet and not wet"'),
        ("told", '"又是你。" is never shown: no attempt arrives here with "told"'),  # it is set in this very situation
        ("damp", 'flag "damp" is asked for and never set'),
        ("clam < 60", 'unknown meter "clam"; did you mean "calm"?'),
        (
            "calm or wet",
            'cannot read the condition: expected "flag", "not flag" or "meter < 40", joined by "and"; '
            'got "calm or wet"',
        ),
    ],
)
def test_a_line_that_is_never_said_is_told(condition, message):
    assert message in told(HEARD.replace("calm < 60", condition))


def test_a_rare_line_is_found_though_few_runs_come_to_it():
    assert told(HEARD.replace("calm < 60", "calm < 35 and wet and monday and guest")) == []


def test_a_translation_has_the_paragraphs_of_the_source_and_no_conditions():
    assert "4 paragraphs here, 5 in zh-Hans, where some have a condition" in told(
        HEARD, HEARD_EN.replace("Build a note.\n\n", "")
    )
    assert "what is said when stands in the zh-Hans file only; take the braces out here" in told(
        HEARD, HEARD_EN.replace("You again.", "You again. {if=wet}")
    )


def test_paragraphs_may_differ_where_nothing_depends_on_anything():
    found = read_simulation(read_course(files("一。\n\n二。", "One.")), "drill", "en")[1]
    assert found == []
