"""Simulations: situations, choices and endings, and the rules by which a run moves (docs/formats.md §7).

Everything here is pure: who plays, when, and how long a decision took is kept by the room of runs above.
A choice and a part are known by their place within one revision.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import cached_property
from random import Random
from typing import Any

from courseware.language.conditions import ALWAYS, Condition, parse_condition
from courseware.language.lists import NODE_FORMS

# What each quality is worth. A run is judged by its ending; points say how far it was from the best one.
POINTS = {"best": 2, "acceptable": 1, "weak": 0, "harmful": -2, "critical": -2, "timeout": 0, "": 0}
QUALITIES = tuple(filter(None, POINTS))
TIMEOUT = "timeout"

NODE_KINDS = tuple(NODE_FORMS)
ENDING_KINDS = ("green", "yellow", "red")
DEBRIEF = "debrief"
END = "end"  # the target that stands for "the ending whose condition holds"

LOWEST, FIRST, HIGHEST = 0, 60, 100  # values of a meter: its bounds, and where it starts


@dataclass(frozen=True)
class Effects:
    """What a choice does: meter → points added, and flags that are set and never unset."""

    meters: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeChoice:
    """What one does or says. `quality` is "" where the situation is not judged; texts are Markdown source."""

    text: str
    reason: str
    target: str
    quality: str = ""
    effects: Effects = Effects()
    condition: Condition = ALWAYS


@dataclass(frozen=True)
class Part:
    """A piece of a message that is built. Picked, it is worth 1 point where it belongs, else -1."""

    text: str
    reason: str
    belongs: bool
    effects: Effects = Effects()


@dataclass(frozen=True)
class SpokenLine:
    """What somebody says, or with `who` empty what happens."""

    who: str
    text: str


@dataclass(frozen=True)
class Node:
    """A situation. `kind` is how it arrives; `seconds` 0 means untimed; `otherwise` is where a run goes on whose state
    does not meet the condition. `lines` are the text as it arrives, one after the other: `speech.cut_speech`.
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

    @cached_property
    def timeout(self) -> int | None:
        """The place of the branch that is taken when the time is up."""
        return next((place for place, choice in enumerate(self.choices) if choice.quality == TIMEOUT), None)

    @property
    def is_judged(self) -> bool:
        return any(choice.quality not in ("", TIMEOUT) for choice in self.choices) or bool(self.parts)

    @property
    def shape(self) -> str:
        """What statistics belong to, as `Question.shape`: kind, ticks, targets and qualities in order."""
        parts = "".join("x" if part.belongs else "-" for part in self.parts)
        ways = " ".join(f"{choice.target}:{choice.quality}" for choice in self.choices)
        return f"{self.kind} {parts} {ways}"


@dataclass(frozen=True)
class Ending:
    """`colour` is green (contained), yellow (costly) or red (harm)."""

    id: str
    title: str
    colour: str
    text: str
    condition: Condition = ALWAYS


