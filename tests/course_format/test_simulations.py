"""Simulations: parsing, attempts, checks."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.course_format.checks.simulations import average_minutes, check_simulations, longest_minutes
from courseware.course_format.course import read_course
from courseware.course_format.parsing.speech import CutLine, cut_speech, spoken_together
from courseware.course_format.simulations.conditions import ALWAYS, parse_condition
from courseware.course_format.simulations.parser import make_simulation
from courseware.course_format.simulations.simulation import (
    NotOffered,
    SimulationState,
    dump_simulation,
    load_simulation,
)
from tests.course_format.kettle_simulation import DRILL_EN, PATH, drill, drill_files, issues
from tests.examples import examples

# Parsing


def test_valid_simulation_has_no_issues():
    assert issues(drill_files()) == []


def test_situation_has_lines_choices_and_rule():
    node = drill().nodes["stove"]
    assert (node.kind, node.seconds, node.title, node.rule) == ("alarm", 20, "灶台", "先水后火。")
    assert [(choice.text, choice.target, choice.quality) for choice in node.choices] == [
        ("关火", "door", "best"),
        ("喊小李去关", "door", "weak"),
        ("先去开门", "door", "critical"),
        ("你愣住了", "door", "timeout"),
    ]
    assert [dict(choice.effects.meters) for choice in node.choices] == [
        {"calm": 5},
        {"calm": -5},
        {"calm": -30},
        {"calm": -10},
    ]
    assert node.choices[2].effects.flags == ("wet",)
    assert str(node.choices[1].condition) == "calm >= 30"
    assert node.timeout == 3


def test_translation_has_effects_of_source():
    here, there = drill("en"), drill()
    assert (here.title, here.meters) == ("It boils over", {"calm": "Calm"})
    assert here.nodes["stove"].choices[0].text == "Turn it off"
    for node in there.nodes.values():
        other = here.nodes[node.id]
        assert [choice.effects for choice in other.choices] == [choice.effects for choice in node.choices]
        assert (other.shape, other.seconds, other.condition) == (node.shape, node.seconds, node.condition)


def test_lines_are_split_with_speaker():
    text = (
        "先看。\n\n> **小李**：水开了！\n>\n> **Wang**: Go *on*,\n> will you?\n>\n> 有人敲门。\n\n再看。\n\n- 一\n- 二"
    )
    assert tuple(spoken_together(cut_speech(text))) == (
        CutLine("", "先看。", is_told=True),
        CutLine("小李", "水开了！"),
        CutLine("Wang", "Go *on*,\nwill you?"),
        CutLine("", "有人敲门。"),
        CutLine("", "再看。\n\n- 一\n- 二", is_told=True),
    )
    assert cut_speech("") == ()


def test_stored_simulation_loads_equal():
    for language in ("zh-hans", "en"):
        assert load_simulation(dump_simulation(drill(language))) == drill(language)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("a", True),
        ("not a", False),
        ("b", False),
        ("a and not b", True),
        ("a and b", False),
        ("m < 40", False),
        ("m <= 40", True),
        ("m >= 40 and a", True),
        ("m > 40", False),
    ],
)
def test_condition_evaluates_flags_and_meters(text, holds):
    condition = parse_condition(text)
    assert condition.holds({"m": 40}, {"a"}) is holds
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize(
    "text", ["a or b", "a b", "m < x", "40 > m", "not", "and", "a and", "m = 4", "m < 4000", "(a)"]
)
def test_invalid_condition_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        parse_condition(text)


# Attempts


def test_attempt_begins_at_first_situation_with_meters_at_60():
    assert drill().begin() == SimulationState("stove", {"calm": 60}, frozenset())


def test_situation_with_false_condition_is_skipped():
    simulation = drill()
    assert simulation.decide(simulation.begin(), 0).place == "note"
    assert simulation.decide(simulation.begin({"guest"}), 0).place == "door"


def test_choice_and_timeout_change_meters_and_flags():
    simulation = drill()
    assert simulation.decide(simulation.begin(), 2) == SimulationState("note", {"calm": 30}, frozenset({"wet"}))
    assert simulation.decide(simulation.begin(), 3).meters == {"calm": 50}


def test_choice_with_false_condition_is_not_offered():
    simulation = drill()
    low = SimulationState("stove", {"calm": 20}, frozenset())
    assert (simulation.offered(simulation.begin()), simulation.offered(low)) == ([0, 1, 2], [0, 2])
    with pytest.raises(NotOffered):
        simulation.decide(low, 1)


def test_numbered_choices_are_not_shuffled():
    simulation = drill()
    assert simulation.shown(simulation.begin(), list.reverse) == ([2, 1, 0], [])
    note = simulation.decide(simulation.begin(), 0)
    assert simulation.shown(note, list.reverse) == ([0], [1, 0])
    text = drill_files("- [关火]", "1. [关火]", english=DRILL_EN.replace("- [Turn it off]", "1. [Turn it off]"))
    assert issues(text) == []
    for language in ("zh-hans", "en"):
        simulation = make_simulation(read_course(text), "drill", language)
        assert simulation.shown(simulation.begin(), list.reverse) == ([0, 2, 1], [])


@pytest.mark.parametrize(("place", "picked"), [(4, ()), (-1, ()), (0, (0,)), (99, ())])
def test_invalid_choice_is_refused(place, picked):
    simulation = drill()
    with pytest.raises(NotOffered):
        simulation.decide(simulation.begin(), place, picked)


def test_ending_accepts_no_decision():
    simulation = drill()
    last = simulation.best_path()[-1]
    with pytest.raises(NotOffered):
        simulation.decide(last, 0)


def test_message_points_count_picked_parts():
    simulation = drill()
    assert simulation.points("note", 0, (0,)) == 1
    assert simulation.points("note", 0, (0, 1)) == 0
    assert simulation.points("note", 1, ()) == 0
    note = simulation.decide(simulation.begin({"friday"}), 0)
    assert simulation.decide(note, 0, (0, 1)).place == "gossip"
    assert simulation.decide(note, 0, (0,)).place == "tea"


def test_best_path_visits_expected_situations():
    places = [state.place for state in drill().best_path({"guest", "monday"})]
    assert places == ["stove", "door", "note", "monday-shift", "tea"]


@pytest.mark.parametrize("seed", range(30))
def test_chance_draws_1_of_a_list_and_optional_flags(seed):
    flags = drill().draw(Random(seed))
    assert len(flags & {"monday", "friday"}) == 1
    assert flags <= {"monday", "friday", "guest"}


def test_chance_of_1_in_3_is_met():
    simulation, random = drill(), Random(7)
    draws = [simulation.draw(random) for _ in range(3000)]
    assert 900 < sum("guest" in flags for flags in draws) < 1100


@pytest.mark.slow
@settings(max_examples=examples(200))
@given(st.randoms(use_true_random=False))
def test_random_path_reaches_ending_with_valid_meters(random):
    simulation = drill()
    *steps, (end, _, _) = simulation.random_path(random)
    assert end.place in simulation.endings_by_id
    assert all(0 <= value <= 100 for state, _, _ in steps for value in state.meters.values())
    assert len({state.place for state, _, _ in steps}) == len(steps)  # no situation comes twice


def test_empty_condition_holds():
    assert ALWAYS.holds({}, ())


# Checks


@pytest.mark.slow
def test_too_long_longest_path_is_reported():
    reading = (
        "## 又 {#long .scene seconds=0 if=late else=stove}\n\n" + "长" * 3000 + '\n\n- [走](#stove "best")\n  > 走。'
    )
    english = '## Long {#long}\n\nText.\n\n- [Go](#stove "best")\n  > Go.'
    files = drill_files(
        "## 灶台", f"{reading}\n\n## 灶台", english=DRILL_EN.replace("## The stove", f"{english}\n\n## The stove")
    )
    files[PATH] = files[PATH].replace(b"guest: 1/3", b"guest: 1/3, late: 1/99")
    assert any("the longest attempt takes" in message for message in issues(files))


def test_message_with_more_than_12_parts_is_reported():
    parts = "".join(f"- [x] 部分{n}\n  > 理由。\n" for n in range(12))
    [message, *_others] = issues(drill_files("- [x] 关火了没有", f"{parts}- [x] 关火了没有"))
    assert message.endswith("parts; expected at most 12")


@pytest.mark.slow
def test_simulation_with_1100_situations_is_checked():
    names = [*(f"n{number}" for number in range(1100)), "end"]
    nodes = "".join(
        f'## 又 {{#{name} .scene seconds=0}}\n- [走](#{following} "best")\n  > 走。\n{"" if number % 3 else chr(10)}'
        for number, (name, following) in enumerate(pairwise(names))
    )
    course = read_course(drill_files("## 水漫金山", f"{nodes}## 水漫金山"))
    problems = [problem for problem in check_simulations(course) if problem.path == PATH]
    assert problems[0].message == 'node cannot be reached from "stove"'


def test_simulation_takes_less_than_1_minute():
    simulation = drill()
    assert 0.2 < average_minutes(simulation) < longest_minutes(simulation) < 1
    found = [message for message in issues(drill_files("汽从门缝里出来。", "汽" * 1300)) if "attempt takes" in message]
    assert [message.partition(":")[0] for message in found] == [PATH]


def test_longest_path_ignores_chance():
    often, seldom = (replace(drill(), chance={"guest": odds}) for odds in ("999/1000", "1/1000"))
    assert average_minutes(often) != average_minutes(seldom)
    assert longest_minutes(often) == longest_minutes(seldom) >= max(map(average_minutes, (often, seldom)))
