"""The route of a course: a station for each module, a stop for each step. Only required stops count."""

from dataclasses import dataclass

from courseware.content.rendering.store import Outline, OutlineModule, Step
from courseware.learning.status.progress import Progress


@dataclass(frozen=True)
class TrackerStep:
    step: Step
    is_done: bool
    is_here: bool


@dataclass(frozen=True)
class TrackerModule:
    module: OutlineModule
    stops: tuple[TrackerStep, ...]

    @property
    def counting(self) -> tuple[TrackerStep, ...]:
        return tuple(stop for stop in self.stops if stop.step.is_required)

    @property
    def beside(self) -> int:
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
    """Place of a step among the required ones of its module; `number` is 0 if it is optional."""

    number: int
    total: int


def place_in(module: OutlineModule, step: Step) -> CountedPlace:
    counting = [each.id for each in module.steps if each.is_required]
    return CountedPlace(counting.index(step.id) + 1 if step.id in counting else 0, len(counting))


def stations(outline: Outline, progress: Progress, here: str) -> tuple[TrackerModule, ...]:
    """`here`: id of the learner's step, or "". Modules without steps are left out."""
    return tuple(station(module, progress, here) for module in outline.modules if module.steps)


def station(module: OutlineModule, progress: Progress, here: str) -> TrackerModule:
    return TrackerModule(
        module, tuple(TrackerStep(step, step.id in progress.done, step.id == here) for step in module.steps)
    )
