"""The course as the line it is drawn as: modules are stations, their steps are stops."""

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
        """Those in the denominator, as everywhere: see `progress`."""
        return tuple(stop for stop in self.stops if stop.step.is_required)

    @property
    def is_done(self) -> bool:
        """Whether all that counts here is done; of a station where nothing counts, whether all is."""
        return all(stop.is_done for stop in self.counting or self.stops)

    @property
    def is_here(self) -> bool:
        return any(stop.is_here for stop in self.stops)

    @property
    def done_count(self) -> int:
        return sum(stop.is_done for stop in self.counting)

    @property
    def minutes(self) -> int:
        """Of all stops that stand here, whether they count or not."""
        return sum(stop.step.minutes or 0 for stop in self.stops)


def stations(outline: Outline, progress: Progress, here: str) -> tuple[Station, ...]:
    """The whole route; `here` is the id of the step the learner is at, "" for none."""
    return tuple(station(module, progress, here) for module in outline.modules)


def station(module: OutlineModule, progress: Progress, here: str) -> Station:
    return Station(module, tuple(Stop(step, step.id in progress.done, step.id == here) for step in module.steps))


def minutes_left(outline: Outline, progress: Progress) -> int:
    """About how long what counts and is not done will take."""
    return outline.minutes_left(progress.done)
