"""How many will be late: compared with the lottery itself, played by dice."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.reporting.forecasts import LEAST_RUNS, Forecast, OpenRun, chance_of_being_late, forecast
from tests.examples import examples


def played(runs, rounds=1000, seed=7):
    """The numbers of late runs that the middle eight of ten rounds lie between, written as the rule is told."""
    dice = random.Random(seed)

    def is_late(run):
        return sum(dice.choice(run.pace) for _day in range(run.days)) < run.left

    numbers = sorted(sum(is_late(run) for run in runs) for _round in range(rounds))
    return numbers[rounds // 10], numbers[rounds - rounds // 10 - 1]


def some_runs(seed, number):
    dice = random.Random(seed)
    return [
        OpenRun(dice.randint(1, 12), dice.randint(0, 15), tuple(dice.choice((0, 0, 0, 1, 1, 2, 4)) for _ in range(14)))
        for _run in range(number)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_band_is_that_of_a_thousand_rounds_with_dice(seed):
    runs = some_runs(seed, 25)
    found = forecast(runs)
    least, most = played(runs)
    assert found.runs == 25
    assert abs(found.least - least) <= 1 and abs(found.most - most) <= 1


@pytest.mark.parametrize(
    ("run", "chance"),
    [
        (OpenRun(1, 0, (9, 9)), 1),  # no day is left
        (OpenRun(0, 0, (0, 0)), 0),  # nor is a step
        (OpenRun(3, 5, (0, 0, 0)), 1),  # who does nothing goes on doing nothing
        (OpenRun(3, 3, (1, 1)), 0),  # just in time
        (OpenRun(4, 3, (1, 1)), 1),  # one too many
        (OpenRun(1, 2, (0, 1)), 1 / 4),  # both days without anything
        (OpenRun(2, 2, (0, 1)), 3 / 4),
        (OpenRun(2, 2, (0, 0, 2)), 4 / 9),
    ],
)
def test_a_run_is_late_as_often_as_too_little_is_done_in_the_days_left(run, chance):
    assert chance_of_being_late(*run) == pytest.approx(chance)


def test_certain_runs_leave_no_band():
    idle, quick = OpenRun(3, 5, (0,)), OpenRun(3, 5, (3,))
    assert forecast([idle] * 15 + [quick] * 15) == Forecast(30, 15, 15)


def test_of_fewer_than_twenty_nothing_is_said():
    assert forecast(some_runs(1, LEAST_RUNS - 1)) is None
    assert forecast(some_runs(1, LEAST_RUNS)) is not None
    assert LEAST_RUNS == 20


@settings(max_examples=examples(60))
@given(st.integers(1, 15), st.lists(st.integers(0, 4), min_size=1, max_size=14), st.integers(0, 10))
def test_a_day_more_makes_nobody_later_and_a_step_more_nobody_earlier(left, pace, days):
    by_days = [chance_of_being_late(left, days + more, tuple(pace)) for more in range(4)]
    by_steps = [chance_of_being_late(left + more, days, tuple(pace)) for more in range(4)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(by_days))
    assert all(fewer <= more + 1e-9 for fewer, more in pairwise(by_steps))


def test_thousands_of_runs_are_added_up_as_twenty_are():
    found = forecast([OpenRun(1, 1, (0, 1))] * 4000)
    # Of coins: half of them, and 1.28 standard deviations of √4000 ÷ 2 to both sides.
    assert abs(found.least - 1959) <= 1 and abs(found.most - 2041) <= 1


def test_what_cannot_be_any_more_is_not_worked_out_for_ten_years():
    slow, idle = (0,) * 13 + (1,), (0,) * 14
    assert [chance_of_being_late(30, 3653, pace) for pace in (slow, idle)] == [0.0, 1.0]
