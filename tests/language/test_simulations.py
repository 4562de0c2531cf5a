"""Simulations as documents: what is read, what the checker proves, and how a run moves."""

from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.language.checking import check
from courseware.language.checking.simulations import average_minutes, check_simulations, longest_minutes
from courseware.language.conditions import ALWAYS, parse_condition
from courseware.language.course import read_course
from courseware.language.simulation_text import make_simulation
from courseware.language.simulations import NotOffered, RunState, SpokenLine, dump_simulation, load_simulation
from courseware.language.speech import cut_speech
from tests.language.samples import make_files

TODAY = date(2026, 11, 25)
PATH, PATH_EN = "01-water/02-drill.simulation.zh-hans.md", "01-water/02-drill.simulation.en.md"

# A kettle boils over while somebody is at the door: five situations, a message, chance, and an ending of each colour.
DRILL = """---
id: drill
title: 水漫出来了
minutes: 2
objectives: [O1.1]
seconds: 20
chance: {guest: 1/3, day: [monday, friday]}
---

水壶在响，门铃也在响。

## 灶台 {#stove .alarm}

> **小李**：水溢出来了！
>
> **小李**：你快点！

汽从门缝里出来。

- [关火](#door "best") {calm=+5}
  > 先断源头。
- [喊小李去关](#door "weak") {calm=-5 if="calm >= 30"}
  > 他手里端着茶。
- [先去开门](#door "critical") {calm=-30 set=wet}
  > 水不等人。
- [你愣住了](#door "timeout") {calm=-10}
  > 水还在流。

> [!rule]
> 先水后火。

## 门口 {#door .scene seconds=0 if=guest else=note}

- [请客人稍等](#note "best")
  > 一句话就够。
- [不理](#note "harmful") {calm=-20}
  > 客人在雨里。

## 写张条子 {#note .chat}

拼一张条子。

- [x] 关火了没有
  > 接班的人要知道。
- [ ] 小李的工资 {set=told}
  > 与水无关。
- [贴上](#monday-shift)
- [没写完，铃响了](#monday-shift "timeout") {calm=-5}
  > 写一半也好。

## 周一的班 {#monday-shift .call if=monday else=end}

- [交班](#end "best")
  > 说一句再走。
- [直接走](#end "weak")
  > 没人知道壶是热的。
- [你接着发呆](#end "timeout")
  > 班还没交。

## 水漫金山 {#flood .red if=wet}

地毯湿透了。

## 话多了 {#gossip .yellow if="told and not wet"}

小李听说了。

## 茶好了 {#tea .green}

壶在，人在。

## 一次真的溢水 {#real .debrief}

某研究所的茶水间。[^F-01]
"""
DRILL_EN = """---
id: drill
title: It boils over
---

The kettle whistles and so does the door.

## The stove {#stove}

> **Li**: It is boiling over!
>
> **Li**: Be quick!

Steam comes round the door.

- [Turn it off](#door "best")
  > Stop it where it starts.
- [Call Li to do it](#door "weak")
  > Both hands are full of tea.
- [Answer the door first](#door "critical")
  > Water waits for nobody.
- [You freeze](#door "timeout")
  > It runs on.

> [!rule]
> Water before fire.

## The door {#door}

- [Ask the guest to wait](#note "best")
  > One sentence is enough.
- [Ignore it](#note "harmful")
  > It rains on the guest.

## A note {#note}

Build a note.

- [x] Whether the stove is off
  > The next shift has to know.
- [ ] What Li earns
  > No business of the kettle.
- [Pin it up](#monday-shift)
- [Half written when the bell rings](#monday-shift "timeout")
  > Half a note is something.

## Monday's shift {#monday-shift}

- [Hand over](#end "best")
  > A sentence before you go.
- [Just go](#end "weak")
  > Nobody knows it is hot.
- [You dream on](#end "timeout")
  > Not handed over yet.

## A flood {#flood}

The carpet is soaked.

## Too much said {#gossip}

Li has heard.

## Tea is ready {#tea}

Kettle whole, people whole.

## A real one {#real}

The tea room of some institute. [^F-01]
"""


def drill_files(old="", new="", *, english=DRILL_EN):
    assert old in DRILL
    return make_files() | {PATH: DRILL.replace(old, new, 1).encode(), PATH_EN: english.encode()}


@cache  # read once: it is frozen
def drill(language="zh-hans", **files):
    return make_simulation(read_course(drill_files(**files)), "drill", language)


def told(files):
    return [str(problem) for problem in check(files, today=TODAY)]


