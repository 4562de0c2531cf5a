"""The small line of the board: a dot for each module, filled if it is done, ringed if it is the current one."""

from collections.abc import Sequence
from dataclasses import dataclass

FIRST = 7  # units of the drawing from its edge to the first station, and from the last one to the other edge
GAP = 22


@dataclass(frozen=True)
class Dot:
    """`look` is "f" (filled: done), "h" (here: the first not done) or ""."""

    x: int
    look: str


@dataclass(frozen=True)
class TramLine:
    """`done` is the x up to which the line is coloured: to the current module or the end; 0 at the start."""

    dots: tuple[Dot, ...]
    end: int
    width: int
    done: int


def tram_line(are_done: Sequence[bool]) -> TramLine:
    here = next((place for place, is_done in enumerate(are_done) if not is_done), len(are_done))
    dots = tuple(
        Dot(FIRST + GAP * place, "f" if is_done else "h" if place == here else "")
        for place, is_done in enumerate(are_done)
    )
    end = FIRST + GAP * max(len(dots) - 1, 0)
    return TramLine(dots, end, end + FIRST, done=min(FIRST + GAP * here, end) if here else 0)
