"""How people decide in a simulation: counted over each person's first run, without names.

A situation is shown only from ENOUGH people on, so that nobody can be identified. Decisions count as long as its shape
is the same: a change that gives its choices another meaning begins a new count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

from django.db.models import Min, QuerySet

from courseware.content.compiled.serving import Outline, PageData, Step
from courseware.content.models import Document, ReleaseEntry
from courseware.language.simulation_map import Map, Way, map_of
from courseware.language.simulations import Ending, Node, NodeChoice, load_simulation
from courseware.reporting.survey_statistics import ENOUGH
from courseware.simulations.models import Decision, Run

WIDEST = 12  # a way that all people took, in units of the drawing


@dataclass(frozen=True)
class Share:
    """How many of those who came here; `percent` is whole."""

    count: int
    percent: int


@dataclass(frozen=True)
class ChoiceShare:
    choice: NodeChoice
    share: Share


@dataclass(frozen=True)
class NodeSplit:
    """How people decided in one situation; empty for fewer than ENOUGH. `seconds` is the median time."""

    node: Node
    number: str
    people: int
    choices: tuple[ChoiceShare, ...] = ()
    critical: Share | None = None
    seconds: int = 0


@dataclass(frozen=True)
class Split:
    """`people` finished; `ways` are (way, width), as wide as the share of people who took it from its start."""

    people: int
    nodes: tuple[NodeSplit, ...]
    endings: tuple[tuple[Ending, Share], ...]
    map: Map
    ways: tuple[tuple[Way, float], ...]


@dataclass
class Tally:
    """The decisions in one situation, added up."""

    places: Counter = field(default_factory=Counter)
    targets: Counter = field(default_factory=Counter)
    milliseconds: list[int] = field(default_factory=list)


def simulations_on(routes: Iterable[Outline]) -> list[tuple[str, Step]]:
    """(course id, step) of every simulation."""
    return [(route.course_id, step) for route in routes for step in route.steps if step.kind == "simulation"]


def split_of(document: Document, page: PageData, people: QuerySet) -> Split:
    """Of the runs in the enrollments `people`. Runs four queries."""
    simulation = page.simulation
    runs = first_runs(document, people)
    endings = Counter(runs.values_list("ending", flat=True))
    tallies = tallies_of(runs, shapes_of(document), {node.id: node.shape for node in simulation.nodes.values()})
    drawn, number = map_of(simulation), endings.total()
    return Split(
        people=number,
        nodes=tuple(
            node_split(node, drawn.stations[node.id].number, tallies[node.id]) for node in simulation.nodes.values()
        ),
        endings=tuple((ending, share(endings[ending.id], number)) for ending in simulation.endings)
        if number >= ENOUGH
        else (),
        map=drawn,
        ways=tuple(ways(drawn, tallies)),
    )


def first_runs(document: Document, people: QuerySet) -> QuerySet:
    # Later runs are played with the debrief in mind.
    runs = Run.objects.on_record().finished().filter(simulation=document, enrollment__in=people)
    firsts = runs.order_by().values("enrollment__learner").annotate(first=Min("pk")).values("first")
    return Run.objects.filter(pk__in=firsts)


def shapes_of(document: Document) -> dict[int, dict[str, str]]:
    """Primary key of a revision → id of a situation → its shape then. Runs one query."""
    pages = ReleaseEntry.objects.filter(document=document).values_list("revision_id", "pages__data__simulation")
    return {
        revision: {node.id: node.shape for node in load_simulation(stored).nodes.values()}
        for revision, stored in pages
        if stored
    }


def tallies_of(
    runs: QuerySet, shapes: Mapping[int, Mapping[str, str]], now: Mapping[str, str]
) -> defaultdict[str, Tally]:
    """Id of a situation → its tally, over decisions made when it had its present shape. Runs one query."""
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    decisions = Decision.objects.filter(run__in=runs).order_by("run", "position")
    columns = ("run", "run__revision", "run__ending", "node", "place", "milliseconds")
    rows = decisions.values_list(*columns).iterator()
    for (_run, revision, _ending, node, place, milliseconds), target in with_target(rows):
        if shapes.get(revision, {}).get(node) == now.get(node):
            tally = tallies[node]
            tally.places[place] += 1
            tally.targets[target] += 1
            tally.milliseconds.append(milliseconds)
    return tallies


def with_target(rows: Iterable[tuple]) -> Iterator[tuple[tuple, str]]:
    """Each decision with what it led to: the next situation of the run, or its ending."""
    last = None
    for row in rows:
        if last:
            yield last, row[3] if row[0] == last[0] else last[2]
        last = row
    if last:
        yield last, last[2]


def node_split(node: Node, number: str, tally: Tally) -> NodeSplit:
    people = tally.places.total()
    if people < ENOUGH:
        return NodeSplit(node, number, people)
    critical = sum(count for place, count in tally.places.items() if node.choices[place].quality == "critical")
    return NodeSplit(
        node=node,
        number=number,
        people=people,
        choices=tuple(
            ChoiceShare(choice, share(tally.places[place], people)) for place, choice in enumerate(node.choices)
        ),
        critical=share(critical, people) if any(choice.quality == "critical" for choice in node.choices) else None,
        seconds=round(median(tally.milliseconds) / 1000),
    )


def ways(drawn: Map, tallies: Mapping[str, Tally]) -> Iterator[tuple[Way, float]]:
    for node, tally in tallies.items():
        people = tally.places.total()
        for target, count in tally.targets.items():
            if people >= ENOUGH and target in drawn.stations and drawn.stations[target].y > drawn.stations[node].y:
                yield drawn.way(node, target), max(1, WIDEST * count / people)


def share(count: int, people: int) -> Share:
    return Share(count, 100 * count // people if people else 0)
