"""Progress tracker of the dashboard: a dot for each module, filled if done, ringed if current."""

from typing import NamedTuple

FIRST = 7  # units of the drawing from its edge to the first dot, and from the last one to the other edge
GAP = 22


class Dot(NamedTuple):
    """`look` is "f" (filled: done), "h" (here: the first not done) or ""."""

    x: int
    look: str


class ModuleDots(NamedTuple):
    """Computed when drawn: most drawings are cached."""

    are_done: tuple[bool, ...]

    @property
    def passed(self) -> int:
        return sum(self.are_done)

    @property
    def here(self) -> int:
        """Index of the current module; their number if all are done."""
        return next((place for place, is_done in enumerate(self.are_done) if not is_done), len(self.are_done))

    @property
    def dots(self) -> tuple[Dot, ...]:
        here = self.here
        return tuple(
            Dot(FIRST + GAP * place, "f" if is_done else "h" if place == here else "")
            for place, is_done in enumerate(self.are_done)
        )

    @property
    def end(self) -> int:
        return FIRST + GAP * max(len(self.are_done) - 1, 0)

    @property
    def width(self) -> int:
        return self.end + FIRST

    @property
    def done(self) -> int:
        """The x up to which the line is coloured: to the current module or the end; 0 at the start."""
        return min(FIRST + GAP * self.here, self.end) if self.here else 0
