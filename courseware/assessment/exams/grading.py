"""Grading of exams: pass marks, scores and improvement, in whole numbers."""

from collections.abc import Iterable
from dataclasses import dataclass


def reaches(points: int, max_points: int, pass_mark: int) -> bool:
    """Return whether `points` reach `pass_mark` % of `max_points`; ValueError if `max_points` is 0. cmi5 13.1.4."""
    if max_points <= 0:
        raise ValueError("an exam without points cannot be passed or failed")
    # Whole numbers avoid rounding errors: 80 % of 5 is 4.
    return points * 100 >= pass_mark * max_points


def points_needed(max_points: int, pass_mark: int) -> int:
    """Return the fewest points that reach `pass_mark` (percent)."""
    return -(-pass_mark * max_points // 100)  # rounds up


@dataclass(frozen=True)
class Score:
    points: int
    max_points: int


def gain(before: Score, after: Score) -> int | None:
    """Return the normalised gain (Hake 1998) in percent, rounded towards zero; None if `before` has all points."""
    missing = before.max_points - before.points
    return int(100 * (after.points - before.points) / missing) if missing else None


def score_by(pairs: Iterable[tuple[str, bool]]) -> dict[str, Score]:
    """Return topic → score, in order of appearance. `pairs`: (topic, whether the answer is right) of each question."""
    scores: dict[str, Score] = {}
    for topic, is_right in pairs:
        score = scores.get(topic, Score(0, 0))
        scores[topic] = Score(score.points + is_right, score.max_points + 1)
    return scores
