"""Simulations: nodes, choices and endings, and the states of an attempt (docs/formats.md §7).

Choices and parts are identified by their position within one revision.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from random import Random
from typing import Any

from pydantic import TypeAdapter

from courseware.course_format.parsing.lists import NODE_FORMS
from courseware.course_format.simulations.conditions import ALWAYS, Condition

# Points of a decision by its rating. A timeout is a decision, too; without a second word it is weak.
RATING_POINTS = {"best": 2, "acceptable": 1, "weak": 0, "harmful": -2, "critical": -2}
TIMEOUT = "timeout"
TIMEOUTS = {TIMEOUT: "weak", f"{TIMEOUT} harmful": "harmful", f"{TIMEOUT} critical": "critical"}
POINTS = RATING_POINTS | {quality: RATING_POINTS[worth] for quality, worth in TIMEOUTS.items()} | {"": 0}
QUALITIES = tuple(filter(None, POINTS))

NODE_KINDS = tuple(NODE_FORMS)
RED = "red"
ENDING_KINDS = ("green", "yellow", RED)
MOST_TIMEOUTS = 1  # maximum of timeouts in an attempt that passes
DEBRIEF = "debrief"
END = "end"  # the target that means "the first ending whose condition is met"

Shuffle = Callable[[list[int]], Any]  # changes a list in place, like `random.shuffle`

LOWEST, FIRST, HIGHEST = 0, 60, 100  # bounds of a meter, and its value at the start


@dataclass(frozen=True)
class Effects:
    """Meter → points added, and flags that are set. Flags are never unset."""

    meters: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeChoice:
    """`quality`: the rating as written, "" in a node that is not judged. Texts are Markdown, or HTML once compiled."""

    text: str
    reason: str
    target: str
    quality: str = ""
    effects: Effects = Effects()
    condition: Condition = ALWAYS
    numbered: bool = False

    @property
    def is_timeout(self) -> bool:
        return self.quality in TIMEOUTS

    @property
    def worth(self) -> str:
        """The rating: a key of RATING_POINTS, or "" in a node that is not judged."""
        return TIMEOUTS.get(self.quality, self.quality)


@dataclass(frozen=True)
class Part:
    """A piece of a message that the learner composes. Picked, it gives 1 point if it belongs, else -1."""

    text: str
    reason: str
    belongs: bool
    effects: Effects = Effects()
    numbered: bool = False


@dataclass(frozen=True)
class SpokenLine:
    """Speech, or narration if `who` is empty. Left out unless `condition` is met."""

    who: str
    text: str
    condition: Condition = ALWAYS


@dataclass(frozen=True)
class Node:
    """A situation.

    `kind`: how it arrives; `seconds`: time limit, 0 for none; `otherwise`: id of the node that replaces it if
    `condition` is not met; `lines`: `text` as cut by `speech.cut_speech`; `display`: text on the phone, or "".
    """

    id: str
    title: str
    kind: str
    text: str
    seconds: int = 0
    condition: Condition = ALWAYS
    otherwise: str = ""
    choices: tuple[NodeChoice, ...] = ()
    parts: tuple[Part, ...] = ()
    rule: str = ""
    lines: tuple[SpokenLine, ...] = ()
    display: str = ""

    @cached_property
    def timeout(self) -> int | None:
        """Position of the timeout, or None."""
        return next((position for position, choice in enumerate(self.choices) if choice.is_timeout), None)

    def heard(self, state: "SimulationState") -> "Node":
        """Return a copy with only the lines whose condition is met."""
        return replace(self, lines=tuple(line for line in self.lines if state.seen_by(line.condition)))

    @property
    def is_judged(self) -> bool:
        """Whether a choice other than the timeout has a rating, or the node has parts."""
        return any(choice.quality and not choice.is_timeout for choice in self.choices) or bool(self.parts)

    @property
    def shape(self) -> str:
        """Key of statistics: kind, parts, targets and ratings."""
        parts = "".join("x" if part.belongs else "-" for part in self.parts)
        ways = " ".join(f"{choice.target}:{choice.quality}" for choice in self.choices)
        return f"{self.kind} {parts} {ways}"


@dataclass(frozen=True)
class Ending:
    """`colour`: green (no harm), yellow (at a cost) or red (harm). `lines`: `text` in lines if one is conditional."""

    id: str
    title: str
    colour: str
    text: str
    condition: Condition = ALWAYS
    lines: tuple[SpokenLine, ...] = ()

    def heard(self, state: "SimulationState") -> "Ending":
        """Return a copy whose text has only the lines whose condition is met."""
        if not self.lines:
            return self
        return replace(self, text="\n\n".join(line.text for line in self.lines if state.seen_by(line.condition)))


@dataclass(frozen=True)
class Passage:
    """A section of the debrief."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class SimulationState:
    """`place`: id of the current node or ending."""

    place: str
    meters: Mapping[str, int]
    flags: frozenset[str]

    def seen_by(self, condition: Condition) -> bool:
        """Return whether the condition is met in this state."""
        return condition.holds(self.meters, self.flags)