def messages(old, new):
    """What is told of the drill with one mistake in its source file, path and line of that file left out."""
    problems = check_simulations(read_course(drill_files(old, new)))
    return [problem.message for problem in problems if problem.path == PATH]


# Reading


def test_a_whole_simulation_gives_no_problem():
    assert told(drill_files()) == []


def test_a_situation_is_read_with_its_lines_choices_and_rule():
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


def test_a_translation_has_its_own_words_and_the_effects_of_the_source():
    here, there = drill("en"), drill()
    assert (here.title, here.meters) == ("It boils over", {"calm": "Calm"})
    assert here.nodes["stove"].choices[0].text == "Turn it off"
    for node in there.nodes.values():
        other = here.nodes[node.id]
        assert [choice.effects for choice in other.choices] == [choice.effects for choice in node.choices]
        assert (other.shape, other.seconds, other.condition) == (node.shape, node.seconds, node.condition)


def test_lines_arrive_one_by_one_and_say_who_speaks():
    text = (
        "先看。\n\n> **小李**：水开了！\n>\n> **Wang**: Go *on*,\n> will you?\n>\n> 有人敲门。\n\n再看。\n\n- 一\n- 二"
    )
    assert cut_speech(text) == (
        SpokenLine("", "先看。"),
        SpokenLine("小李", "水开了！"),
        SpokenLine("Wang", "Go *on*,\nwill you?"),
        SpokenLine("", "有人敲门。"),
        SpokenLine("", "再看。\n\n- 一\n- 二"),
    )
    assert cut_speech("") == ()


def test_what_is_stored_comes_back_equal():
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
def test_a_condition_asks_flags_and_meters(text, holds):
    condition = parse_condition(text)
    assert condition.holds({"m": 40}, {"a"}) is holds
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize(
    "text", ["a or b", "a b", "m < x", "40 > m", "not", "and", "a and", "m = 4", "m < 4000", "(a)"]
)
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        parse_condition(text)


# What the checker says


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('(#note "best")', '(#nore "best")', 'no node "nore"; did you mean "note"?'),
        ('(#end "best")', '(#tea "best")', '"tea" is an ending; expected #end, where the endings are tried in turn'),
        ("{#stove .alarm}", "{#stove .alarm seconds=x}", 'seconds: expected a whole number from 0 to 600, got "x"'),
        (
            '- [你愣住了](#door "timeout") {calm=-10}\n  > 水还在流。\n',
            "",
            "node has 20 seconds and 0 timeout branches; expected one",
        ),
        ("{#stove .alarm}", "{#stove .alarm seconds=0}", "timeout branch in a node without seconds"),
        ('"critical"', '"critcal"', '"critcal" is no quality; did you mean "critical"?'),
        ('(#door "weak")', "(#door)", "choice has no quality though others have"),
        ('[关火](#door "best")', '[关火](#door "acceptable")', 'no "best" choice'),
        ("{calm=+5}", "{clam=+5}", 'unknown meter "clam"; did you mean "calm"?'),
        ("{calm=+5}", "{calm=5}", 'calm: an effect is +n or -n, as in calm=+10, got "5"'),
        ('if="calm >= 30"', 'if="clam >= 30"', 'unknown meter "clam"; did you mean "calm"?'),
        ("set=wet", "set=damp", 'flag "wet" is asked for and never set'),
        ('if="told and not wet"', 'if="not wet and day"', 'flag "day" is asked for and never set'),
        (
            'if="calm >= 30"',
            'if="calm or wet"',
            'cannot read the condition: expected "flag", "not flag" or "meter < 40", joined by "and"; '
            'got "calm or wet"',
        ),
        ("if=guest else=note", "if=guest", '"if" without "else"; a node that is skipped says where to go on'),
        ("if=guest else=note", "else=note", '"else" without "if"; a node that is skipped says where to go on'),
        ("guest: 1/3", "guest: 4/3", "guest: expected a fraction below 1, got 4/3"),
        ("set=told", "set=calm", '"calm" is a meter and cannot be a flag'),
        ("{#tea .green}", "{#tea .green if=guest}", "the last ending must hold without a condition"),
        ("- [x] 关火了没有", "- [ ] 关火了没有", "no part belongs to the message; expected at least one [x]"),
        (
            "[贴上](#monday-shift)",
            '[贴上](#monday-shift "best")',
            "a message is built from parts and sent by one link without a quality",
        ),
        ("  > 先断源头。\n", "", 'no reason under "[关火](#door "best") {calm=+5}"'),
        ("  > 接班的人要知道。\n", "", 'no reason under "关火了没有"'),
        ('(#note "harmful")', '(#stove "harmful")', 'can go round for ever from "stove"'),
        ("if=guest else=note", "if=guest else=door", 'can go round for ever from "door"'),
        ('{calm=-5 if="calm >= 30"}', "{calm=-5 #id}", "a choice has no id and no kind; its braces hold effects"),
        ("[贴上](#monday-shift)\n", "贴上\n", "a message is built from parts and sent by one link without a quality"),
        (
            '[关火](#door "best")',
            '[ ](#door "best")',
            "a choice without a text; expected - [what you do or say](#node)",
        ),
        (
            '[关火](#door "best")',
            '[关火](#door "best") 马上',
            'only the link is a choice; what stands beside it in "[关火](#door "best") 马上" is lost',
        ),
        (
            "guest: 1/3",
            f"guest: 1/3, {', '.join(f'f{n}: 1/2' for n in range(9))}",
            "chance deals 2048 different runs; expected at most 256",
        ),
    ],
)
def test_a_mistake_is_told_with_what_was_expected(old, new, message):
    assert message in messages(old, new)


