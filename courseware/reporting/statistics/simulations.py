"""Anonymous statistics of simulations: endings and decisions of first attempts."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import compress
from statistics import median
from typing import NamedTuple

from courseware.content.models import Course, Document, ReleaseEntry
from courseware.content.rendering.store import Outline, PageData, Step
from courseware.course_format.simulations.map import Connection, Map, map_of
from courseware.course_format.simulations.simulation import Ending, Node, NodeChoice, load_simulation
from courseware.lib import dates
from courseware.lib.disclosure import shown_from
from courseware.lib.text.fractions_text import AnonymousShare, Share, anonymous_shares
from courseware.reporting.statistics.group_statistics import (
    Counted,
    GroupStatistic,
    GroupStatisticQuerySet,
    GroupSum,
    Subject,
)
from courseware.simulations.models import Decision, SimulationAttempt, SimulationAttemptQuerySet

WIDEST = 12  # width of a path that all people took, in drawing units


@dataclass(frozen=True)
class NodeSplit:
    """First decisions in one situation; empty for too few people. `seconds`: median; `critical`: of such choices."""

    node: Node
    number: str
    people: int
    choices: tuple[tuple[NodeChoice, AnonymousShare], ...] = ()
    critical: AnonymousShare | None = None
    seconds: int = 0


@dataclass(frozen=True)
class Split:
    """Statistics of `people` who finished. `ways`: (path of the map, width by the share of people who took it)."""

    people: int
    nodes: tuple[NodeSplit, ...]
    endings: tuple[tuple[Ending, AnonymousShare], ...]
    map: Map
    ways: tuple[tuple[Connection, float], ...]


class FirstAttempt(NamedTuple):
    """A person's first finished attempt; statistics may include it from `day` on."""

    learner: int
    day: date
    ending: str
    colour: str


def simulations_on(outlines: Iterable[Outline]) -> list[tuple[str, Step]]:
    """Return (course id, step) of every simulation."""
    return [(outline.course_id, step) for outline in outlines for step in outline.steps if step.kind == "simulation"]


def split_of(document: Document, page: PageData, statistics: GroupStatisticQuerySet) -> Split:
    """Return the statistics of a simulation, without numbers for too few people. `statistics`: groups to sum."""
    simulation = page.simulation
    ended = subject_of_endings(document.identifier)
    about = {node.id: subject_of_node(document, node.id, node.shape) for node in simulation.nodes.values()}
    found = statistics.summed(document.course_id, [ended, *about.values()])
    taken = {node: found[subject] for node, subject in about.items()}
    drawn, number = map_of(simulation), found[ended].people
    shares = anonymous_shares([found[ended].numbers[f"to:{ending.id}"] for ending in simulation.endings], number)
    return Split(
        people=number,
        nodes=tuple(
            node_split(node, drawn.stations[node.id].number, taken[node.id]) for node in simulation.nodes.values()
        ),
        endings=tuple(zip(simulation.endings, shares, strict=True)) if number else (),
        map=drawn,
        ways=tuple(ways(drawn, taken)),
    )


def chosen_by_peers_in(document: Document, nodes: Collection[Node]) -> dict[str, tuple[Share, ...]]:
    """Return situation id → share of each choice, by position, in the whole company; without situations in which nobody
    is counted. `document`: the simulation of `nodes`. Runs 1 query.
    """
    about = {node.id: subject_of_node(document, node.id, node.shape) for node in nodes}
    found = GroupStatistic.objects.summed(document.course_id, about.values())
    return {
        node.id: tuple(Share(each, found[about[node.id]].people) for each in places_taken(node, found[about[node.id]]))
        for node in nodes
        if found[about[node.id]].people
    }


def subject_of_endings(simulation: str) -> Subject:
    return Subject(f"endings/{simulation}")


def subject_of_node(document: Document, node: str, shape: str) -> Subject:
    return Subject(f"decisions/{document.identifier}/{node}", shape)


def attempts_counted(course: Course) -> Iterator[tuple[Subject, list[Counted]]]:
    """Yield (subject, people) for endings, and for first decisions per situation, of each person's first attempt."""
    for document in Document.objects.filter(course=course, kind=Document.Kind.SIMULATION).order_by("pk"):
        attempts = SimulationAttempt.objects.on_record().finished().filter(simulation=document)
        firsts = first_attempts(attempts)
        ended = [
            Counted(each.learner, each.day, {f"to:{each.ending}": 1, f"colour:{each.colour}": 1})
            for each in firsts.values()
        ]
        yield subject_of_endings(document.identifier), ended
        for (node, shape), people in decisions_in(attempts, firsts, shapes_of(document)).items():
            yield subject_of_node(document, node, shape), people


