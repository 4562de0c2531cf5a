"""The map of a simulation in units of the SVG: nodes below those that lead to them, the best run in the first lane."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from courseware.course_format.simulations.simulation import END, Simulation

LANE, ROW = 64, 60  # from one lane, or one row, to the next
ABREAST, STAGGER = 4, 40  # endings in a line, and how much lower the next line is, set in the gaps of the one above
LEFT, TOP = 62, 26  # the left margin has room for the bows of ways that pass nodes by
BOW = 22


@dataclass(frozen=True)
class MapStation:
    """A node with its number in the file, or an ending with its colour as `look`."""

    id: str
    x: int
    y: int
    number: str
    look: str = "node"


@dataclass(frozen=True)
class Way:
    """A connection; `d` is its SVG path, (`x`, `y`) the position of `label`."""

    source: str
    target: str
    d: str
    look: str = ""
    label: str = ""
    x: int = 0
    y: int = 0


@dataclass(frozen=True)
class Map:
    stations: Mapping[str, MapStation]
    width: int
    height: int

    def way(self, source: str, target: str, *, look: str = "", label: str = "") -> Way:
        """Straight within a lane, bowed to the left where it passes other stations, curved into another lane."""
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
        return Way(source, target, d, look, label, bow, (y1 + y2) // 2)

    def along(self, places: Sequence[str], look: str = "") -> list[Way]:
        return [self.way(source, target, look=look) for source, target in pairwise(places)]


@dataclass(frozen=True)
class Layout:
    simulation: Simulation
    best: Sequence[str]

    @cached_property
    def goals(self) -> dict[str, set[str]]:
        """Node id → ids of the nodes it leads to; endings are END."""
        nodes = self.simulation.nodes
        goals = {}
        for node in nodes.values():
            targets = {choice.target for choice in node.choices} | ({node.otherwise} if node.otherwise else set())
            goals[node.id] = {target if target in nodes else END for target in targets}
        return goals

    @cached_property
    def rows(self) -> dict[str, int]:
        """Node id → length of the longest way to it."""
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
        stations: dict[str, MapStation] = {}
        taken: dict[int, int] = {}
        for node in sorted(self.simulation.nodes, key=lambda node: node not in self.best):
            row = self.rows[node]
            lane = 0 if node in self.best else max(1, taken.get(row, 0))
            taken[row] = lane + 1
            stations[node] = MapStation(node, LEFT + LANE * lane, TOP + ROW * row, numbers[node])
        endings = sorted(self.simulation.endings, key=lambda ending: (ending.id not in self.best, ending.colour))
        for place, ending in enumerate(endings):
            line, lane = divmod(place, ABREAST)
            x = LEFT + LANE * lane + LANE // 2 * (line % 2)
            stations[ending.id] = MapStation(ending.id, x, TOP + ROW * last + STAGGER * line, "", ending.colour)
        width = max(station.x for station in stations.values()) + LANE // 2
        return Map(stations, width, max(station.y for station in stations.values()) + TOP)


def map_of(simulation: Simulation, flags: Iterable[str] = ()) -> Map:
    """`flags`: those that chance has set, which decide the best run."""
    return Layout(simulation, [state.place for state in simulation.best_path(flags)]).map
