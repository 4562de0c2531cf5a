"""What a finished run shows: what went wrong first, the way that was taken beside the best one, each decision with its
reason and its rule.
"""

from dataclasses import dataclass

from courseware.language.simulation_map import Map, Way, map_of
from courseware.language.simulations import Ending, Node, NodeChoice, Part, Simulation
from courseware.simulations.models import Decision, Run
from courseware.simulations.trails import Trail, TrailStep


@dataclass(frozen=True)
class MeterChange:
    """`value` is the one afterwards."""

    label: str
    value: int
    change: int

    @property
    def signed(self) -> str:
        """The change as it is printed: +5, −30."""
        return f"{self.change:+d}".replace("-", "−")


@dataclass(frozen=True)
class BuiltPart:
    """A part of a message that was built."""

    part: Part
    is_picked: bool

    @property
    def is_right(self) -> bool:
        return self.is_picked is self.part.belongs


@dataclass(frozen=True)
class Reviewed:
    """One decision, with all that may be said now. `number` is that of the situation on the map.

    `best` is what would have been best, None where it was taken; `is_new` tells a decision of this run from those of
    the run it branches off.
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
        return self.choice.quality == "critical"

    @property
    def seconds(self) -> int:
        return round(self.decision.milliseconds / 1000)

    @property
    def ways(self) -> int:
        """How many other choices there were."""
        return len(self.node.choices) - 1


@dataclass(frozen=True)
class Stopover:
    """A line of the list that says what the picture shows: a place on either way, or on both."""

    number: str
    title: str
    is_mine: bool
    is_best: bool
    colour: str = ""


@dataclass(frozen=True)
class Debrief:
    """`max_points` is what the best run under the same chance is worth."""

    run: Run
    ending: Ending
    reviewed: tuple[Reviewed, ...]
    map: Map
    mine: tuple[Way, ...]
    best: tuple[Way, ...]
    stopovers: tuple[Stopover, ...]
    max_points: int

    @property
    def critical(self) -> list[Reviewed]:
        return [each for each in self.reviewed if each.is_critical]

    @property
    def visited(self) -> set[str]:
        return {way.source for way in self.mine} | {self.ending.id}


def debrief_of(trail: Trail, texts: Simulation) -> Debrief:
    """Of a finished run. `texts` is the simulation in the language that is read."""
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
        max_points=sum(trail.rules.points(state.place, *trail.rules.best(state)) for state in best[:-1]),
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


def meter_changes(step: TrailStep, texts: Simulation) -> tuple[MeterChange, ...]:
    """In the order of the meters, of those that moved."""
    return tuple(
        MeterChange(label, step.after.meters[meter], step.changes[meter])
        for meter, label in texts.meters.items()
        if meter in step.changes
    )


def stopovers(trail: Trail, texts: Simulation, drawn: Map, best: list[str]) -> list[Stopover]:
    """Both ways as a list, from top to bottom."""
    mine = {step.before.place for step in trail.steps} | {trail.state.place}
    named: dict[str, Node | Ending] = {**texts.nodes, **texts.endings_by_id}
    places = sorted(mine.union(best), key=lambda place: (drawn.stations[place].y, drawn.stations[place].x))
    return [
        Stopover(
            number=drawn.stations[place].number,
            title=named[place].title,
            is_mine=place in mine,
            is_best=place in best,
            colour=getattr(named[place], "colour", ""),
        )
        for place in places
    ]
