"""How many open runs will be late, if each goes on at its own pace. Pure arithmetic: the days come from above.

The pace of a run is what was done in it on each of its last days. What comes is thought of as days drawn from those,
with repetition. Such a lottery can be played a thousand times, or, as here, all its outcomes be added up: so the same
facts give the same figures every time.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

DAYS_OF_PACE = 14
LEAST_RUNS = 20  # of fewer a band would say nothing
BAND = 0.8  # of the outcomes lie within it
NEGLIGIBLE = 1e-12


class OpenRun(NamedTuple):
    """`left` are the steps still to do, `days` those from today to the due day, both included.

    `pace` are the steps done on each of the last days.
    """

    left: int
    days: int
    pace: tuple[int, ...]


class Forecast(NamedTuple):
    """Between `least` and `most` of these `runs` will be late, in eight of ten outcomes."""

    runs: int
    least: int
    most: int


def forecast(runs: Sequence[OpenRun]) -> Forecast | None:
    """None of fewer runs than a band says something about."""
    if len(runs) < LEAST_RUNS:
        return None
    numbers = chances_of_numbers(chance_of_being_late(*run) for run in runs)
    tail = (1 - BAND) / 2
    return Forecast(len(runs), quantile(numbers, tail), quantile(numbers, 1 - tail))


@lru_cache(4096)  # many stand alike
def chance_of_being_late(left: int, days: int, pace: tuple[int, ...]) -> float:
    """That fewer than `left` steps come together in so many days, each drawn from `pace`."""
    if not left:
        return 0.0
    if not any(pace):
        return 1.0
    shares = [(steps, times / len(pace)) for steps, times in Counter(pace).items()]
    chances = [1.0] + [0.0] * (left - 1)  # of 0, 1 … steps done; whoever has done them all drops out
    for _day in range(days):
        after = [0.0] * left
        for done, chance in enumerate(chances):
            for steps, share in shares:
                if chance and done + steps < left:
                    after[done + steps] += chance * share
        chances = after
        if sum(chances) < NEGLIGIBLE:  # a due day may be ten years away
            return 0.0
    return sum(chances)


def chances_of_numbers(chances: Iterable[float]) -> list[float]:
    """At place n, how likely it is that n of these come true, each by itself. What can hardly be is left out."""
    numbers, first = [1.0], 0  # of which `first` have become certain
    for chance in chances:
        without = [number * (1 - chance) for number in numbers] + [0.0]
        numbers = [some + number * chance for some, number in zip(without, [0.0, *numbers], strict=True)]
        while numbers[0] < NEGLIGIBLE and len(numbers) > 1:
            numbers, first = numbers[1:], first + 1
        while numbers[-1] < NEGLIGIBLE and len(numbers) > 1:
            numbers.pop()
    return [0.0] * first + numbers


def quantile(numbers: Sequence[float], share: float) -> int:
    """The first number up to which that share of the outcomes lies."""
    return next((number for number, up_to in enumerate(accumulate(numbers)) if up_to >= share), len(numbers) - 1)
