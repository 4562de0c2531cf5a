"""The numbers of the small drawings on the first page. Lengths are units of the drawing, angles degrees from twelve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LineStop:
    x: int
    is_done: bool


@dataclass(frozen=True)
class ClockHands:
    hour: int
    minute: int


def stops_between(start: int, end: int, are_done: Sequence[bool]) -> tuple[LineStop, ...]:
    """Evenly apart; one alone stands at the start."""
    gaps = max(1, len(are_done) - 1)
    return tuple(LineStop(start + (end - start) * number // gaps, done) for number, done in enumerate(are_done))


def hands_at(instant: datetime) -> ClockHands:
    return ClockHands(hour=30 * (instant.hour % 12) + instant.minute // 2, minute=6 * instant.minute)
