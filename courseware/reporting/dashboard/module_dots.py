"""Dots of the modules in a dashboard row: filled if done, ringed if current."""

from typing import NamedTuple

FIRST = 7  # drawing units from the first and last dot to the edge
GAP = 22


class Dot(NamedTuple):
    """`look` is "f" (filled: done), "h" (here: first not done) or ""."""

    x: int
    look: str


class ModuleDots(NamedTuple):
    """Drawing of the dots, in drawing units. `are_done`: one bool per module, in course order."""

    are_done: tuple[bool, ...]

    @property
    def passed(self) -> int:
        return sum(self.are_done)

    @property
    def here(self) -> int:
        """Index of the current module; the number of modules if all are done."""
        return next((index for index, is_done in enumerate(self.are_done) if not is_done), len(self.are_done))

    @property
    def dots(self) -> tuple[Dot, ...]:
        here = self.here
        return tuple(
            Dot(FIRST + GAP * index, "f" if is_done else "h" if index == here else "")
            for index, is_done in enumerate(self.are_done)
        )

    @property
    def end(self) -> int:
        return FIRST + GAP * max(len(self.are_done) - 1, 0)

    @property
    def width(self) -> int:
        return self.end + FIRST

    @property
    def done(self) -> int:
        """The x up to which the line is colored: the current module or the end; 0 if no module is done."""
        return min(FIRST + GAP * self.here, self.end) if self.here else 0
