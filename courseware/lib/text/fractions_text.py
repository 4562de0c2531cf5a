"""A share of a group, in words that fit its size."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext

PERCENT_FROM = 20  # people: below, one of them would be 5 % and more, and a percentage says more than is known


@dataclass(frozen=True)
class Share:
    count: int
    people: int

    @property
    def percent(self) -> int:
        return 100 * self.count // self.people if self.people else 0

    @property
    def dots(self) -> list[bool]:
        """One for each person, those counted first; none where a percentage is shown."""
        return [place < self.count for place in range(self.people)] if self.people < PERCENT_FROM else []

    @property
    def words(self) -> str:
        if self.people >= PERCENT_FROM:
            return f"{self.percent}%"
        return gettext("%(count)d of %(people)d") % {"count": self.count, "people": self.people}


@dataclass(frozen=True)
class AnonymousShare(Share):
    """A share of a group whose members stay anonymous: all and all but one are "most"; one and none "few or none".

    Otherwise everybody would know each answer if all gave one. `is_exact`: no answer has nearly all people.
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
    is_exact = max(counts, default=0) < people - 1
    return [AnonymousShare(count, people, is_exact) for count in counts]
