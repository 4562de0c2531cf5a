"""Progress tracker of a course: its modules and steps, done and current. Only required steps count."""

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
        return tuple(each for each in self.stops if each.step.is_required)

    @property
    def beside(self) -> int:
        """The number of optional steps."""
        return len(self.stops) - len(self.counting)

    @property
    def is_done(self) -> bool:
        # A module without required steps is done when all its steps are.
        return all(each.is_done for each in self.counting or self.stops)

    @property
    def is_here(self) -> bool:
        return any(each.is_here for each in self.stops)

    @property
    def done_count(self) -> int:
        return sum(each.is_done for each in self.counting)

    @property
    def minutes(self) -> float:
        """Minutes of the required steps; of all if none is required."""
        return sum(each.step.minutes or 0 for each in self.counting or self.stops)


@dataclass(frozen=True)
class StepPosition:
    """Position of a step among the required ones of its module, from 1; `number` is 0 if it is optional."""

    number: int
    total: int


def place_in(module: OutlineModule, step: Step) -> StepPosition:
    required = [each.id for each in module.steps if each.is_required]
    return StepPosition(required.index(step.id) + 1 if step.id in required else 0, len(required))


def tracker_modules(outline: Outline, progress: Progress, here: str) -> tuple[TrackerModule, ...]:
    """Return the modules that have steps. `here`: id of the learner's current step, or ""."""
    return tuple(station(module, progress, here) for module in outline.modules if module.steps)


def station(module: OutlineModule, progress: Progress, here: str) -> TrackerModule:
    return TrackerModule(
        module, tuple(TrackerStep(step, step.id in progress.done, step.id == here) for step in module.steps)
    )