@dataclass(frozen=True)
class Passage:
    """Text of the debrief."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class RunState:
    """Where a run stands: the id of a node or of an ending, the value of each meter, the flags that are set."""

    place: str
    meters: Mapping[str, int]
    flags: frozenset[str]

    def met_by(self, condition: Condition) -> bool:
        return condition.holds(self.meters, self.flags)


class NotOffered(ValueError):
    """The choice or part is none of those that stand there now."""


@dataclass(frozen=True)
class Simulation:
    """`meters` maps ids to labels; `chance` maps a flag to how often it is set ("1/3"), or a name to the flags of which
    one is. The first node is the start; of the endings the first counts whose condition holds.
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
    def is_timed(self) -> bool:
        return any(node.seconds for node in self.nodes.values())

    def draw(self, random: Random) -> frozenset[str]:
        """The flags of one run, drawn once at its start."""
        flags = set()
        for name, odds in self.chance.items():
            if isinstance(odds, tuple):
                flags.add(random.choice(odds))
            elif random.random() < Fraction(odds):
                flags.add(name)
        return frozenset(flags)

    def begin(self, flags: Iterable[str] = ()) -> RunState:
        """The state a run starts in, given the flags that chance has set."""
        return self.arrive(self.start, dict.fromkeys(self.meters, FIRST), frozenset(flags))

    def arrive(self, target: str, meters: Mapping[str, int], flags: frozenset[str]) -> RunState:
        """The state at a target: past nodes whose condition does not hold, at the ending that is earned."""
        state = RunState(target, meters, flags)
        while (node := self.nodes.get(target)) and not state.met_by(node.condition):
            target = node.otherwise
        if target == END:
            target = next(ending.id for ending in self.endings if state.met_by(ending.condition))
        return RunState(target, meters, flags)

    def offered(self, state: RunState) -> list[int]:
        """The places of the choices that can be taken now; the one for when the time is up is not among them."""
        choices = self.nodes[state.place].choices
        return [
            place
            for place, choice in enumerate(choices)
            if choice.quality != TIMEOUT and state.met_by(choice.condition)
        ]

    def decide(self, state: RunState, place: int, picked: Collection[int] = ()) -> RunState:
        """The state after a choice, with the parts that were picked for a message. Raises NotOffered."""
        node = self.nodes.get(state.place)
        if node is None or place not in (*self.offered(state), node.timeout):
            raise NotOffered(f"{state.place} offers no choice {place}")
        if not set(picked) <= set(range(len(node.parts))):
            raise NotOffered(f"{state.place} has no parts {sorted(picked)}")
        done: list[NodeChoice | Part] = [node.choices[place], *(node.parts[part] for part in sorted(picked))]
        meters = dict(state.meters)
        for taken in done:
            for meter, change in taken.effects.meters.items():
                meters[meter] = min(HIGHEST, max(LOWEST, meters[meter] + change))
        flags = state.flags.union(*(taken.effects.flags for taken in done))
        return self.arrive(node.choices[place].target, meters, flags)

    def points(self, node_id: str, place: int, picked: Collection[int] = ()) -> int:
        """What a decision is worth."""
        node = self.nodes[node_id]
        return POINTS[node.choices[place].quality] + sum(1 if node.parts[part].belongs else -1 for part in picked)

    def best(self, state: RunState) -> tuple[int, tuple[int, ...]]:
        """The best choice that is offered, and the parts that belong to the message."""
        node = self.nodes[state.place]
        place = max(self.offered(state), key=lambda place: POINTS[node.choices[place].quality])
        return place, tuple(part for part, one in enumerate(node.parts) if one.belongs)

    def best_run(self, flags: Iterable[str] = ()) -> list[RunState]:
        """The states of the run that always chooses best, from the start to its ending."""
        states = [self.begin(flags)]
        while states[-1].place in self.nodes:
            states.append(self.decide(states[-1], *self.best(states[-1])))
        return states

    def random_run(self, random: Random) -> list[tuple[RunState, int, tuple[int, ...]]]:
        """A run of somebody who clicks at random, and at times not at all: each state with what was decided in it, the
        ending last with the choice -1.
        """
        run, state = [], self.begin(self.draw(random))
        while node := self.nodes.get(state.place):
            ways = self.offered(state) + ([] if node.timeout is None else [node.timeout])
            place = random.choice(ways)
            picked = tuple(part for part in range(len(node.parts)) if random.random() < 0.5)
            run.append((state, place, picked))
            state = self.decide(state, place, picked)
        return [*run, (state, -1, ())]


def dump_simulation(simulation: Simulation) -> dict[str, Any]:
    """Plain JSON, from which `load_simulation` makes the equal simulation. What has an order is a list, as databases
    reorder keys.
    """
    return {
        **{key: getattr(simulation, key) for key in ("id", "title", "premise")},
        "meters": list(map(list, simulation.meters.items())),
        "nodes": [_stored_node(node) for node in simulation.nodes.values()],
        "endings": [_stored(ending) for ending in simulation.endings],
        "debrief": [asdict(passage) for passage in simulation.debrief],
        "chance": [[name, odds] for name, odds in simulation.chance.items()],
    }


def _stored(one: Node | NodeChoice | Ending) -> dict[str, Any]:
    return asdict(one) | {"condition": str(one.condition)}


def _stored_node(node: Node) -> dict[str, Any]:
    return _stored(node) | {"choices": [_stored(choice) for choice in node.choices]}


def load_simulation(stored: Mapping[str, Any]) -> Simulation:
    """The simulation that `dump_simulation` stored. Raises KeyError or TypeError where it is none."""
    return Simulation(
        **{key: stored[key] for key in ("id", "title", "premise")},
        meters=dict(stored["meters"]),
        nodes={node["id"]: _node(node) for node in stored["nodes"]},
        endings=tuple(
            Ending(**ending | {"condition": parse_condition(ending["condition"])}) for ending in stored["endings"]
        ),
        debrief=tuple(Passage(**passage) for passage in stored["debrief"]),
        chance={name: tuple(odds) if isinstance(odds, list) else odds for name, odds in stored["chance"]},
    )


def _node(stored: Mapping[str, Any]) -> Node:
    return Node(
        **{
            **stored,
            "condition": parse_condition(stored["condition"]),
            "choices": tuple(NodeChoice(**one | _rules(one)) for one in stored["choices"]),
            "parts": tuple(Part(**one | {"effects": _effects(one["effects"])}) for one in stored["parts"]),
            "lines": tuple(SpokenLine(**line) for line in stored["lines"]),
        }
    )


def _rules(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {"effects": _effects(stored["effects"]), "condition": parse_condition(stored["condition"])}


def _effects(stored: Mapping[str, Any]) -> Effects:
    return Effects(dict(stored["meters"]), tuple(stored["flags"]))
