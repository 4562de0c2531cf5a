from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from courseware.reporting.curves import CurveDrawing, DueRun, curve_of

TODAY = date(2026, 11, 30)


def on(days):
    return TODAY + timedelta(days=days)


def runs(*pairs):
    return [DueRun(on(due), None if done is None else on(done)) for due, done in pairs]


def test_a_run_counts_from_the_end_of_its_day_on():
    curve = curve_of(runs((-10, -12), (-3, -1), (-3, None), (5, None)), TODAY)
    by_day = {days: (curve.due_by(on(days)), curve.done_by(on(days))) for days in (-13, -12, -10, -4, -3, -1, 4, 5)}
    assert by_day == {-13: (0, 0), -12: (0, 1), -10: (1, 1), -4: (1, 1), -3: (3, 1), -1: (3, 2), 4: (3, 2), 5: (4, 2)}


def test_the_table_has_a_line_a_week_and_says_nothing_of_what_will_be_done():
    curve = curve_of(runs((-10, -12), (-3, -1), (6, None), (20, None)), TODAY)
    assert curve.weeks == [(on(-7), 1, 1), (on(0), 2, 2), (on(7), 3, None), (on(14), 3, None), (on(21), 4, None)]


def test_only_twelve_weeks_back_and_eight_ahead_are_drawn_and_what_was_before_is_added_up():
    curve = curve_of(runs((-700, -700), (-90, -85), (700, None)), TODAY)
    assert (curve.first, curve.last) == (on(-84), on(56))
    assert curve.weeks[0] == (on(-84), 2, 2)


def test_without_anybody_there_is_a_line_at_the_bottom():
    drawing = CurveDrawing(curve_of([], TODAY), 100, 50)
    assert (drawing.due, drawing.done) == ("M0.0 50.0H100.0", "M0.0 50.0H50.0")


def test_it_is_drawn_in_steps():
    drawing = CurveDrawing(
        curve_of(runs((-4, -2), (4, None)), TODAY), 100, 50
    )  # from five days before to five days after
    assert drawing.due == "M0.0 50.0H10.0V25.0H90.0V0.0H100.0"
    assert drawing.done == "M0.0 50.0H30.0V25.0H50.0"
    assert drawing.today_x == 50


@given(st.lists(st.tuples(st.integers(-400, 400), st.none() | st.integers(-400, 0))))
def test_nothing_is_drawn_outside_and_no_two_days_are_written_over_each_other(pairs):
    drawing = CurveDrawing(curve_of(runs(*pairs), TODAY), 600, 200)
    numbers = [
        float(each)
        for path in (drawing.due, drawing.done)
        for each in path.replace("M", " ").replace("H", " ").replace("V", " ").split()
    ]
    assert all(0 <= number <= 600 for number in numbers)
    places = [x for x, _day in drawing.marks]
    assert all(0 <= x <= 600 for x in places)
    assert all(later - earlier >= 600 / 9 for earlier, later in pairwise(places))