class NotOffered(ValueError):
    """The choice or part is not available in this state."""


@dataclass(frozen=True)
class Simulation:
    """`meters`: id → label; `chance`: flag → probability ("1/3"), or name → flags of which one is set.

    The first node is the start. An attempt ends in the first ending whose condition is met.
    """

    id: str
    title: str
    premise: str
    meters: Mapping[str, str]
    nodes: Mapping[str, Node]
    endings: tuple[Ending, ...]
    debrief: tuple[Passage, ...] = ()
    chance: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    @property
    def start(self) -> str:
        return next(iter(self.nodes))

    @cached_property
    def endings_by_id(self) -> Mapping[str, Ending]:
        return {ending.id: ending for ending in self.endings}

    @property
    def conditions(self) -> Iterator[Condition]:
        for node in self.nodes.values():
            yield node.condition
            yield from (choice.condition for choice in node.choices)
        yield from (ending.condition for ending in self.endings)

    @property
    def is_timed(self) -> bool:
        return any(node.seconds for node in self.nodes.values())

    def draw(self, random: Random) -> frozenset[str]:
        """Return the flags that chance sets, drawn once per attempt."""
        flags = set()
        for name, odds in self.chance.items():
            if isinstance(odds, tuple):
                flags.add(random.choice(odds))
            elif random.random() < Fraction(odds):
                flags.add(name)
        return frozenset(flags)

    def begin(self, flags: Iterable[str] = ()) -> SimulationState:
        """Return the state at the start. `flags`: set by chance."""
        return self.arrive(self.start, dict.fromkeys(self.meters, FIRST), frozenset(flags))

    def arrive(self, target: str, meters: Mapping[str, int], flags: frozenset[str]) -> SimulationState:
        """Return the state at a target. Nodes with an unmet condition are skipped; END is replaced by an ending."""
        state = SimulationState(target, meters, flags)
        while (node := self.nodes.get(target)) and not state.seen_by(node.condition):
            target = node.otherwise
        if target == END:
            target = next(ending.id for ending in self.endings if state.seen_by(ending.condition))
        return SimulationState(target, meters, flags)

    def offered(self, state: SimulationState) -> list[int]:
        """Return positions of the choices available in this state, without the timeout."""
        choices = self.nodes[state.place].choices
        return [
            position
            for position, choice in enumerate(choices)
            if not choice.is_timeout and state.seen_by(choice.condition)
        ]

    def shown(self, state: SimulationState, shuffle: Shuffle) -> tuple[list[int], list[int]]:
        """Return (positions of the available choices, positions of the parts) in display order."""
        node = self.nodes[state.place]
        choices = shuffled(node.choices, self.offered(state), shuffle)
        return choices, shuffled(node.parts, range(len(node.parts)), shuffle)

    def decide(self, state: SimulationState, position: int, picked: Collection[int] = ()) -> SimulationState:
        """Return the state after a choice. `picked`: positions of parts. Raise `NotOffered`."""
        node = self.nodes.get(state.place)
        if node is None or position not in (*self.offered(state), node.timeout):
            raise NotOffered(f"{state.place} offers no choice {position}")
        if not set(picked) <= set(range(len(node.parts))):
            raise NotOffered(f"{state.place} has no parts {sorted(picked)}")
        decided: list[NodeChoice | Part] = [node.choices[position], *(node.parts[part] for part in sorted(picked))]
        meters = dict(state.meters)
        for taken in decided:
            for meter, change in taken.effects.meters.items():
                meters[meter] = min(HIGHEST, max(LOWEST, meters[meter] + change))
        flags = state.flags.union(*(taken.effects.flags for taken in decided))
        return self.arrive(node.choices[position].target, meters, flags)

    def points(self, node_id: str, position: int, picked: Collection[int] = ()) -> int:
        """Return the points of a decision: the rating of the choice and the parts. `picked`: positions of parts."""
        node = self.nodes[node_id]
        return POINTS[node.choices[position].quality] + sum(1 if node.parts[part].belongs else -1 for part in picked)

    def best(self, state: SimulationState) -> tuple[int, tuple[int, ...]]:
        """Return (position of the best available choice, positions of the parts that belong)."""
        node = self.nodes[state.place]
        position = max(self.offered(state), key=lambda position: POINTS[node.choices[position].quality])
        return position, tuple(number for number, part in enumerate(node.parts) if part.belongs)

    def best_path(self, flags: Iterable[str] = ()) -> list[SimulationState]:
        """Return the states of the best attempt, the ending last. `flags`: set by chance."""
        states = [self.begin(flags)]
        while states[-1].place in self.nodes:
            states.append(self.decide(states[-1], *self.best(states[-1])))
        return states

    def best_points(self, flags: Iterable[str] = ()) -> int:
        return sum(self.points(state.place, *self.best(state)) for state in self.best_path(flags)[:-1])

    def random_path(self, random: Random) -> list[tuple[SimulationState, int, tuple[int, ...]]]:
        """Return (state, position, picked parts) of a random attempt; the ending is last, with position -1."""
        path, state = [], self.begin(self.draw(random))
        while node := self.nodes.get(state.place):
            choices = self.offered(state) + ([] if node.timeout is None else [node.timeout])
            position = random.choice(choices)
            picked = tuple(part for part in range(len(node.parts)) if random.random() < 0.5)
            path.append((state, position, picked))
            state = self.decide(state, position, picked)
        return [*path, (state, -1, ())]


