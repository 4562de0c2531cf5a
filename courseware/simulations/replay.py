"""Replay of an attempt: its state, computed from its decisions by the rules of the simulation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from courseware.content.rendering import store
from courseware.content.rendering.store import PageData
from courseware.course_format.simulations.simulation import (
    Ending,
    Node,
    NodeChoice,
    Simulation,
    SimulationState,
    is_passed,
)
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.simulations.models import Decision, SimulationAttempt

ASTRAY = ("harmful", "critical")


@dataclass(frozen=True)
class ReplayStep:
    """One decision with the states `before` and `after`. `place`: position of the choice. `picked`: of the parts."""

    position: int
    before: SimulationState
    after: SimulationState
    place: int
    picked: tuple[int, ...]
    decision: Decision

    def choice(self, simulation: Simulation) -> NodeChoice:
        return simulation.nodes[self.before.place].choices[self.place]

    def is_astray(self, simulation: Simulation) -> bool:
        return self.choice(simulation).worth in ASTRAY  # the path drawing bends there

    @property
    def changes(self) -> Mapping[str, int]:
        moved = {meter: value - self.before.meters[meter] for meter, value in self.after.meters.items()}
        return {meter: change for meter, change in moved.items() if change}


@dataclass(frozen=True)
class AttemptReplay:
    """An attempt so far. `rules`: its simulation in the source language."""

    run: SimulationAttempt
    rules: Simulation
    start: SimulationState
    steps: tuple[ReplayStep, ...]

    @property
    def state(self) -> SimulationState:
        return self.steps[-1].after if self.steps else self.start

    @property
    def position(self) -> int:
        """Number of the current situation, from 1; at the end the following number."""
        return len(self.steps) + 1

    @property
    def node(self) -> Node:
        """The current situation. Raise KeyError at the end."""
        return self.rules.nodes[self.state.place].heard(self.state)

    @property
    def ending(self) -> Ending | None:
        return self.rules.endings_by_id.get(self.state.place)

    @property
    def points(self) -> int:
        return sum(self.rules.points(step.before.place, step.place, step.picked) for step in self.steps)

    @cached_property
    def best_points(self) -> int:
        return self.rules.best_points(self.run.flags)

    @property
    def timeouts(self) -> int:
        return sum(step.choice(self.rules).is_timeout for step in self.steps)

    @property
    def is_done(self) -> bool:
        """Whether the ending completes the simulation."""
        ending = self.ending
        return ending is not None and is_passed(ending.colour, self.points, self.best_points, self.timeouts)

    @cached_property
    def ahead(self) -> int:
        """Number of situations on the best way from here, including this one."""
        state, number = self.state, 0
        while state.place in self.rules.nodes:
            state, number = self.rules.decide(state, *self.rules.best(state)), number + 1
        return number


def page_of(attempt: SimulationAttempt, language: str) -> PageData:
    return store.page(attempt.release, attempt.simulation.identifier, language)


def rules_of(attempt: SimulationAttempt) -> Simulation:
    return page_of(attempt, attempt.release.course.source_language).simulation


DECISIONS = CompiledQuery(lambda run: Decision.objects.filter(run=run).order_by("position"))


def replay_of(attempt: SimulationAttempt) -> AttemptReplay:
    """Return the attempt so far. Raise `NotOffered` if the decisions do not fit. Runs 1 query, or 2 for what-if."""
    decisions = DECISIONS(run=attempt.pk)
    if attempt.is_practice:
        before = Decision.objects.filter(run=attempt.what_if_of_id, position__lt=attempt.what_if_at)
        decisions = [*before, *decisions]
    return follow(attempt, rules_of(attempt), decisions)


def follow(attempt: SimulationAttempt, rules: Simulation, decisions: Iterable[Decision]) -> AttemptReplay:
    """Return the replay. `decisions`: from the first situation on, in order. Raise `NotOffered` if one does not fit."""
    start = state = rules.begin(attempt.flags)
    steps = []
    for position, decision in enumerate(decisions, start=1):
        after = rules.decide(state, decision.place, decision.picked)
        steps.append(ReplayStep(position, state, after, decision.place, tuple(decision.picked), decision))
        state = after
    return AttemptReplay(attempt, rules, start, tuple(steps))
