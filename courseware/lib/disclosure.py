"""Statistical disclosure control: statistics grow in steps of 5 people, at midnight, by answers older than a day."""

from collections.abc import Iterable
from datetime import date, timedelta
from operator import itemgetter
from typing import TypeVar

STEP = 5  # people
FEWEST_FOR_TEXT = 10  # people: in smaller groups, readers may recognize a writer by style
COUNTS_AFTER = timedelta(days=30)  # after joining
WAIT = timedelta(days=2)  # from the day of an answer: one whole day lies between

Item = TypeVar("Item")


def shown_from(day: date) -> date:
    """Return the first date on which statistics may include an answer given on `day`.

    >>> shown_from(date(2026, 11, 25)).isoformat()
    '2026-11-27'
    """
    return day + WAIT


def counts_from(joined_on: date, listed_on: date | None) -> date:
    """Return the first date on which statistics may count the answers of a person who joined on `joined_on`.
    `listed_on`: when an imported list first named the person, or None. Always pass the same dates for a person.

    >>> counts_from(date(2026, 11, 1), None).isoformat(), counts_from(date(2026, 11, 1), date(2026, 11, 5)).isoformat()
    ('2026-12-01', '2026-11-07')
    """
    by_age = joined_on + COUNTS_AFTER
    return min(by_age, shown_from(listed_on)) if listed_on else by_age


def counts_from_month(joined_on: date, listed_on: date | None, today: date) -> date | None:
    """Return the first day of the month from which answers stored without a person count; None if they count today.
    `joined_on`, `listed_on`: of the person, see `counts_from`.

    >>> counts_from_month(date(2026, 11, 1), None, today=date(2026, 11, 3)).isoformat()
    '2027-01-01'
    """
    day = counts_from(joined_on, listed_on)
    return None if day <= today else (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def disclosed(answers: Iterable[tuple[date, Item]], today: date) -> list[Item]:
    """Return the first 0, 5, 10, 15 … items, as many as may be shown on `today`, ordered by date.
    `answers`: pairs (date from which it may be shown, one person's item). Pass pairs of one date always in one order.

    >>> len(disclosed([(date(2026, 11, day), day) for day in range(1, 13)], date(2026, 11, 11)))
    10
    """
    ready = sorted((answer for answer in answers if answer[0] <= today), key=itemgetter(0))
    return [item for _day, item in ready[: len(ready) - len(ready) % STEP]]
