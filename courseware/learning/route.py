"""The course drawn as a line: modules are stations, their steps are stops."""

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
    def minutes(self) -> int:
        return sum(stop.step.minutes or 0 for stop in self.stops)


def stations(outline: Outline, progress: Progress, here: str) -> tuple[Station, ...]:
    """`here` is the id of the step the learner is at, "" for none."""
    return tuple(station(module, progress, here) for module in outline.modules)


def station(module: OutlineModule, progress: Progress, here: str) -> Station:
    return Station(module, tuple(Stop(step, step.id in progress.done, step.id == here) for step in module.steps))
