"""Forecasts of late enrollments, compared with random simulations, and their curves."""

import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseware.reporting.statistics.forecasts import (
    LEAST_RUNS,
    Forecast,
    OpenEnrollment,
    chance_of_being_late,
    forecast,
)
from courseware.reporting.statistics.trends import CurveDrawing, DueEnrollment, curve_of
from tests.examples import examples


def simulated_range(enrollments, rounds=1000, seed=7):
    """Numbers of late enrollments between which the middle 80% of the rounds lie."""
    dice = random.Random(seed)

    def is_late(enrollment):
        return sum(dice.choice(enrollment.pace) for _day in range(enrollment.days)) < enrollment.left

    numbers = sorted(sum(is_late(enrollment) for enrollment in enrollments) for _round in range(rounds))
    return numbers[rounds // 10], numbers[rounds - rounds // 10 - 1]


def random_enrollments(seed, number):
    dice = random.Random(seed)
    return [
        OpenEnrollment(
            dice.randint(1, 12), dice.randint(0, 15), tuple(dice.choice((0, 0, 0, 1, 1, 2, 4)) for _ in range(14))
        )
        for _enrollment in range(number)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_range_matches_1000_random_rounds(seed):
    enrollments = random_enrollments(seed, 25)
    found = forecast(enrollments)
    least, most = simulated_range(enrollments)
    assert found.runs == 25
    assert abs(found.least - least) <= 1 and abs(found.most - most) <= 1


@pytest.mark.parametrize(
    ("run", "chance"),
    [
        (OpenEnrollment(1, 0, (9, 9)), 1),  # no day is left
        (OpenEnrollment(0, 0, (0, 0)), 0),  # no step is left
        (OpenEnrollment(3, 5, (0, 0, 0)), 1),  # idle people stay idle
        (OpenEnrollment(3, 3, (1, 1)), 0),  # just in time
        (OpenEnrollment(4, 3, (1, 1)), 1),  # one too many
        (OpenEnrollment(1, 2, (0, 1)), 1 / 4),  # both days without anything
        (OpenEnrollment(2, 2, (0, 1)), 3 / 4),
        (OpenEnrollment(2, 2, (0, 0, 2)), 4 / 9),
    ],
)
def test_chance_of_being_late_by_steps_and_days_left(run, chance):
    assert chance_of_being_late(*run) == pytest.approx(chance)


def test_certain_outcomes_give_exact_number():
    idle, quick = OpenEnrollment(3, 5, (0,)), OpenEnrollment(3, 5, (3,))
    assert forecast([idle] * 15 + [quick] * 15) == Forecast(30, 15, 15)


def test_fewer_than_20_enrollments_give_no_forecast():
    assert forecast(random_enrollments(1, LEAST_RUNS - 1)) is None
    assert forecast(random_enrollments(1, LEAST_RUNS)) is not None


@settings(max_examples=examples(60))
@given(st.integers(1, 15), st.lists(st.integers(0, 4), min_size=1, max_size=14), st.integers(0, 10))
def test_chance_falls_with_days_and_rises_with_steps(left, pace, days):
    by_days = [chance_of_being_late(left, days + more, tuple(pace)) for more in range(4)]
    by_steps = [chance_of_being_late(left + more, days, tuple(pace)) for more in range(4)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(by_days))
    assert all(fewer <= more + 1e-9 for fewer, more in pairwise(by_steps))


def test_forecast_of_4000_matches_normal_distribution():
    found = forecast([OpenEnrollment(1, 1, (0, 1))] * 4000)
    # Half of them, ± 1.28 standard deviations of √4000 ÷ 2.
    assert abs(found.least - 1959) <= 1 and abs(found.most - 2041) <= 1


def test_certain_chance_is_found_over_ten_years():
    slow, idle = (0,) * 13 + (1,), (0,) * 14
    assert [chance_of_being_late(30, 3653, pace) for pace in (slow, idle)] == [0.0, 1.0]


# Curves


TODAY = date(2026, 11, 30)


def on(days):
    return TODAY + timedelta(days=days)


def due_enrollments(*pairs):
    return [DueEnrollment(on(due), None if done is None else on(done)) for due, done in pairs]


def test_enrollment_counts_from_end_of_due_date():
    curve = curve_of(due_enrollments((-10, -12), (-3, -1), (-3, None), (5, None)), TODAY)
    by_day = {days: (curve.due_by(on(days)), curve.done_by(on(days))) for days in (-13, -12, -10, -4, -3, -1, 4, 5)}
    assert by_day == {-13: (0, 0), -12: (0, 1), -10: (1, 1), -4: (1, 1), -3: (3, 1), -1: (3, 2), 4: (3, 2), 5: (4, 2)}


def test_table_has_weekly_rows_without_future_completions():
    curve = curve_of(due_enrollments((-10, -12), (-3, -1), (6, None), (20, None)), TODAY)
    assert curve.weeks == [(on(-7), 1, 1), (on(0), 2, 2), (on(7), 3, None), (on(14), 3, None), (on(21), 4, None)]


def test_curve_covers_12_weeks_back_and_8_ahead():
    curve = curve_of(due_enrollments((-700, -700), (-90, -85), (700, None)), TODAY)
    assert (curve.first, curve.last) == (on(-84), on(56))
    assert curve.weeks[0] == (on(-84), 2, 2)


def test_empty_curve_is_flat():
    drawing = CurveDrawing(curve_of([], TODAY), 100, 50)
    assert (drawing.due, drawing.done) == ("M0.0 50.0H100.0", "M0.0 50.0H50.0")


def test_curve_is_drawn_in_steps():
    drawing = CurveDrawing(
        curve_of(due_enrollments((-4, -2), (4, None)), TODAY), 100, 50
    )  # from five days before to five days after
    assert drawing.due == "M0.0 50.0H10.0V25.0H90.0V0.0H100.0"
    assert drawing.done == "M0.0 50.0H30.0V25.0H50.0"
    assert drawing.today_x == 50


@given(st.lists(st.tuples(st.integers(-400, 400), st.none() | st.integers(-400, 0))))
def test_drawing_stays_inside_and_labels_do_not_overlap(pairs):
    drawing = CurveDrawing(curve_of(due_enrollments(*pairs), TODAY), 600, 200)
    numbers = [
        float(each)
        for path in (drawing.due, drawing.done)
        for each in path.replace("M", " ").replace("H", " ").replace("V", " ").split()
    ]
    assert all(0 <= number <= 600 for number in numbers)
    places = [x for x, _day in drawing.marks]
    assert all(0 <= x <= 600 for x in places)
    assert all(later - earlier >= 600 / 9 for earlier, later in pairwise(places))