def first_attempts(attempts: SimulationAttemptQuerySet) -> dict[int, FirstAttempt]:
    """Return attempt id → attempt, for the first of each person by time. `attempts`: finished ones. Runs 1 query."""
    firsts: dict[int, tuple[int, FirstAttempt]] = {}
    columns = ("pk", "enrollment__learner", "finished_at", "ending", "colour")
    for pk, learner, finished_at, ending, colour in attempts.order_by("finished_at", "pk").values_list(*columns):
        firsts.setdefault(learner, (pk, FirstAttempt(learner, shown_from(dates.site_day(finished_at)), ending, colour)))
    return dict(firsts.values())


def shapes_of(document: Document) -> dict[int, dict[str, str]]:
    """Return revision id → situation id → shape. Runs 1 query."""
    pages = ReleaseEntry.objects.filter(document=document).values_list("revision_id", "pages__data__simulation")
    return {
        revision: {node.id: node.shape for node in load_simulation(stored).nodes.values()}
        for revision, stored in pages
        if stored
    }


def decisions_in(
    attempts: SimulationAttemptQuerySet, firsts: Mapping[int, FirstAttempt], shapes: Mapping[int, Mapping[str, str]]
) -> dict[tuple[str, str], list[Counted]]:
    """Return (situation id, shape) → first decision there in each attempt of `firsts`, in that order. `firsts`: from
    `first_attempts(attempts)`; `shapes`: from `shapes_of`. Runs 1 query.
    """
    decided: defaultdict[tuple[str, str], dict[int, Mapping[str, int]]] = defaultdict(dict)
    decisions = Decision.objects.filter(run__in=attempts).order_by("run", "position")
    columns = ("run", "run__revision", "run__ending", "node", "place", "milliseconds")
    for (pk, revision, _ending, node, position, milliseconds), target in with_target(
        decisions.values_list(*columns).iterator()
    ):
        shape = shapes.get(revision, {}).get(node)
        if pk in firsts and shape is not None:
            decided[node, shape].setdefault(pk, decision_numbers(position, target, round(milliseconds / 1000)))
    return {
        situation: [Counted(each.learner, each.day, numbers[pk]) for pk, each in firsts.items() if pk in numbers]
        for situation, numbers in decided.items()
    }


@lru_cache(10_000)
def decision_numbers(position: int, target: str, seconds: int) -> dict[str, int]:
    return {f"place:{position}": 1, f"to:{target}": 1, f"seconds:{seconds}": 1}


def with_target(rows: Iterable[tuple]) -> Iterator[tuple[tuple, str]]:
    """Yield (row, id of the next situation in the same attempt, or else of the ending). `rows`: tuples that begin with
    attempt id, revision id, ending id, situation id; sorted by attempt and position.
    """
    last = None
    for row in rows:
        if last:
            yield last, row[3] if row[0] == last[0] else last[2]
        last = row
    if last:
        yield last, last[2]


def node_split(node: Node, number: str, taken: GroupSum) -> NodeSplit:
    people = taken.people
    if not people:
        return NodeSplit(node, number, 0)
    positions = places_taken(node, taken)
    is_critical = [choice.worth == "critical" for choice in node.choices]
    critical = sum(compress(positions, is_critical))
    return NodeSplit(
        node=node,
        number=number,
        people=people,
        choices=tuple(zip(node.choices, anonymous_shares(positions, people), strict=True)),
        critical=AnonymousShare(critical, people) if any(is_critical) else None,
        seconds=round(median(Counter({int(each): times for each, times in named(taken, "seconds")}).elements())),
    )


def places_taken(node: Node, taken: GroupSum) -> list[int]:
    """Return how often each choice of `node` was taken, by position. `taken`: statistics of the situation."""
    return [taken.numbers[f"place:{position}"] for position in range(len(node.choices))]


def named(found: GroupSum, prefix: str) -> Iterator[tuple[str, int]]:
    """Yield (name after the colon, number) of the numbers with this prefix."""
    for name, times in found.numbers.items():
        before, _colon, suffix = name.partition(":")
        if before == prefix:
            yield suffix, times


def ways(drawn: Map, taken: Mapping[str, GroupSum]) -> Iterator[tuple[Connection, float]]:
    """Yield (path, width) of paths taken that lead down the map. `taken`: id → statistics of situations on the map."""
    for node, found in taken.items():
        for target, count in named(found, "to"):
            if target in drawn.stations and drawn.stations[target].y > drawn.stations[node].y:
                nearly_all = min(count, found.people - 1)  # as wide as all: see `AnonymousShare`
                yield drawn.way(node, target), max(1, WIDEST * nearly_all / found.people)
