"""Baseline players, which have learned nothing, and how often they pass; when an attempt counts."""

import re
from random import Random

import pytest

from courseware.course_format.checks.simulations import check_simulations
from courseware.course_format.course import read_course
from courseware.course_format.simulations.baseline_players import BaselinePlayer, played_by_all
from courseware.course_format.simulations.parser import make_simulation
from courseware.course_format.simulations.simulation import is_passed
from tests.course_format.kettle_simulation import PATH, drill, drill_files

HEAD = """---
id: drill
title: 水漫出来了
minutes: 2
objectives: [O1.1]
seconds: 20
---

水壶在响。
"""
ENDINGS = """
## 水漫金山 {#flood .red if=wet}

地毯湿透了。

## 茶好了 {#tea .green}

壶在，人在。
"""
BEST, CAREFUL, HARM = ("关火", "best", "calm=+5"), ("不关", "best", "calm=+5"), ("开门", "critical", "set=wet")
LONG, LONG_HARM = ("关火关气", "best", "calm=+5"), ("开门开窗", "critical", "set=wet")
FINE, FROZEN = ("等等", "acceptable", "calm=-5"), ("愣住", "timeout critical", "calm=-5")


def files(*situations):
    """A simulation of these situations in a row, each a list of (text, quality, effects)."""
    names = [*(f"n{number}" for number in range(len(situations))), "end"]
    nodes = [
        f"\n## 情景{number} {{#n{number} .scene}}\n\n" + "".join(line(names[number + 1], *choice) for choice in choices)
        for number, choices in enumerate(situations)
    ]
    found = drill_files()
    found = {path: text for path, text in found.items() if ".simulation." not in path}
    return found | {PATH: (HEAD + "".join(nodes) + ENDINGS).encode()}


def line(target, text, quality, effects):
    return f'- [{text}](#{target} "{quality}") {{{effects}}}\n  > 理由。\n'


def shares(*situations):
    simulation = make_simulation(read_course(files(*situations)), "drill", "zh-hans")
    return {one.player: one.done for one in played_by_all(simulation, "zh-hans", is_source=True)}


def refusals(*situations):
    return reports_of(files(*situations))


def reports_of(texts):
    found = check_simulations(read_course(texts))
    return [problem.message for problem in found if problem.finding.id == "passes-untaught"]


@pytest.mark.parametrize(
    ("colour", "points", "best", "timeouts", "counts"),
    [
        ("green", 8, 8, 0, True),
        ("yellow", 4, 8, 1, True),
        ("yellow", 4, 9, 0, False),
        ("yellow", 3, 8, 0, False),
        ("green", 8, 8, 2, False),
        ("red", 8, 8, 0, False),
        ("yellow", -2, 8, 0, False),
    ],
)
def test_attempt_passes_with_half_the_points_and_1_timeout(colour, points, best, timeouts, counts):
    assert is_passed(colour, points, best, timeouts) is counts


@pytest.mark.slow
def test_players_pass_as_often_as_computed():
    played = shares(*[[HARM, BEST, FROZEN]] * 4)
    assert played["lazy"] == 0
    for player in ("fixed", "longest", "shortest", "random"):  # all texts have one length
        assert played[player] == pytest.approx(1 / 16, abs=0.01), player  # the right one of 2, 4 times
    assert played["cautious"] == pytest.approx(1 / 16, abs=0.01)  # no choice sounds like a refusal
    assert shares(*[[HARM, CAREFUL, FROZEN]] * 4)["cautious"] == 1


@pytest.mark.slow
def test_shares_are_deterministic():
    assert shares(*[[HARM, BEST, FROZEN]] * 4) == shares(*[[HARM, BEST, FROZEN]] * 4)


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        ([HARM, BEST, FROZEN], []),
        ([BEST, HARM, FROZEN], []),
        ([HARM, LONG, FROZEN], ['the player "longest" has 100.0 % of attempts completed; expected at most 20 %']),
        ([LONG_HARM, BEST, FROZEN], ['the player "shortest" has 100.0 % of attempts completed; expected at most 20 %']),
        ([HARM, CAREFUL, FROZEN], ['the player "cautious" has 100.0 % of attempts completed; expected at most 50 %']),
    ],
)
def test_simulation_passed_by_baseline_player_is_refused(choices, told):
    assert refusals(*[choices] * 4) == told


@pytest.mark.slow
@pytest.mark.parametrize("position", range(4))
def test_numbered_choices_refuse_fixed_position(position):
    choices = [HARM, HARM, HARM]
    choices.insert(position, BEST)
    shuffled = files(*[[*choices, FROZEN]] * 4)
    numbered = shuffled | {PATH: re.sub(rb"^- \[", b"1. [", shuffled[PATH], flags=re.MULTILINE)}
    found = ['the player "fixed" has 100.0 % of attempts completed; expected at most 20 %']
    assert [reports_of(each) for each in (shuffled, numbered)] == [[], found]


@pytest.mark.parametrize(("ticks", "parts"), [(True, (0, 1)), (False, ())])
def test_baseline_player_ticks_all_parts_or_none(ticks, parts):
    assert BaselinePlayer(ticks).ways(drill().nodes["note"], [0], 5, Random(1)) == {(0, parts): 5}


@pytest.mark.slow
def test_easy_simulation_is_refused_from_5_situations():
    easy = [FINE, BEST, FROZEN], [FINE, BEST, FROZEN]
    found = refusals(*easy, [HARM, FINE, BEST, FROZEN], *easy)
    players = ["fixed", "longest", "shortest", "random", "cautious"]
    assert [message.partition(" has ")[0] for message in found] == [f'the player "{player}"' for player in players]
    assert refusals(*easy, [HARM, FINE, BEST, FROZEN]) == []


def test_simulation_without_decisions_is_refused():
    go_on = HEAD.replace("seconds: 20", "seconds: 0") + "\n## 门口 {#door .scene}\n\n- [走](#end)\n  > 走。\n" + ENDINGS
    course = read_course(files() | {PATH: go_on.replace(" if=wet", "").replace("## 水漫金山", "## 水").encode()})
    found = [problem.message for problem in check_simulations(course) if problem.finding.id == "passes-untaught"]
    assert found == []  # no attempt counts: it ends in harm
    course = read_course(files() | {PATH: (go_on[: go_on.index("## 水")] + ENDINGS[ENDINGS.index("## 茶") :]).encode()})
    found = [problem.message for problem in check_simulations(course) if problem.finding.id == "passes-untaught"]
    assert found == ['the player "lazy" has 100.0 % of attempts completed; expected at most 0 %']


@pytest.mark.slow
def test_timeout_without_effect_is_a_warning():
    free = ("愣住", "timeout", "set=wet")
    assert [p.message for p in check_simulations(read_course(files(*[[HARM, BEST, free]] * 4)))] == []
    text = files(*[[HARM, BEST, free]] * 4)
    text[PATH] = text[PATH].replace(b'"timeout") {set=wet}', b'"timeout")')
    found = {p.message for p in check_simulations(read_course(text)) if p.level == "warning"}
    assert found == {'doing nothing costs nothing here; expected an effect, or a quality as in "timeout critical"'}
