"""A part of a group, in the words that fit its size."""

from dataclasses import dataclass

from django.utils.translation import gettext

PERCENT_FROM = 20  # people: below, one of them would be 5 % and more, and a percentage says more than is known


@dataclass(frozen=True)
class Share:
    """How many of how many people; `percent` is whole, rounded down."""

    count: int
    people: int

    @property
    def percent(self) -> int:
        return 100 * self.count // self.people if self.people else 0

    @property
    def dots(self) -> list[bool]:
        """One for each person, those who are meant in front; none where a percentage is said."""
        return [place < self.count for place in range(self.people)] if self.people < PERCENT_FROM else []

    @property
    def words(self) -> str:
        if self.people >= PERCENT_FROM:
            return f"{self.percent}%"
        return gettext("%(count)d of %(people)d") % {"count": self.count, "people": self.people}
