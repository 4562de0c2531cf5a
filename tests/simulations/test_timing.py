"""The clock of a situation."""

from datetime import UTC, datetime, timedelta

import pytest

from courseware.accounts.models import User
from courseware.course_format.simulations.simulation import Node, NodeChoice, SpokenLine
from courseware.simulations.timing import Clock, arrivals, clock_of, pace_of

SHOWN = datetime(2030, 1, 7, 9, tzinfo=UTC)
SIX_SECONDS = "字" * 25  # at 250 a minute
DECISION = NodeChoice("走", "", target="out", quality="best")
NOTHING = NodeChoice("", "", target="out", quality="timeout")


def node(*lines, seconds=20, choices=(DECISION, NOTHING)):
    found = tuple(SpokenLine("甲", line) for line in lines or (SIX_SECONDS,))
    return Node("door", "门", "call", "", seconds=seconds, choices=choices, lines=found)


def after(seconds):
    return SHOWN + timedelta(seconds=seconds)


def test_clock_starts_after_lines_arrived():
    clock = clock_of(node(SIX_SECONDS, SIX_SECONDS), "written", SHOWN)
    assert (clock.shown_at, clock.starts_at, clock.ends_at) == (SHOWN, after(12), after(32))


@pytest.mark.parametrize(
    ("timing", "seconds"),
    [("written", 20), ("1.25", 25), ("1.5", 30), ("double", 40), ("10", 200), ("paused", 20), ("off", 0)],
)
def test_time_setting_scales_seconds(timing, seconds):
    assert clock_of(node(), timing, SHOWN).seconds == seconds


@pytest.mark.parametrize("untimed", [node(seconds=0), node(choices=(DECISION,))])
def test_no_clock_without_seconds_or_timeout_choice(untimed):
    clock = clock_of(untimed, "written", SHOWN)
    assert clock.seconds == 0
    assert not clock.is_up(after(10_000))
    assert not clock.is_up(after(-1))
    assert not clock.is_over(after(10_000))


@pytest.mark.parametrize(
    ("at", "is_up", "is_over"),
    [(0, False, False), (25, False, False), (26, True, False), (31, True, False), (32, True, True), (-1, True, False)],
    ids=["at once", "a second left", "at the end", "within the allowance", "past it", "the clock jumped back"],
)
def test_timeout_counts_at_end_and_decision_until_allowance(at, is_up, is_over):
    clock = Clock(SHOWN, timedelta(seconds=6), 20)
    assert (clock.is_up(after(at)), clock.is_over(after(at))) == (is_up, is_over)


def test_time_limit_of_one_second_is_valid():
    clock = Clock(SHOWN, timedelta(0), 1)
    assert (clock.is_up(after(1)), clock.is_over(after(7))) == (True, True)


def test_line_arrives_when_previous_ones_are_read():
    lines = node(SIX_SECONDS, SIX_SECONDS * 2, SIX_SECONDS)
    assert arrivals(lines, timedelta(seconds=24)) == [0, 6_000, 18_000]
    assert arrivals(lines, timedelta(seconds=12)) == [0, 3_000, 9_000]  # less time after a pause
    assert arrivals(node("<b></b>"), timedelta(seconds=3)) == [0]


def test_markup_takes_no_reading_time():
    assert clock_of(node(f"<strong>{SIX_SECONDS}</strong>"), "written", SHOWN).starts_at == after(6)


@pytest.mark.parametrize(
    ("given", "pace"), [("", ""), ("1.25", "1.25"), ("2", "double"), ("10", "10"), ("paused", ""), ("off", "")]
)
def test_pace_follows_extra_time_of_person(given, pace):
    assert pace_of(User(extra_time=given)) == pace
