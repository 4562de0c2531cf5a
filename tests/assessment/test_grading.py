"""Grading: pass mark, points needed, scores and improvement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courseware.assessment.exams.grading import Score, gain, points_needed, reaches, score_by


@pytest.mark.parametrize(
    ("points", "max_points", "pass_mark", "passes"),
    [
        (16, 20, 80, True),
        (15, 20, 80, False),
        (4, 5, 80, True),
        (2, 3, 67, False),
        (0, 5, 1, False),
        (5, 5, 100, True),
        (1, 1, 80, True),
    ],
)
def test_pass_mark_is_reached_in_whole_numbers(points, max_points, pass_mark, passes):
    assert reaches(points, max_points, pass_mark) is passes


def test_attempt_without_points_cannot_be_graded():
    with pytest.raises(ValueError, match="without points"):
        reaches(0, 0, 80)


@given(max_points=st.integers(1, 200), pass_mark=st.integers(1, 100))
def test_points_needed_is_minimum_that_passes(max_points, pass_mark):
    needed = points_needed(max_points, pass_mark)
    assert reaches(needed, max_points, pass_mark)
    assert not reaches(needed - 1, max_points, pass_mark)


def test_scores_are_grouped_in_order_of_appearance():
    scores = score_by([("risks", True), ("basics", False), ("risks", False), ("risks", True)])
    assert list(scores.items()) == [("risks", Score(2, 3)), ("basics", Score(0, 1))]
    assert score_by([]) == {}


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [(2, 5, 75), (0, 6, 100), (0, 0, 0), (3, 3, 0), (1, 3, 40), (3, 4, 33), (4, 3, -50), (3, 2, -33), (6, 4, None)],
)
def test_improvement_is_percentage_of_open_points_rounded_towards_0(before, after, percent):
    assert gain(Score(before, 6), Score(after, 6)) == percent
