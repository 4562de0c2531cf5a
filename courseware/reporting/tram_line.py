"""The small line of the board: a station for each module, filled when it is done, ringed where the person is."""

from collections.abc import Sequence
from dataclasses import dataclass

FIRST = 7  # units of the drawing from its edge to the first station, and from the last one to the other edge
GAP = 22


@dataclass(frozen=True)
class Dot:
    """`look` is f (filled: done), h (here: the first not done) or ""."""

    x: int
    look: str


@dataclass(frozen=True)
class TramLine:
    """`done` is how far the line is travelled: to the station where the person is, or to the end. 0: not at all."""

    dots: tuple[Dot, ...]
    end: int
    width: int
    done: int


def tram_line(are_done: Sequence[bool]) -> TramLine:
    """The line through stations of which these are done."""
    here = next((place for place, is_done in enumerate(are_done) if not is_done), len(are_done))
    dots = tuple(
        Dot(FIRST + GAP * place, "f" if is_done else "h" if place == here else "")
        for place, is_done in enumerate(are_done)
    )
    end = FIRST + GAP * max(len(dots) - 1, 0)
    return TramLine(dots, end, end + FIRST, done=min(FIRST + GAP * here, end) if here else 0)
