"""How people decide in a simulation: counted over each person's first run, without names.

Each figure is about as many people as `lib.disclosure` lets be seen, so that nobody can be identified. Decisions count
as long as the shape of their situation is the same: a change that gives its choices another meaning begins a new count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import NamedTuple

from django.db.models import QuerySet

from courseware.content.compiled.serving import Outline, PageData, Step
from courseware.content.models import Document, ReleaseEntry
from courseware.language.simulation_map import Map, Way, map_of
from courseware.language.simulations import Ending, Node, NodeChoice, load_simulation
from courseware.lib import dates
from courseware.lib.disclosure import disclosed, shown_from
from courseware.reporting.shares import Share
from courseware.simulations.models import Decision, Run

WIDEST = 12  # a way that all people took, in units of the drawing


@dataclass(frozen=True)
class ChoiceShare:
    choice: NodeChoice
    share: Share


@dataclass(frozen=True)
class NodeSplit:
    """How people decided in one situation; empty without people enough. `seconds` is the median time."""

    node: Node
    number: str
    people: int
    choices: tuple[ChoiceShare, ...] = ()
    critical: Share | None = None
    seconds: int = 0


@dataclass(frozen=True)
class Split:
    """About `people` who finished; `ways` are (way, width), as wide as the share of people who took it."""

    people: int
    nodes: tuple[NodeSplit, ...]
    endings: tuple[tuple[Ending, Share], ...]
    map: Map
    ways: tuple[tuple[Way, float], ...]


class FirstRun(NamedTuple):
    """The one a person finished first; `day` is the first on which figures may hold it."""

    day: date
    ending: str


class Decided(NamedTuple):
    """One person's first decision in a situation, and what it led to."""

    place: int
    target: str
    milliseconds: int


def simulations_on(routes: Iterable[Outline]) -> list[tuple[str, Step]]:
    """(course id, step) of every simulation."""
    return [(route.course_id, step) for route in routes for step in route.steps if step.kind == "simulation"]


def split_of(document: Document, page: PageData, people: QuerySet, today: date | None = None) -> Split:
    """Of the runs in the enrollments `people`. Runs three queries."""
    today = today or dates.site_day()
    simulation = page.simulation
    runs = Run.objects.on_record().finished().filter(simulation=document, enrollment__in=people)
    firsts = first_runs(runs)
    endings = Counter(disclosed(firsts.values(), today))
    now = {node.id: node.shape for node in simulation.nodes.values()}
    taken = {
        node: disclosed(answers, today)
        for node, answers in decisions_in(runs, firsts, shapes_of(document), now).items()
    }
    drawn, number = map_of(simulation), endings.total()
    return Split(
        people=number,
        nodes=tuple(
            node_split(node, drawn.stations[node.id].number, taken.get(node.id, []))
            for node in simulation.nodes.values()
        ),
        endings=tuple((ending, Share(endings[ending.id], number)) for ending in simulation.endings) if number else (),
        map=drawn,
        ways=tuple(ways(drawn, taken)),
    )


def first_runs(runs: QuerySet) -> dict[int, FirstRun]:
    """Primary key of a run → when and how it ended, for the first that each person finished. Runs one query."""
    # Later runs are played with the debrief in mind. The first by its end, so that it stays the first.
    firsts: dict[int, tuple[int, FirstRun]] = {}
    columns = ("pk", "enrollment__learner", "finished_at", "ending")
    for pk, learner, finished_at, ending in runs.order_by("finished_at", "pk").values_list(*columns):
        firsts.setdefault(learner, (pk, FirstRun(shown_from(dates.site_day(finished_at)), ending)))
    return dict(firsts.values())


def shapes_of(document: Document) -> dict[int, dict[str, str]]:
    """Primary key of a revision → id of a situation → its shape then. Runs one query."""
    pages = ReleaseEntry.objects.filter(document=document).values_list("revision_id", "pages__data__simulation")
    return {
        revision: {node.id: node.shape for node in load_simulation(stored).nodes.values()}
        for revision, stored in pages
        if stored
    }


def decisions_in(
    runs: QuerySet,
    firsts: Mapping[int, FirstRun],
    shapes: Mapping[int, Mapping[str, str]],
    now: Mapping[str, str],
) -> dict[str, list[tuple[date, Decided]]]:
    """Id of a situation → what each person decided there first while it had its present shape. Runs one query."""
    decided: defaultdict[str, dict[int, tuple[date, Decided]]] = defaultdict(dict)
    decisions = Decision.objects.filter(run__in=runs).order_by("run", "position")
    columns = ("run", "run__revision", "run__ending", "node", "place", "milliseconds")
    for (run, revision, _ending, node, place, milliseconds), target in with_target(
        decisions.values_list(*columns).iterator()
    ):
        if run in firsts and shapes.get(revision, {}).get(node) == now.get(node):
            decided[node].setdefault(run, (firsts[run].day, Decided(place, target, milliseconds)))
    return {node: list(of_runs.values()) for node, of_runs in decided.items()}


def with_target(rows: Iterable[tuple]) -> Iterator[tuple[tuple, str]]:
    """Each decision with what it led to: the next situation of the run, or its ending."""
    last = None
    for row in rows:
        if last:
            yield last, row[3] if row[0] == last[0] else last[2]
        last = row
    if last:
        yield last, last[2]


def node_split(node: Node, number: str, taken: list[Decided]) -> NodeSplit:
    people = len(taken)
    if not people:
        return NodeSplit(node, number, 0)
    places = Counter(each.place for each in taken)
    critical = sum(node.choices[each.place].worth == "critical" for each in taken)
    return NodeSplit(
        node=node,
        number=number,
        people=people,
        choices=tuple(ChoiceShare(choice, Share(places[place], people)) for place, choice in enumerate(node.choices)),
        critical=Share(critical, people) if any(choice.worth == "critical" for choice in node.choices) else None,
        seconds=round(median(each.milliseconds for each in taken) / 1000),
    )


def ways(drawn: Map, taken: Mapping[str, list[Decided]]) -> Iterator[tuple[Way, float]]:
    for node, of_people in taken.items():
        for target, count in Counter(each.target for each in of_people).items():
            if target in drawn.stations and drawn.stations[target].y > drawn.stations[node].y:
                yield drawn.way(node, target), max(1, WIDEST * count / len(of_people))
