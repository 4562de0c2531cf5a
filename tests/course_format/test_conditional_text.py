"""Lines of a simulation that are shown only if their condition holds."""

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


def drilled(language="zh-hans", **texts):
    return make_simulation(read_course(files(**texts)), "drill", language)


def state(calm=60, *flags, place="note"):
    return SimulationState(place, {"calm": calm}, frozenset(flags))


def shown(simulation, at):
    return [line.text for line in simulation.nodes["note"].heard(at).lines]


def issues(*texts):
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
def test_line_is_shown_if_condition_holds(at, lines):
    assert shown(drilled(), at) == lines


def test_translation_uses_conditions_of_source():
    assert shown(drilled("en"), state(30, "wet")) == ["You again.", "Build a note.", "The paper is wet.", "Be quick."]


def test_condition_braces_are_removed():
    for language in ("zh-hans", "en"):
        node = drilled(language).nodes["note"]
        assert "{" not in node.text + "".join(line.text for line in node.lines)


def test_other_braces_are_text():
    [line, *_] = drilled(heard="写{#a}。 {x=1}", heard_en="Write.").nodes["note"].lines
    assert line == SpokenLine("", "写{#a}。 {x=1}", ALWAYS)


def test_ending_has_conditional_paragraphs():
    texts = files(HEARD, HEARD_EN, ("壶在，人在。", "壶在，人在。\n\n小李不说话。 {if=told}\n\n茶还热。"))
    ending = make_simulation(read_course(texts), "drill", "zh-hans").endings_by_id["tea"]
    assert ending.heard(state(60, "told", place="tea")).text == "壶在，人在。\n\n小李不说话。\n\n茶还热。"
    assert ending.heard(state(place="tea")).text == "壶在，人在。\n\n茶还热。"


def test_stored_simulation_loads_equal():
    simulation = drilled()
    assert load_simulation(dump_simulation(simulation)) == simulation


@pytest.mark.slow
def test_valid_conditions_have_no_issues():
    assert issues() == []


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("calm < 5", '"又是你。" is never shown: no attempt arrives here with "calm < 5"'),
        ("wet and not wet", '"又是你。" is never shown: no attempt arrives here with "wet and not wet"'),
        ("told", '"又是你。" is never shown: no attempt arrives here with "told"'),  # it is set in this situation
        ("damp", 'flag "damp" is asked for and never set'),
        ("clam < 60", 'unknown meter "clam"; did you mean "calm"?'),
        (
            "calm or wet",
            'cannot read the condition: expected "flag", "not flag" or "meter < 40", joined by "and"; '
            'got "calm or wet"',
        ),
    ],
)
def test_unreachable_line_is_reported(condition, message):
    assert message in issues(HEARD.replace("calm < 60", condition))


@pytest.mark.slow
def test_rare_line_is_not_reported():
    assert issues(HEARD.replace("calm < 60", "calm < 35 and wet and monday and guest")) == []


@pytest.mark.slow
def test_translation_needs_same_paragraphs_without_conditions():
    assert "4 paragraphs here, 5 in zh-Hans, where some have a condition" in issues(
        HEARD, HEARD_EN.replace("Build a note.\n\n", "")
    )
    assert "conditions are in the zh-Hans file only; remove the braces here" in issues(
        HEARD, HEARD_EN.replace("You again.", "You again. {if=wet}")
    )


def test_paragraphs_may_differ_without_conditions():
    found = read_simulation(read_course(files("一。\n\n二。", "One.")), "drill", "en")[1]
    assert found == []