_ADAPTER = TypeAdapter(Simulation)


def shuffled(all_of_them: Sequence[NodeChoice | Part], positions: Sequence[int], shuffle: Shuffle) -> list[int]:
    """Return the positions in random order; numbered ones stay where they are."""
    loose = [position for position in positions if not all_of_them[position].numbered]
    shuffle(loose)
    following = iter(loose)
    return [position if all_of_them[position].numbered else next(following) for position in positions]


def is_passed(colour: str, points: int, best_points: int, timeouts: int) -> bool:
    """Return whether an attempt passes. `best_points`: of the best attempt with the same drawn flags."""
    return colour != RED and 2 * points >= best_points and timeouts <= MOST_TIMEOUTS


def dump_simulation(simulation: Simulation) -> dict[str, Any]:
    """Return JSON for `load_simulation`. Lists instead of objects, because PostgreSQL reorders keys."""
    stored: dict[str, Any] = _ADAPTER.dump_python(simulation, mode="json")
    pairs = {key: [[name, value] for name, value in stored[key].items()] for key in ("meters", "chance")}
    return stored | pairs | {"nodes": list(stored["nodes"].values())}


def load_simulation(stored: Mapping[str, Any]) -> Simulation:
    """Return the simulation of `dump_simulation`. Raise `KeyError` or `ValueError`."""
    pairs = {key: dict(stored[key]) for key in ("meters", "chance")}
    return _ADAPTER.validate_python({**stored, **pairs, "nodes": {node["id"]: node for node in stored["nodes"]}})
