"""When somebody is asked about a rule again: FSRS, as the library `fsrs` has it. Pure: the instant is an argument."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from fsrs import Scheduler

LONGEST = 180  # days


@dataclass(frozen=True)
class Remembered:
    """`memory` is what the library knows of the rule, as plain JSON; it is asked about again from `due_at` on."""

    memory: dict[str, Any]
    due_at: datetime


def remember(memory: Mapping[str, Any] | None, *, is_right: bool, at: datetime) -> Remembered:
    """After an answer at `at`; `memory` is that of the answer before, None at the first.

    >>> at = datetime(2026, 11, 27, tzinfo=UTC)
    >>> first = remember(None, is_right=True, at=at)
    >>> second = remember(first.memory, is_right=True, at=first.due_at)
    >>> [(each.due_at - at).days for each in (first, second)]
    [2, 13]
    """
    from fsrs import Card, Rating  # takes a tenth of a second, so only where somebody answers

    card = Card.from_dict(cast(Any, memory)) if memory else Card(card_id=0, due=at)
    # Of a clock that was set back, no time has passed.
    now = max(at, card.last_review or at).astimezone(UTC)
    card, _log = scheduler().review_card(card, Rating.Good if is_right else Rating.Again, now)
    return Remembered({**card.to_dict()}, card.due)


@cache
def scheduler() -> "Scheduler":
    """By days: with steps of learning the first answer would be asked for again after ten minutes."""
    from fsrs import Scheduler

    return Scheduler(learning_steps=(), relearning_steps=(), maximum_interval=LONGEST, enable_fuzzing=False)
