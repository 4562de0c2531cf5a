"""Pure arithmetic of an exam: whole numbers throughout, no model, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass


def reaches(points: int, max_points: int, pass_mark: int) -> bool:
    """Whether `points` out of `max_points` reach `pass_mark` (percent, 1–100).

    Whole numbers, so no rounding decides a pass: 80 % of 5 is 4.
    Raises ValueError when there was nothing to score.
    Source: cmi5 13.1.4, masteryScore (there a decimal from 0 to 1).
    """
    if max_points <= 0:
        raise ValueError("an exam without points cannot be passed or failed")
    return points * 100 >= pass_mark * max_points


def points_needed(max_points: int, pass_mark: int) -> int:
    """The fewest points that reach the mark."""
    return -(-pass_mark * max_points // 100)


@dataclass(frozen=True)
class Score:
    """Points of a part of an exam."""

    points: int
    max_points: int


def gain(before: Score, after: Score) -> int | None:
    """What share of the points that were open before is there after, in whole percent, rounded towards nought.

    Negative where points were lost; None where none was open. Both scores are out of the same number of points.
    Source: Hake 1998, the normalised gain.

    >>> gain(Score(2, 6), Score(5, 6)), gain(Score(3, 6), Score(2, 6)), gain(Score(6, 6), Score(6, 6))
    (75, -33, None)
    """
    is_open = before.max_points - before.points
    return int(100 * (after.points - before.points) / is_open) if is_open else None


def score_by(pairs: Iterable[tuple[str, bool]]) -> dict[str, Score]:
    """Scores per topic, in the order the topics first appear; `pairs` are (topic, was it right)."""
    scores: dict[str, Score] = {}
    for topic, is_right in pairs:
        so_far = scores.get(topic, Score(0, 0))
        scores[topic] = Score(so_far.points + is_right, so_far.max_points + 1)
    return scores
