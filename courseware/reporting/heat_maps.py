"""Weak objectives as a picture: a square for each objective and team, the darker the more people missed it.

A row bears the number of its objective, whose text stands beside the picture: lines of a drawing do not wrap.
"""

from dataclasses import dataclass
from typing import NamedTuple

from django.utils.text import Truncator

from courseware.reporting.weak_spots import WeakSpot, WeakSpots

SIDE, GAP = (60, 32), 2  # of a square, and around it
HEAD, ROWS_LABEL, SLANT = (
    76,
    24,
    70,
)  # room above for names of teams, on the left for numbers, on the right for the last
LONGEST_NAME = 12


class Square(NamedTuple):
    """`words` is what stands in it, at (`middle`, `base`); of too few people nothing but a dash."""

    x: int
    y: int
    level: int
    words: str

    @property
    def middle(self) -> int:
        return self.x + (SIDE[0] - GAP) // 2

    @property
    def base(self) -> int:
        return self.y + SIDE[1] // 2 + 4


@dataclass(frozen=True)
class HeatDrawing:
    spots: WeakSpots

    square = (SIDE[0] - GAP, SIDE[1] - GAP)

    @property
    def width(self) -> int:
        return ROWS_LABEL + len(self.spots.teams) * SIDE[0] + SLANT

    @property
    def height(self) -> int:
        return HEAD + len(self.spots.lines) * SIDE[1]

    @property
    def columns(self) -> list[tuple[int, int, str]]:
        """(x, y, the team's name, cut where it is long)."""
        names = (Truncator(team).chars(LONGEST_NAME) for team in self.spots.teams)
        return [(ROWS_LABEL + number * SIDE[0] + SIDE[0] // 2, HEAD - 8, name) for number, name in enumerate(names)]

    @property
    def rows(self) -> list[tuple[int, list[Square]]]:
        """(y of the row's number, its squares)."""
        lines = ((HEAD + row * SIDE[1], line.cells) for row, line in enumerate(self.spots.lines))
        return [
            (y + SIDE[1] // 2 + 4, [square(column, y, cell) for column, cell in enumerate(cells)]) for y, cells in lines
        ]


def square(column: int, y: int, cell: WeakSpot) -> Square:
    return Square(ROWS_LABEL + column * SIDE[0], y, cell.level, in_short(cell))


def in_short(cell: WeakSpot) -> str:
    if cell.share is None:
        return "–"
    return cell.share.short
