"""Property tests: generated simulations are read, checked and played consistently."""

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.course_format.checks import check_course
from courseware.course_format.checks.simulations import check_simulations
from courseware.course_format.course import read_course
from courseware.course_format.simulations.map import map_of
from courseware.course_format.simulations.parser import read_simulation
from courseware.course_format.simulations.simulation import NODE_KINDS
from courseware.simulations.models import Decision, SimulationAttempt
from courseware.simulations.replay import follow
from tests.course_format.samples import make_files
from tests.examples import examples

pytestmark = pytest.mark.slow

QUALITIES = ["acceptable", "weak", "harmful", "critical"]
EFFECTS = st.integers(-30, 15).map(lambda change: f"calm={change:+d}" if change else "")


@st.composite
def documents(draw):
    """Text of a simulation: situations in a row with jumps, messages, conditions, chance and flags."""
    number = draw(st.integers(1, 7))
    names = [f"n{place}" for place in range(number)]
    targets = [*names, "end"]
    parts = [
        "---\nid: drill\ntitle: 演练\nminutes: 2\nobjectives: [O1.1]\n"
        "seconds: 15\nchance: {lucky: 1/2}\n---\n\n开始。\n"
    ]
    for place, name in enumerate(names):
        following, later = targets[place + 1], st.sampled_from(targets[place + 1 :])
        braces = draw(st.sampled_from(["", ' if="not lucky"', ' if="calm >= 50"'])) if place else ""
        braces += f" else={following}" if braces else ""
        braces += draw(st.sampled_from(["", " seconds=0", " seconds=30"]))
        is_timed = "seconds=0" not in braces
        parts.append(f"\n## 情景{place} {{#{name} .{draw(st.sampled_from(NODE_KINDS))}{braces}}}\n\n> **甲**：喂？\n")
        if draw(st.booleans()) and place:
            parts += [
                f"- [{draw(st.sampled_from('x '))}] 部分{part} {{{draw(EFFECTS)}}}\n  > 理由。\n" for part in "甲乙"
            ]
            parts.append(f"- [发出去](#{following})\n")
        else:
            parts.append(f'- [最好](#{following} "best") {{calm=+5}}\n  > 理由。\n')
            for way in range(draw(st.integers(1, 3))):
                flag = draw(st.sampled_from(["", " set=bad"]))
                effects = (draw(EFFECTS) + flag).strip()
                quality = draw(st.sampled_from(QUALITIES))
                parts.append(f'- [路{way}](#{draw(later)} "{quality}") {{{effects}}}\n  > 理由。\n')
        if is_timed:
            parts.append(f'- [没动](#{draw(later)} "timeout")\n  > 理由。\n')
    parts.append('\n## 红 {#red .red if=bad}\n\n坏。\n\n## 黄 {#yellow .yellow if="calm < 60"}\n\n一般。\n')
    parts.append("\n## 绿 {#green .green}\n\n好。\n")
    return "".join(parts).replace(" {}", "")


def in_english(text):
    """The document as a translation: ids, links and texts without structure in braces."""
    text = re.sub(r"\{#(\w+)[^}]*\}", r"{#\1}", text)
    text = re.sub(r" \{(?!#)[^}]*\}", "", text)
    return re.sub(r"(?s)---\n.*?---\n", "---\nid: drill\ntitle: Drill\n---\n", text, count=1)


def read(text):
    texts = {"zh-hans": text, "en": in_english(text)}
    files = {f"01-water/02-drill.simulation.{language}.md": text.encode() for language, text in texts.items()}
    course = read_course(make_files() | files)
    return course, read_simulation(course, "drill", "zh-hans")


def rules_of(simulation):
    """Everything in a simulation except text."""
    nodes = [
        (node.id, node.shape, node.seconds, node.condition, node.otherwise, [choice.effects for choice in node.choices])
        for node in simulation.nodes.values()
    ]
    return nodes, [(ending.id, ending.colour, ending.condition) for ending in simulation.endings]


@settings(max_examples=examples(60))
@given(documents(), st.integers(0, 2**32))
def test_random_clicks_reach_ending_confirmed_by_replay(text, seed):
    course, (simulation, problems) = read(text)
    translation, problems_of_translation = read_simulation(course, "drill", "en")
    assert problems == problems_of_translation == []
    assert rules_of(translation) == rules_of(simulation)
    random = Random(seed)
    for _ in range(20):
        path = simulation.random_path(random)
        states = [state for state, _place, _picked in path]
        assert states[-1].place in simulation.endings_by_id
        assert all(0 <= value <= 100 for state in states for value in state.meters.values())
        decisions = [Decision(place=place, picked=list(picked)) for _state, place, picked in path[:-1]]
        trail = follow(SimulationAttempt(flags=sorted(states[0].flags)), simulation, decisions)
        assert [trail.start, *(step.after for step in trail.steps)] == states
    assert not [problem for problem in check_simulations(course) if "for ever" in problem.message]


@settings(max_examples=examples(60))
@given(documents(), st.integers(0, 2**32))
def test_accepted_simulation_has_green_best_path_without_dead_ends(text, seed):
    course, (simulation, _problems) = read(text)
    errors = [each for each in check_simulations(course) if each.level == "error" and "drill" in each.path]
    if errors:
        return
    for flags in ([], ["lucky"]):
        assert simulation.endings_by_id[simulation.best_path(flags)[-1].place].colour == "green"
    random = Random(seed)
    for state, place, _picked in simulation.random_path(random)[:-1]:
        assert simulation.offered(state)
        assert place in (*simulation.offered(state), simulation.nodes[state.place].timeout)


@settings(max_examples=examples(60))
@given(documents())
def test_map_places_situations_below_their_predecessors(text):
    _course, (simulation, _problems) = read(text)
    drawn = map_of(simulation)
    assert set(drawn.stations) == {*simulation.nodes, *simulation.endings_by_id}
    assert len({(station.x, station.y) for station in drawn.stations.values()}) == len(drawn.stations)
    for node in simulation.nodes.values():
        for choice in node.choices:
            target = drawn.stations.get(choice.target)
            assert target is None or target.y > drawn.stations[node.id].y
    assert all(station.x < drawn.width and station.y < drawn.height for station in drawn.stations.values())


def test_translation_with_other_situations_is_reported():
    text = "---\nid: drill\ntitle: Drill\n---\n\nIt rings.\n\n## Elsewhere {#elsewhere}\n\n- [Go](#nowhere)\n  > Why.\n"
    course = read_course(make_files(**{"01-water/02-drill.simulation.en.md": text}))
    assert [each for each in check_course(course) if each.path.endswith("drill.simulation.en.md")]
