"""Map of a simulation in SVG units: nodes below those that lead to them, the best attempt in the first lane."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from courseware.course_format.simulations.simulation import END, Simulation

LANE, ROW = 64, 60  # from one lane, or one row, to the next
ABREAST, STAGGER = 4, 40  # endings in a line; distance to the next line, which fills the gaps of the line above
LEFT, TOP = 62, 26  # the left margin has room for connections bowed past nodes
BOW = 22


@dataclass(frozen=True)
class MapNode:
    """A node with its number in the file, or an ending with its outcome as `look`."""

    id: str
    x: int
    y: int
    number: str
    look: str = "node"


@dataclass(frozen=True)
class Connection:
    """A connection. `d`: its SVG path; (`x`, `y`): position of `label`."""

    source: str
    target: str
    d: str
    look: str = ""
    label: str = ""
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Map:
    """A drawing of `width` by `height`. `stations`: id of a node or ending → its place."""

    stations: Mapping[str, MapNode]
    width: int
    height: int

    def way(self, source: str, target: str, *, look: str = "", label: str = "") -> Connection:
        """Return the connection of two stations (ids), bowed past nodes. `look`: CSS class. `KeyError`: unknown id."""
        start, end = self.stations[source], self.stations[target]
        x1, y1, x2, y2 = start.x, start.y, end.x, end.y
        rows = (y2 - y1) // ROW
        if x1 == x2 and rows > 1:
            bow = x1 - BOW - 4 * min(rows, 6)
            d = f"M{x1} {y1}C{bow} {y1 + ROW // 2} {bow} {y2 - ROW // 2} {x2} {y2}"
        elif x1 == x2:
            bow, d = x1, f"M{x1} {y1}V{y2}"
        else:
            bow = (x1 + x2) // 2
            d = f"M{x1} {y1}C{x1} {y1 + ROW * 0.7:g} {x2} {y2 - ROW * 0.7:g} {x2} {y2}"
        return Connection(source, target, d, look, label, bow, (y1 + y2) // 2)

    def along(self, node_ids: Sequence[str], look: str = "") -> list[Connection]:
        """Return the connections between successive nodes. `node_ids` may end with an ending."""
        return [self.way(source, target, look=look) for source, target in pairwise(node_ids)]


@dataclass(frozen=True)
class Layout:
    """Computes the map. `best`: ids of the nodes and the ending of the best attempt."""

    simulation: Simulation
    best: Sequence[str]

    @cached_property
    def goals(self) -> dict[str, set[str]]:
        """Node id → ids of the nodes it leads to; END for endings."""
        nodes = self.simulation.nodes
        goals = {}
        for node in nodes.values():
            targets = {choice.target for choice in node.choices} | ({node.otherwise} if node.otherwise else set())
            goals[node.id] = {target if target in nodes else END for target in targets}
        return goals

    @cached_property
    def rows(self) -> dict[str, int]:
        """Node id → number of connections on the longest path to it."""
        rows = dict.fromkeys(self.simulation.nodes, 0)
        for _ in rows:  # as many rounds as nodes are enough, as the graph has no cycle
            for source, targets in self.goals.items():
                for target in targets - {END}:
                    rows[target] = max(rows[target], rows[source] + 1)
        return rows

    @property
    def map(self) -> Map:
        last = max(self.rows.values()) + 1
        numbers = {node: str(number) for number, node in enumerate(self.simulation.nodes, start=1)}
        stations: dict[str, MapNode] = {}
        taken: dict[int, int] = {}
        for node in sorted(self.simulation.nodes, key=lambda node: node not in self.best):
            row = self.rows[node]
            lane = 0 if node in self.best else max(1, taken.get(row, 0))
            taken[row] = lane + 1
            stations[node] = MapNode(node, LEFT + LANE * lane, TOP + ROW * row, numbers[node])
        endings = sorted(self.simulation.endings, key=lambda ending: (ending.id not in self.best, ending.colour))
        for index, ending in enumerate(endings):
            line, lane = divmod(index, ABREAST)
            x = LEFT + LANE * lane + LANE // 2 * (line % 2)
            stations[ending.id] = MapNode(ending.id, x, TOP + ROW * last + STAGGER * line, "", ending.colour)
        width = max(station.x for station in stations.values()) + LANE // 2
        return Map(stations, width, max(station.y for station in stations.values()) + TOP)


def map_of(simulation: Simulation, flags: Iterable[str] = ()) -> Map:
    """Return the map of a simulation without errors. `flags`: those drawn by chance, which decide the best attempt."""
    return Layout(simulation, [state.place for state in simulation.best_path(flags)]).map
