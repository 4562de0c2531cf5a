"""The tiles above a board: how many are in a state, and under it what is known of their certificates."""

from typing import NamedTuple

from django.utils.translation import gettext, ngettext

from courseware.learning.states import DUE_SOON, State
from courseware.learning.tally import Tally
from courseware.learning.validity import Validity, ends_within

# States in which nobody is expected to be certified: who is can wait, so it is said.
OPEN_WITHOUT_CERTIFICATE = (State.OVERDUE, State.DUE_SOON, State.NOT_STARTED, State.IN_PROGRESS)


class Tile(NamedTuple):
    """`number` is None where the rows are too many to be counted; `lines` stand under it."""

    state: State
    number: int | None
    lines: list[str]

    @property
    def is_shown(self) -> bool:
        return bool(self.number) or self.number is None or self.state.is_shown_empty


def tiles_of(found: Tally | None) -> list[Tile]:
    if found is None:
        return [Tile(state, None, []) for state in State]
    return [Tile(state, number, lines_of(state, number, found)) for state, number in found.states.items()]


def lines_of(state: State, number: int, found: Tally) -> list[str]:
    if not number or state == State.WAIVED:
        return []
    days = DUE_SOON.days
    lines = [ngettext("within %(days)d day", "within %(days)d days", days) % {"days": days}] * (state == State.DUE_SOON)
    certified, ending = (found.found[state, each] for each in (Validity.CERTIFIED, Validity.ENDING))
    if state in OPEN_WITHOUT_CERTIFICATE and certified + ending:
        lines.append(gettext("still certified: %(number)d") % {"number": certified + ending})
    if ending:
        lines.append(gettext("certificate %(ends)s: %(number)d") % {"ends": ends_within(), "number": ending})
    if ended := found.found[state, Validity.ENDED]:
        lines.append(gettext("no longer certified: %(number)d") % {"number": ended})
    return lines
