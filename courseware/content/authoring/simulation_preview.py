"""Simulation preview: play in the editor, as typed. The form carries the signed attempt; nothing is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random, SystemRandom
from typing import Any

from django.core import signing

from courseware.course_format.simulations.map import Connection, Map, map_of
from courseware.course_format.simulations.simulation import (
    Ending,
    Node,
    NodeChoice,
    NotOffered,
    Part,
    Simulation,
    SimulationState,
)
from courseware.lib.web.form_numbers import small_number

SALT = "simulation_preview.shuffled"
AGAIN, BACK, TIME_UP = "again", "back", "timeout"  # values of buttons; others send the position of a choice


@dataclass(frozen=True)
class Taken:
    node: Node
    choice: NodeChoice


@dataclass(frozen=True)
class SimulationPreview:
    """An attempt so far. `decisions`: (position of the choice, positions of the parts); `seed`: of display orders."""

    simulation: Simulation
    seed: int
    flags: tuple[str, ...]
    decisions: tuple[tuple[int, tuple[int, ...]], ...]
    states: tuple[SimulationState, ...]

    @property
    def state(self) -> SimulationState:
        return self.states[-1]

    @property
    def node(self) -> Node | None:
        node = self.simulation.nodes.get(self.state.place)
        return node.heard(self.state) if node else None

    @property
    def ending(self) -> Ending | None:
        ending = self.simulation.endings_by_id.get(self.state.place)
        return ending.heard(self.state) if ending else None

    @property
    def offered(self) -> list[tuple[int | str, NodeChoice]]:
        """(value of the button, choice) in display order, the timeout last; [] at an ending."""
        node = self.node
        if node is None:
            return []
        positions, _ = self.simulation.shown(self.state, self.shuffle)
        choices: list[tuple[int | str, NodeChoice]] = [(position, node.choices[position]) for position in positions]
        return choices if node.timeout is None else [*choices, (TIME_UP, node.choices[node.timeout])]

    @property
    def parts(self) -> list[tuple[int, Part]]:
        """(value of the checkbox, part of the message) in display order. Raise `KeyError` at an ending."""
        _, positions = self.simulation.shown(self.state, self.shuffle)
        return [(position, self.simulation.nodes[self.state.place].parts[position]) for position in positions]

    def shuffle(self, positions: list[int]) -> None:
        """Shuffle a list in place, each time alike at the same node."""
        Random(f"{self.seed} {self.state.place}").shuffle(positions)  # noqa: S311 - nothing depends on it being secret

    @property
    def meters(self) -> list[tuple[str, int]]:
        return [(label, self.state.meters[meter]) for meter, label in self.simulation.meters.items()]

    @property
    def set_flags(self) -> list[str]:
        return sorted(self.state.flags)

    @property
    def taken(self) -> list[Taken]:
        nodes = [self.simulation.nodes[state.place] for state in self.states[:-1]]
        return [
            Taken(node, node.choices[position]) for node, (position, _picked) in zip(nodes, self.decisions, strict=True)
        ]

    @cached_property
    def map(self) -> Map:
        return map_of(self.simulation, self.flags)

    @property
    def ways(self) -> list[Connection]:
        return self.map.along([state.place for state in self.states], "way")

    @property
    def carried(self) -> str:
        return signing.dumps([self.seed, self.flags, self.decisions], salt=SALT)


def preview_simulation(
    simulation: Simulation, sent: Mapping[str, Any], picked: Iterable[str] = ()
) -> SimulationPreview:
    """Return the attempt in `sent["carried"]` after pressing the button `sent["play"]`; a new attempt if `carried`
    has no valid signature or the button is AGAIN. Decisions that the text no longer allows are dropped. `simulation`:
    without errors; `picked`: positions of ticked parts, as texts.
    """
    seed, flags, decisions = read_carried(sent.get("carried", ""))
    pressed = sent.get("play", "")
    if flags is None or pressed == AGAIN:
        chance = SystemRandom()
        seed, flags, decisions = chance.getrandbits(32), sorted(simulation.draw(chance)), []
    if pressed == BACK:
        decisions = decisions[:-1]
    attempt = replay(simulation, seed, flags, decisions)
    position = attempt.node.timeout if attempt.node and pressed == TIME_UP else small_number(pressed)
    if position is None:
        return attempt
    parts = [number for part in picked if (number := small_number(part)) is not None]
    return replay(simulation, seed, flags, [*attempt.decisions, (position, parts)])


def read_carried(text: str) -> tuple[int, list[str] | None, list]:
    """Return (seed, flags, decisions) of the signed `text`; flags are None without a valid signature."""
    try:
        seed, flags, decisions = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return 0, None, []
    return seed, flags, decisions


def replay(simulation: Simulation, seed: int, flags: Iterable[str], decisions: Iterable) -> SimulationPreview:
    """Return the attempt up to the first of the `decisions` (position, picked parts) that is not available."""
    states, taken = [simulation.begin(flags)], []
    for position, picked in decisions:
        try:
            states.append(simulation.decide(states[-1], position, picked))
        except NotOffered:
            break
        taken.append((position, tuple(picked)))
    return SimulationPreview(simulation, seed, tuple(flags), tuple(taken), tuple(states))
