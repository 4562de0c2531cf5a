"""Which people's answers figures about a group may hold, so that they give no single person away.

Figures grow by whole groups of five, at midnight, and what is new in them is older than a day. Whoever compares them
with those of another day sees what five people or more did together, and never what one did just now.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from operator import itemgetter
from typing import TypeVar

STEP = 5  # people
WAIT = timedelta(days=2)  # from the day of an answer, which leaves a whole day between

Item = TypeVar("Item")


def shown_from(day: date) -> date:
    """The first day on which figures may hold what somebody did on `day`.

    >>> shown_from(date(2026, 11, 25)).isoformat()
    '2026-11-27'
    """
    return day + WAIT


def disclosed(answers: Iterable[tuple[date, Item]], today: date) -> list[Item]:
    """Of (shown from, one person's answer) the first 5, 10, 15 …, so many as are full by `today`.

    Those of one day have to come in the same order every time.

    >>> len(disclosed([(date(2026, 11, day), day) for day in range(1, 13)], date(2026, 11, 11)))
    10
    """
    ready = sorted((answer for answer in answers if answer[0] <= today), key=itemgetter(0))
    return [item for _day, item in ready[: len(ready) - len(ready) % STEP]]