def test_a_situation_in_which_nothing_can_be_chosen_is_told():
    waits = '## 后门 {#back .scene}\n\n- [等](#end "timeout")\n  > 等着。\n\n## 水漫金山'
    assert "nothing can be chosen; expected a choice beside the timeout branch" in messages("## 水漫金山", waits)


def test_an_id_that_stands_twice_is_told_and_stops_nothing():
    twice = drill_files("## 写张条子", "## 又一张 {#note .chat}\n\n好。\n\n## 写张条子")
    found = [problem.message for problem in check(twice, today=TODAY)]
    assert any(message.startswith('id "note" is already used on line') for message in found)


def test_a_message_of_more_parts_than_can_be_gone_through_is_told():
    parts = "".join(f"- [x] 部分{n}\n  > 理由。\n" for n in range(12))
    assert messages("- [x] 关火了没有", f"{parts}- [x] 关火了没有")[0].endswith("parts; expected at most 12")


def test_a_simulation_of_eleven_hundred_situations_is_checked():
    names = [*(f"n{number}" for number in range(1100)), "end"]
    nodes = "".join(
        f'## 又 {{#{name} .scene seconds=0}}\n- [走](#{following} "best")\n  > 走。\n{"" if place % 3 else chr(10)}'
        for place, (name, following) in enumerate(pairwise(names))
    )
    assert messages("## 水漫金山", f"{nodes}## 水漫金山")[0] == 'node cannot be reached from "stove"'


def test_every_choice_with_a_condition_is_told():
    found = messages('[关火](#door "best") {calm=+5}', '[关火](#door "best") {calm=+5 if="calm > 90"}')
    assert found == []  # one more is offered always
    files = drill_files('- [请客人稍等](#note "best")', '- [请客人稍等](#note "best") {if=monday}')
    files[PATH] = files[PATH].replace(b'(#note "harmful") {', b'(#note "harmful") {if=friday ')
    found = [problem.message for problem in check_simulations(read_course(files))]
    assert found == ["every choice has a condition; one has to be offered always"]


def test_a_situation_nobody_comes_to_and_an_ending_nobody_earns_are_told():
    lonely = '## 后门 {#back .scene seconds=0}\n\n- [走](#end "best")\n  > 走吧。\n\n## 水漫金山'
    assert messages("## 水漫金山", lonely) == ['node cannot be reached from "stove"']
    assert messages('{#gossip .yellow if="told and not wet"}', '{#gossip .yellow if="told and wet"}') == [
        "an ending no run reaches"
    ]


def test_the_best_path_ends_green_whatever_chance_sets():
    assert messages("{#flood .red if=wet}", '{#flood .red if="wet and not guest"}') == []
    assert messages('(#note "best")', '(#note "best") {set=wet}') == [
        'the best path ends red, in "flood" when chance sets guest, monday'
    ]


def test_a_flag_nobody_asks_for_and_a_meter_nothing_moves_are_warnings():
    course = read_course(drill_files("set=wet", 'set="wet blue"'))
    assert [(p.message, p.level) for p in check_simulations(course)] == [
        ('flag "blue" is set and never asked for', "warning")
    ]
    files = drill_files() | {
        "course.zh-hans.md": make_files()["course.zh-hans.md"].replace(
            "{calm: 平静}".encode(), "{calm: 平静, x: 旁}".encode()
        ),
        "course.en.md": make_files()["course.en.md"].replace(b"{calm: Calm}", b"{calm: Calm, x: Side}"),
    }
    assert [(p.message, p.level) for p in check_simulations(read_course(files))] == [
        ('meter "x" is never changed', "warning")
    ]


