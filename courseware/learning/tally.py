"""How many stand where: by state, by validity, and how many in all, from one counting."""

from collections.abc import Iterable
from dataclasses import dataclass

from courseware.learning.states import State
from courseware.learning.validity import Validity


@dataclass(frozen=True)
class Tally:
    """`found` has every pair, zeros included."""

    found: dict[tuple[State, Validity], int]

    @property
    def total(self) -> int:
        return sum(self.found.values())

    @property
    def states(self) -> dict[State, int]:
        """In the order of State; together they are all."""
        return {state: sum(self.found[state, validity] for validity in Validity) for state in State}

    @property
    def validities(self) -> dict[Validity, int]:
        """The certified in front, among whom is whose certificate is ending; these, ended and never are all."""
        order = sorted(Validity, key=lambda validity: validity != Validity.CERTIFIED)
        numbers = {validity: sum(self.found[state, validity] for state in State) for validity in order}
        numbers[Validity.CERTIFIED] += numbers[Validity.ENDING]
        return numbers

    def number_in(self, standing: State | Validity) -> int:
        return self.states[standing] if isinstance(standing, State) else self.validities[standing]

    def __add__(self, other: "Tally") -> "Tally":
        return Tally({place: number + other.found[place] for place, number in self.found.items()})

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally({place: number - other.found[place] for place, number in self.found.items()})


def tally(rows: Iterable[tuple[str, str, int]]) -> Tally:
    """Of (state, validity, how many), as a query tells them."""
    found = {(state, validity): number for state, validity, number in rows}
    return Tally({(state, validity): found.get((state, validity), 0) for state in State for validity in Validity})
