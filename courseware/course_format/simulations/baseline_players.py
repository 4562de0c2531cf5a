"""Baseline players: play a simulation without knowledge, to find simulations that are too easy to pass.

Each plays 10,000 times with a fixed seed, so that no course is refused by chance. Attempts in the same state are one
group, which is divided by decisions. Cautious options are recognized by words, because authors want their simulation to
pass and would not mark them.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from courseware.course_format.parsing.marked_text import plain
from courseware.course_format.simulations import simulation as simulations
from courseware.course_format.simulations.simulation import (
    ENDING_KINDS,
    FIRST,
    Node,
    Simulation,
    SimulationState,
    is_passed,
    shuffled,
)

PLAYS, SEED = 10_000, 1
MOST_MOVES = 300_000  # of a player: more than 30 situations are played less often, as it would take minutes
SAVED = Path(__file__).with_name("played.json")  # results for the shipped simulations; a test compares them
WAITS = "waits"  # outcome of a player that never chooses in a situation without a time limit

LAZY = "lazy"

# Maximum share of attempts that pass.
BOUNDS = {LAZY: 0.0, "fixed": 0.2, "longest": 0.2, "shortest": 0.2, "random": 0.2, "cautious": 0.5}
POSITIONS = (0, 1, 2, -1)  # of "fixed": first, second, third and last
READERS = ("longest", "shortest", "cautious")  # players whose results differ by language
# So few decisions are often passed by chance, so that only the first bound applies.
FEW = 3

# Words for refusing and handing on. A language without a list has no cautious player.
_CAUTIOUS = {
    "zh": re.compile(r"不|别|拒|挂断|报|主管|联系人|负责人|安全部门|打回|回过去|回拨|叫停|留着"),
    "en": re.compile(
        r"\b(?:no|not|never|nobody|\w+n[’']t|refuse|hang up|ring|report|tell|leader|lead|security|contact|stop)\b", re.I
    ),
}

PlayerDecision = tuple[int, tuple[int, ...]]  # position of a choice, and those of the picked parts
Player = Callable[
    [Node, list[int], Random], PlayerDecision | None
]  # from a node and the positions it offers; None waits


@dataclass(frozen=True)
class Played:
    """Result of one player. `done`: share of attempts that pass; `ended`: share per outcome, and of WAITS."""

    player: str
    done: float
    ended: Mapping[str, float]

    @property
    def most(self) -> float:
        return BOUNDS[self.player]

    @property
    def differs_by_language(self) -> bool:
        return self.player in READERS

    @property
    def done_percent(self) -> float:
        return 100 * self.done

    @property
    def most_percent(self) -> float:
        return 100 * self.most

    @property
    def shares(self) -> list[float]:
        """Percentage of each outcome, and of attempts that wait."""
        return [100 * self.ended.get(end, 0.0) for end in (*ENDING_KINDS, WAITS)]

    @property
    def is_beyond(self) -> bool:
        return self.done > self.most


def lazy(node: Node, offered: list[int], random: Random) -> PlayerDecision | None:
    """Wait for the timeout. Without one, wait in judged situations and choose at random in others."""
    if node.timeout is not None:
        return node.timeout, ()
    return None if node.is_judged else (random.choice(offered), ())


@dataclass(frozen=True)
class BaselinePlayer:
    """Takes an option by its position or by the length of its text, and ticks all parts of a message or none.

    `position` matters only if an option is numbered, because others are shuffled. `length`: 1 for the longest text, -1
    for the shortest, 0 if it does not matter.
    """

    ticks: bool
    position: int = 0
    length: int = 0

    def equals(self, node: Node, offered: list[int]) -> list[int]:
        """Return the positions that fit equally well; one of them is taken at random."""
        lengths = {position: self.length * len(plain(node.choices[position].text)) for position in offered}
        return [position for position in offered if lengths[position] == max(lengths.values())]

    def ways(self, node: Node, offered: list[int], plays: int, random: Random) -> Counter[PlayerDecision | None]:
        """Return decision → number of attempts that take it. `plays`: number of attempts."""
        equals, position = self.equals(node, offered), min(self.position, len(offered) - 1)
        if self.length or not any(node.choices[index].numbered for index in offered):
            positions = random.choices(equals, k=plays)
        else:
            positions = [shuffled(node.choices, offered, random.shuffle)[position] for _ in range(plays)]
        parts = tuple(range(len(node.parts))) if self.ticks else ()
        return Counter({(index, parts): times for index, times in Counter(positions).items()})


def at_random(node: Node, offered: list[int], random: Random) -> PlayerDecision:
    if not node.parts:
        return random.choice(offered), ()
    return random.choice(offered), tuple(part for part in range(len(node.parts)) if random.random() < 0.5)


def cautious(words: re.Pattern[str]) -> Player:
    """Return a player that prefers options with one of these words."""
    is_careful = cache(lambda text: bool(words.search(text)))

    def player(node: Node, offered: list[int], random: Random) -> PlayerDecision:
        careful = [position for position in offered if is_careful(node.choices[position].text)]
        return at_random(node, careful or offered, random)

    return player


def careful_words(language: str) -> re.Pattern[str] | None:
    """Return the words of cautious options, or None if the language has no list."""
    return _CAUTIOUS.get(language.partition("-")[0])


def _has_numbered_choices(simulation: Simulation) -> bool:
    return any(choice.numbered for node in simulation.nodes.values() for choice in node.choices)


def players_of(simulation: Simulation, language: str) -> Mapping[str, Sequence[Player | BaselinePlayer]]:
    """Return players by the names in BOUNDS; of several, the most successful counts. `language`: of the texts."""
    positions = POSITIONS if _has_numbered_choices(simulation) else POSITIONS[:1]
    forms = (True, False) if any(node.parts for node in simulation.nodes.values()) else (False,)
    words = careful_words(language)
    return {
        LAZY: [lazy],
        "fixed": [BaselinePlayer(ticks, position) for position in positions for ticks in forms],
        "longest": [BaselinePlayer(ticks, length=1) for ticks in forms],
        "shortest": [BaselinePlayer(ticks, length=-1) for ticks in forms],
        "random": [at_random],
        **({"cautious": [cautious(words)]} if words else {}),
    }


class _Group(NamedTuple):
    """Attempts in the same state. `best`: points of the best attempt with the same drawn flags."""

    place: str
    meters: tuple[int, ...]
    flags: frozenset[str]
    points: int
    timeouts: int
    best: int


@dataclass(frozen=True)
class PlayTable:
    """One simulation with a cache of its moves."""

    simulation: Simulation

    @cached_property
    def asked(self) -> tuple[frozenset[str], frozenset[str]]:
        """(flags, meters) in conditions. States that differ only in others are equal."""
        conditions = list(self.simulation.conditions)
        flags = frozenset(flag for condition in conditions for flag in condition.flags)
        return flags, frozenset(meter for condition in conditions for meter in condition.meters)

    def grouped(self, state: SimulationState, points: int, timeouts: int, best: int) -> _Group:
        flags, meters = self.asked
        values = tuple(value if meter in meters else FIRST for meter, value in state.meters.items())
        return _Group(state.place, values, state.flags & flags, points, timeouts, best)

    def state(self, group: _Group) -> SimulationState:
        return SimulationState(group.place, dict(zip(self.simulation.meters, group.meters, strict=True)), group.flags)

    @property
    def plays(self) -> int:
        return min(PLAYS, max(1, MOST_MOVES // len(self.simulation.nodes)))

    @cached_property
    def begun(self) -> tuple[Counter[_Group], tuple[Any, ...]]:
        """The groups at the start, and the random state after drawing flags: the same for every player."""
        random = Random(SEED)
        deals = Counter(self.simulation.draw(random) for _ in range(self.plays))
        groups: Counter[_Group] = Counter()
        for flags, plays in deals.items():
            groups[self.grouped(self.simulation.begin(flags), 0, 0, self.simulation.best_points(flags))] += plays
        return groups, random.getstate()

    @cached_property
    def moves(self) -> dict[tuple[_Group, PlayerDecision], _Group]:
        """Cache of `moved`, because players meet the same states."""
        return {}

    def moved(self, group: _Group, decision: PlayerDecision) -> _Group:
        if (group, decision) not in self.moves:
            self.moves[group, decision] = self.after(group, decision)
        return self.moves[group, decision]

    def after(self, group: _Group, decision: PlayerDecision) -> _Group:
        state, node = self.state(group), self.simulation.nodes[group.place]
        points = group.points + self.simulation.points(node.id, *decision)
        timeouts = group.timeouts + node.choices[decision[0]].is_timeout
        return self.grouped(self.simulation.decide(state, *decision), points, timeouts, group.best)

    def colour(self, group: _Group) -> str:
        ending = self.simulation.endings_by_id.get(group.place)
        return ending.colour if ending else WAITS

    def is_done(self, group: _Group) -> bool:
        colour = self.colour(group)
        return colour != WAITS and is_passed(colour, group.points, group.best, group.timeouts)


def play(table: PlayTable, name: str, player: Player | BaselinePlayer) -> Played:
    """Play the simulation of `table`, which has no errors, so that every attempt ends."""
    random, ended = Random(SEED), Counter[_Group]()
    groups, state = table.begun
    random.setstate(state)
    while groups:
        following: Counter[_Group] = Counter()
        for group, plays in groups.items():
            for decision, times in _chosen(table, group, plays, player, random).items():
                if decision is None:
                    ended[group] += times
                else:
                    following[table.moved(group, decision)] += times
        groups = following
    colours: Counter[str] = Counter()
    for group, plays in ended.items():
        colours[table.colour(group)] += plays
    done = sum(plays for group, plays in ended.items() if table.is_done(group))
    return Played(name, done / table.plays, {colour: plays / table.plays for colour, plays in colours.items()})


def _chosen(
    table: PlayTable, group: _Group, plays: int, player: Player | BaselinePlayer, random: Random
) -> Counter[PlayerDecision | None]:
    """Return decision → number of attempts that take it. None: an ending is reached, or the player waits."""
    node = table.simulation.nodes.get(group.place)
    if node is None:
        return Counter({None: plays})
    offered = table.simulation.offered(table.state(group))
    if isinstance(player, BaselinePlayer):
        return player.ways(node, offered, plays, random)
    return Counter(player(node, offered, random) for _ in range(plays))


def played_by_all(simulation: Simulation, language: str, *, is_source: bool) -> Iterable[Played]:
    """Return the results; for a translation only of players that read texts, as others play alike in every language.

    Results for unchanged shipped simulations are read from SAVED, because playing one takes about a second.
    """
    saved = _saved_results().get(fingerprint(simulation, language, is_source=is_source))
    if saved is None:
        return play_all(simulation, language, is_source=is_source)
    return [Played(**result) for result in saved]


def play_all(simulation: Simulation, language: str, *, is_source: bool) -> Iterator[Played]:
    """Like `played_by_all`, but never reads SAVED."""
    table = PlayTable(simulation)
    for name, players in players_of(simulation, language).items():
        if is_source or name in READERS:
            yield max((play(table, name, player) for player in players), key=lambda played: played.done)


def fingerprint(simulation: Simulation, language: str, *, is_source: bool) -> str:
    """Return the key in SAVED: a SHA-256 of the simulation, of this module and of the module `simulation`."""
    rules = b"".join(Path(module).read_bytes() for module in (__file__, simulations.__file__))
    return hashlib.sha256(rules + repr((simulation, language, is_source)).encode()).hexdigest()


@cache
def _saved_results() -> dict[str, list[dict[str, Any]]]:
    results: dict[str, list[dict[str, Any]]] = json.loads(SAVED.read_text())
    return results


def is_few(simulation: Simulation) -> bool:
    """Return whether the best attempt has too few decisions for most bounds."""
    nodes = simulation.nodes
    judged = [state.place for state in simulation.best_path() if state.place in nodes and nodes[state.place].is_judged]
    return len(judged) <= FEW
