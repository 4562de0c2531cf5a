"""What the checker says of a simulation: mistakes, ways nobody can take, and how a run is measured."""

from dataclasses import replace
from itertools import pairwise

import pytest

from courseware.language.checking import check
from courseware.language.checking.simulations import average_minutes, check_simulations, longest_minutes
from courseware.language.course import read_course
from tests.language.boiling_over import DRILL_EN, PATH, PATH_EN, TODAY, drill, drill_files, messages, told
from tests.language.samples import make_files


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
        ("  > 接班的人要知道。\n", "", 'no reason under "关火了没有 {set=noted}"'),
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


BLANK = 'left blank, the form still ends green, in "tea"; let its parts set a flag that a yellow or red ending asks for'


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ("", "", False),
        ("[贴上](#monday-shift)", "[贴上](#monday-shift) {set=noted}", True),  # sending a blank sheet is not writing
        ('(#monday-shift "timeout") {calm=-5}', '(#monday-shift "timeout") {calm=-5 set=noted}', True),
        ('if="not noted"', 'if="not noted and monday"', True),  # on another day it ends well
        ('.yellow if="not noted"', '.red if="not noted"', False),
    ],
)
def test_a_form_that_may_be_left_blank_and_end_green_is_reported(old, new, reported):
    assert (BLANK in messages(old, new)) is reported


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