def test_the_run_is_a_break_between_two_contacts():
    play = drill()
    assert 0.2 < average_minutes(play) < longest_minutes(play) < 1
    found = [p for p in check(drill_files("汽从门缝里出来。", "汽" * 1300), today=TODAY) if "run takes" in p.message]
    assert [problem.path for problem in found] == [PATH]


def test_the_longest_run_is_measured_however_rare_it_is():
    often, seldom = (replace(drill(), chance={"guest": odds}) for odds in ("999/1000", "1/1000"))
    assert average_minutes(often) != average_minutes(seldom)
    assert longest_minutes(often) == longest_minutes(seldom) >= max(map(average_minutes, (often, seldom)))


def test_two_swapped_choices_are_noticed_by_their_quality():
    swapped = DRILL_EN.replace('[Turn it off](#door "best")', '[Turn it off](#door "critical")').replace(
        '[Answer the door first](#door "critical")', '[Answer the door first](#door "best")'
    )
    assert any('"critical" here, "best" there' in message for message in told(drill_files(english=swapped)))


def test_effects_in_a_translation_are_refused():
    files = drill_files(english=DRILL_EN.replace('(#door "best")', '(#door "best") {calm=+5}'))
    expected = "the effects of a choice stand in the zh-Hans file only; take the braces out here"
    assert f"{PATH_EN}:16: {expected}" in told(files)


# A run


def test_a_run_begins_at_the_first_situation_with_every_meter_at_sixty():
    assert drill().begin() == RunState("stove", {"calm": 60}, frozenset())


def test_a_situation_whose_condition_fails_is_skipped():
    play = drill()
    assert play.decide(play.begin(), 0).place == "note"
    assert play.decide(play.begin({"guest"}), 0).place == "door"


def test_a_choice_moves_meters_and_sets_flags_and_the_time_running_out_is_one_too():
    play = drill()
    assert play.decide(play.begin(), 2) == RunState("note", {"calm": 30}, frozenset({"wet"}))
    assert play.decide(play.begin(), 3).meters == {"calm": 50}


def test_a_choice_is_offered_only_while_its_condition_holds():
    play = drill()
    low = RunState("stove", {"calm": 20}, frozenset())
    assert (play.offered(play.begin()), play.offered(low)) == ([0, 1, 2], [0, 2])
    with pytest.raises(NotOffered):
        play.decide(low, 1)


@pytest.mark.parametrize(("place", "picked"), [(4, ()), (-1, ()), (0, (0,)), (99, ())])
def test_what_is_not_offered_is_refused(place, picked):
    play = drill()
    with pytest.raises(NotOffered):
        play.decide(play.begin(), place, picked)


def test_an_ending_is_the_end():
    play = drill()
    last = play.best_run()[-1]
    with pytest.raises(NotOffered):
        play.decide(last, 0)


def test_a_message_counts_each_part_that_was_picked():
    play = drill()
    assert play.points("note", 0, (0,)) == 1
    assert play.points("note", 0, (0, 1)) == 0
    assert play.points("note", 1, ()) == 0
    note = play.decide(play.begin({"friday"}), 0)
    assert play.decide(note, 0, (0, 1)).place == "gossip"
    assert play.decide(note, 0, (0,)).place == "tea"


def test_the_best_run_takes_the_best_way_through_every_situation():
    places = [state.place for state in drill().best_run({"guest", "monday"})]
    assert places == ["stove", "door", "note", "monday-shift", "tea"]


@pytest.mark.parametrize("seed", range(30))
def test_chance_draws_one_of_a_list_and_a_fraction_now_and_then(seed):
    flags = drill().draw(Random(seed))
    assert len(flags & {"monday", "friday"}) == 1
    assert flags <= {"monday", "friday", "guest"}


def test_one_run_in_three_is_about_one_in_three():
    play, random = drill(), Random(7)
    draws = [play.draw(random) for _ in range(3000)]
    assert 900 < sum("guest" in flags for flags in draws) < 1100


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_sequence_of_clicks_leads_to_an_ending_with_meters_in_range(random):
    play = drill()
    *way, (last, _, _) = play.random_run(random)
    assert last.place in play.endings_by_id
    assert all(0 <= value <= 100 for state, _, _ in way for value in state.meters.values())
    assert len({state.place for state, _, _ in way}) == len(way)  # nobody meets a situation twice


def test_without_a_condition_everything_holds():
    assert ALWAYS.holds({}, ())
