"""Forecast how many open enrollments will become overdue, if each continues at its own pace. Pure functions. The pace
is the number of steps done on each of the last days; future days are drawn from these with repetition.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

DAYS_OF_PACE = 14
LEAST_RUNS = 20
BAND = 0.8  # share of the outcomes within the forecast
NEGLIGIBLE = 1e-12


class OpenEnrollment(NamedTuple):
    """`left`: steps to do; `days`: from today to the due date, both included; `pace`: steps done on each recent day."""

    left: int
    days: int
    pace: tuple[int, ...]


class Forecast(NamedTuple):
    """Between `least` and `most` of these `runs` enrollments become overdue, with a probability of 80 %."""

    runs: int
    least: int
    most: int


def forecast(enrollments: Sequence[OpenEnrollment]) -> Forecast | None:
    """Return the forecast, or None for fewer than LEAST_RUNS enrollments."""
    if len(enrollments) < LEAST_RUNS:
        return None
    numbers = chances_of_numbers(chance_of_being_late(*enrollment) for enrollment in enrollments)
    tail = (1 - BAND) / 2
    return Forecast(len(enrollments), quantile(numbers, tail), quantile(numbers, 1 - tail))


@lru_cache(4096)  # many enrollments are equal
def chance_of_being_late(left: int, days: int, pace: tuple[int, ...]) -> float:
    """Return the probability of fewer than `left` steps in `days` days, if each day's steps are drawn from `pace`."""
    if not left:
        return 0.0
    if not any(pace):
        return 1.0
    shares = [(steps, times / len(pace)) for steps, times in Counter(pace).items()]
    chances = [1.0] + [0.0] * (left - 1)  # of 0, 1 … left - 1 steps done
    for _day in range(days):
        after = [0.0] * left
        for done, chance in enumerate(chances):
            for steps, share in shares:
                if chance and done + steps < left:
                    after[done + steps] += chance * share
        chances = after
        if sum(chances) < NEGLIGIBLE:  # a due date may be 10 years away
            return 0.0
    return sum(chances)


def chances_of_numbers(chances: Iterable[float]) -> list[float]:
    """Return a list: index n → probability that exactly n of these independent events happen. `chances`: one per event,
    0–1. Numbers at both ends that are less probable than NEGLIGIBLE count as impossible.
    """
    numbers, first = [1.0], 0  # `first`: events that are certain
    for chance in chances:
        without = [number * (1 - chance) for number in numbers] + [0.0]
        numbers = [some + number * chance for some, number in zip(without, [0.0, *numbers], strict=True)]
        while numbers[0] < NEGLIGIBLE and len(numbers) > 1:
            numbers, first = numbers[1:], first + 1
        while numbers[-1] < NEGLIGIBLE and len(numbers) > 1:
            numbers.pop()
    return [0.0] * first + numbers


def quantile(numbers: Sequence[float], share: float) -> int:
    """Return the smallest index of `numbers` with a cumulated probability of at least `share` (0–1)."""
    return next((number for number, up_to in enumerate(accumulate(numbers)) if up_to >= share), len(numbers) - 1)
