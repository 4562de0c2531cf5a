"""Fractions of a group as text: a count in small groups, a percentage in larger ones; exact or anonymous."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

PERCENT_FROM = 20  # people: in smaller groups one person is more than 5 %, so a percentage looks too exact


@dataclass(frozen=True)
class Share:
    count: int
    people: int

    @property
    def percent(self) -> int:
        return 100 * self.count // self.people if self.people else 0

    @property
    def dots(self) -> list[bool]:
        """True for each counted person, then False for each of the others; empty if a percentage is shown."""
        return [position < self.count for position in range(self.people)] if self.people < PERCENT_FROM else []

    @property
    def words(self) -> str:
        if self.people >= PERCENT_FROM:
            return f"{self.percent}%"
        return gettext("%(count)d of %(people)d") % {"count": self.count, "people": self.people}


@dataclass(frozen=True)
class AnonymousShare(Share):
    """A share that hides unanimous answers: all and all but one read "most"; one and none read "few or none".
    To hide them, `count` is changed to lie between 1 and `people` - 1. `is_exact` turns this off; set it only if no
    answer of the question was chosen by all people or all but one.
    """

    is_exact: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if self.people and not self.is_exact:
            object.__setattr__(self, "count", max(1, min(self.count, self.people - 1)))

    @property
    def is_most(self) -> bool:
        return not self.is_exact and self.count == self.people - 1

    @property
    def is_few(self) -> bool:
        return not self.is_exact and self.count == 1

    @property
    def dots(self) -> list[bool]:
        return [] if self.is_most or self.is_few else super().dots

    @property
    def words(self) -> str:
        if self.is_most:
            return gettext("most")
        return gettext("few or none") if self.is_few else super().words

    @property
    def short(self) -> str:
        if self.is_most or self.is_few:
            return f"{'≥' if self.is_most else '≤'}{self.count}/{self.people}"
        return f"{self.count}/{self.people}" if self.people < PERCENT_FROM else super().words


def anonymous_shares(counts: Sequence[int], people: int) -> list[AnonymousShare]:
    """Return a share for each answer of one question. `counts`: people per answer; `people`: size of the group."""
    is_exact = max(counts, default=0) < people - 1
    return [AnonymousShare(count, people, is_exact) for count in counts]
