"""The course drawn as a line: modules are stations, their steps are stops. What is required is counted, and nothing
else: on home as in a lesson, in a record as on the board."""

from dataclasses import dataclass

from courseware.content.compiled.serving import Outline, OutlineModule, Step
from courseware.learning.progress import Progress


@dataclass(frozen=True)
class Stop:
    step: Step
    is_done: bool
    is_here: bool


@dataclass(frozen=True)
class Station:
    module: OutlineModule
    stops: tuple[Stop, ...]

    @property
    def counting(self) -> tuple[Stop, ...]:
        return tuple(stop for stop in self.stops if stop.step.is_required)

    @property
    def beside(self) -> int:
        """How many are not counted."""
        return len(self.stops) - len(self.counting)

    @property
    def is_done(self) -> bool:
        # If nothing in it is required, all of it.
        return all(stop.is_done for stop in self.counting or self.stops)

    @property
    def is_here(self) -> bool:
        return any(stop.is_here for stop in self.stops)

    @property
    def done_count(self) -> int:
        return sum(stop.is_done for stop in self.counting)

    @property
    def minutes(self) -> float:
        return sum(stop.step.minutes or 0 for stop in self.counting or self.stops)


@dataclass(frozen=True)
class CountedPlace:
    """The place of a step among those of its module that are counted; `number` is 0 where it is none of them."""

    number: int
    total: int


def place_in(module: OutlineModule, step: Step) -> CountedPlace:
    counting = [each.id for each in module.steps if each.is_required]
    return CountedPlace(counting.index(step.id) + 1 if step.id in counting else 0, len(counting))


def stations(outline: Outline, progress: Progress, here: str) -> tuple[Station, ...]:
    """`here` is the id of the step the learner is at, "" for none. A module of which all waits for a professional has
    nothing to do, and nothing that could be done."""
    return tuple(station(module, progress, here) for module in outline.modules if module.steps)


def station(module: OutlineModule, progress: Progress, here: str) -> Station:
    return Station(module, tuple(Stop(step, step.id in progress.done, step.id == here) for step in module.steps))
