"""Disclosure control: statistics grow by groups of five, at midnight, by answers older than a day.

Made-up accounts must not fill a group: answers count 30 days after joining, or once a list names the person.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from operator import itemgetter
from typing import TypeVar

STEP = 5  # people
FEWEST_FOR_TEXT = 10  # people: readers may recognize a writer by style
COUNTS_AFTER = timedelta(days=30)  # age of an account whose answers count
WAIT = timedelta(days=2)  # from the day of an answer, which leaves a whole day between

Item = TypeVar("Item")


def shown_from(day: date) -> date:
    """The first day on which figures may hold what somebody did on `day`.

    >>> shown_from(date(2026, 11, 25)).isoformat()
    '2026-11-27'
    """
    return day + WAIT


def counts_from(joined_on: date, listed_on: date | None) -> date:
    """The first day on which statistics may count answers of a person who joined on `joined_on`.

    `listed_on`: the day on which a list of people first named the person, or None. A day that has passed never changes,
    because the order of counting depends on it.

    >>> counts_from(date(2026, 11, 1), None).isoformat(), counts_from(date(2026, 11, 1), date(2026, 11, 5)).isoformat()
    ('2026-12-01', '2026-11-07')
    """
    by_age = joined_on + COUNTS_AFTER
    return min(by_age, shown_from(listed_on)) if listed_on else by_age


def counts_from_month(joined_on: date, listed_on: date | None, today: date) -> date | None:
    """For answers stored without a person: the first of the month from which they count. None: they count already.

    >>> counts_from_month(date(2026, 11, 1), None, today=date(2026, 11, 3)).isoformat()
    '2027-01-01'
    """
    day = counts_from(joined_on, listed_on)
    return None if day <= today else (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def disclosed(answers: Iterable[tuple[date, Item]], today: date) -> list[Item]:
    """Of (shown from, one person's answer) the first 5, 10, 15 …, so many as are full by `today`.

    Those of one day have to come in the same order every time.

    >>> len(disclosed([(date(2026, 11, day), day) for day in range(1, 13)], date(2026, 11, 11)))
    10
    """
    ready = sorted((answer for answer in answers if answer[0] <= today), key=itemgetter(0))
    return [item for _day, item in ready[: len(ready) - len(ready) % STEP]]
