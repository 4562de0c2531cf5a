"""What a finished run shows: serious mistakes first, the learner's way beside the best one, and for each decision its
reason and rule.
"""

from dataclasses import dataclass

from courseware.language.simulation_map import Map, Way, map_of
from courseware.language.simulations import MOST_TIMEOUTS, Ending, Node, NodeChoice, Part, Simulation
from courseware.simulations.models import Decision, Run
from courseware.simulations.trails import Trail, TrailStep


@dataclass(frozen=True)
class MeterChange:
    """`value` is the one after the change."""

    label: str
    value: int
    change: int

    @property
    def signed(self) -> str:
        return f"{self.change:+d}".replace("-", "−")  # +5, −30


@dataclass(frozen=True)
class BuiltPart:
    """A part of a message that the learner put together."""

    part: Part
    is_picked: bool

    @property
    def is_right(self) -> bool:
        return self.is_picked is self.part.belongs


@dataclass(frozen=True)
class Reviewed:
    """One decision, explained in full. `number` is that of the situation on the map.

    `best` is the choice that would have been best, None if it was taken; `is_new` is False for the decisions that a
    branch shares with the run it starts from.
    """

    position: int
    number: str
    node: Node
    choice: NodeChoice
    decision: Decision
    changes: tuple[MeterChange, ...]
    best: NodeChoice | None
    parts: tuple[BuiltPart, ...]
    is_new: bool

    @property
    def is_critical(self) -> bool:
        return self.choice.worth == "critical"

    @property
    def seconds(self) -> int:
        return round(self.decision.milliseconds / 1000)

    @property
    def ways(self) -> int:
        return len(self.node.choices) - 1  # without the one that was taken


@dataclass(frozen=True)
class Stopover:
    """One line of the list that describes the map in words: a place on the learner's way, the best one, or both.

    `is_apart`: both ways come here, and the learner's choice was another one.
    """

    number: str
    title: str
    is_mine: bool
    is_best: bool
    is_apart: bool
    colour: str = ""


@dataclass(frozen=True)
class Debrief:
    """`max_points` is what the best run is worth that chance gave the same flags; `timeouts` counts the situations in
    which the time ran out.
    """

    run: Run
    ending: Ending
    reviewed: tuple[Reviewed, ...]
    map: Map
    mine: tuple[Way, ...]
    best: tuple[Way, ...]
    stopovers: tuple[Stopover, ...]
    max_points: int
    timeouts: int

    @property
    def has_too_many_timeouts(self) -> bool:
        return self.timeouts > MOST_TIMEOUTS

    @property
    def critical(self) -> list[Reviewed]:
        return [each for each in self.reviewed if each.is_critical]

    @property
    def visited(self) -> set[str]:
        return {way.source for way in self.mine} | {self.ending.id}


def debrief_of(trail: Trail, texts: Simulation) -> Debrief:
    """Of a finished run. `texts` is the simulation in the reader's language."""
    best = trail.rules.best_run(trail.run.flags)
    best_places = [state.place for state in best]
    drawn = map_of(trail.rules, trail.run.flags)
    return Debrief(
        run=trail.run,
        ending=texts.endings_by_id[trail.state.place],
        reviewed=tuple(reviewed(trail, step, texts, drawn) for step in trail.steps),
        map=drawn,
        mine=tuple(
            drawn.way(step.before.place, step.after.place, look="off" if step.is_astray(trail.rules) else "way")
            for step in trail.steps
        ),
        best=tuple(drawn.along(best_places, "best")),
        stopovers=tuple(stopovers(trail, texts, drawn, best_places)),
        max_points=trail.best_points,
        timeouts=trail.timeouts,
    )


def reviewed(trail: Trail, step: TrailStep, texts: Simulation, drawn: Map) -> Reviewed:
    node = texts.nodes[step.before.place]
    best, _parts = trail.rules.best(step.before)
    return Reviewed(
        position=step.position,
        number=drawn.stations[node.id].number,
        node=node,
        choice=node.choices[step.place],
        decision=step.decision,
        changes=meter_changes(step, texts),
        best=node.choices[best] if node.is_judged and is_worse(node, step.place, best) else None,
        parts=tuple(BuiltPart(part, place in step.picked) for place, part in enumerate(node.parts)),
        is_new=step.decision.run_id == trail.run.pk,
    )


def is_worse(node: Node, place: int, best: int) -> bool:
    return node.choices[place].quality != node.choices[best].quality


def is_apart(rules: Simulation, step: TrailStep) -> bool:
    """Whether something worse than the best was done in this situation: another choice, or other parts of it."""
    node, (best, parts) = rules.nodes[step.before.place], rules.best(step.before)
    return node.is_judged and (is_worse(node, step.place, best) or set(step.picked) != set(parts))


def meter_changes(step: TrailStep, texts: Simulation) -> tuple[MeterChange, ...]:
    return tuple(
        MeterChange(label, step.after.meters[meter], step.changes[meter])
        for meter, label in texts.meters.items()
        if meter in step.changes
    )


def stopovers(trail: Trail, texts: Simulation, drawn: Map, best: list[str]) -> list[Stopover]:
    """The places of both ways, from the top of the map to the bottom."""
    mine = {step.before.place for step in trail.steps} | {trail.state.place}
    apart = {step.before.place for step in trail.steps if is_apart(trail.rules, step)}
    named: dict[str, Node | Ending] = {**texts.nodes, **texts.endings_by_id}
    places = sorted(mine.union(best), key=lambda place: (drawn.stations[place].y, drawn.stations[place].x))
    return [
        Stopover(
            number=drawn.stations[place].number,
            title=named[place].title,
            is_mine=place in mine,
            is_best=place in best,
            is_apart=place in apart and place in best,
            colour=getattr(named[place], "colour", ""),
        )
        for place in places
    ]
