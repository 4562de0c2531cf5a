"""Checks of simulations: all nodes reachable, every attempt ends, the best one ends well (docs/formats.md §7, §10)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter
from itertools import chain, combinations
from math import prod
from random import Random

from courseware.course_format.checks.registry import always, of_one_document
from courseware.course_format.course import CourseText
from courseware.course_format.diagnostics import Diagnostic, nearest, nearest_or_all
from courseware.course_format.parsing.braces import cut_braces
from courseware.course_format.parsing.lists import Item
from courseware.course_format.parsing.marked_text import find_links
from courseware.course_format.parsing.parser import ParsedDocument, Section
from courseware.course_format.reading_time import reading_seconds
from courseware.course_format.simulations.baseline_players import LAZY, is_few, played_by_all
from courseware.course_format.simulations.conditions import Condition
from courseware.course_format.simulations.parser import read_simulation
from courseware.course_format.simulations.simulation import (
    END,
    QUALITIES,
    Effects,
    Ending,
    Node,
    NodeChoice,
    Simulation,
    SimulationState,
)

# The average is taken over RUNS random attempts with a fixed seed.
MAX_AVERAGE_MINUTES = 5
RUNS, SEED = 200, 1

MAX_PARTS, MAX_DRAWS = 12, 256  # because all combinations are tried


@of_one_document
@always
def check_simulations(course: CourseText) -> Iterator[Diagnostic]:
    """Report issues of each simulation in each language. Only simulations without errors are played."""
    for document in course.of_kind("simulation"):
        for language, translation in course.documents[document.id].items():
            simulation, problems = read_simulation(course, document.id, language)
            yield from problems
            checked = _Checked(translation, simulation)
            if translation is document:
                found = list(checked.check_source())
                yield from found
                is_sound = not problems and all(problem.level == "warning" for problem in found)
                graph = _graph_of(simulation)
            yield from checked.check_reasons()
            # A faulty graph, or a translation whose graph differs, cannot be played.
            if is_sound and translation.meta and _graph_of(simulation) == graph:
                too_long = list(checked.check_length())
                yield from too_long or checked.check_players(is_source=translation is document)


def _graph_of(simulation: Simulation) -> list[tuple[str, str]]:
    # Everything that decides the path of an attempt; equal in all languages.
    nodes = [(node.id, node.shape) for node in simulation.nodes.values()]
    return nodes + [(ending.id, ending.colour) for ending in simulation.endings]


@dataclass(frozen=True)
class _Checked:
    document: ParsedDocument
    simulation: Simulation

    def _section(self, identifier: str) -> Section:
        return next(section for section in self.document.sections if section.id == identifier)

    def _lines(self, node: Node) -> Iterator[tuple[NodeChoice, Item]]:
        links = [item for item in self._section(node.id).items if not item.box and find_links(item.text)]
        yield from zip(node.choices, links, strict=False)

    def check_source(self) -> Iterator[Diagnostic]:
        if not self.simulation.nodes:
            yield self.document.problem(1, "no-situation")
            return
        problems = [
            *chain.from_iterable(map(self._check_node, self.simulation.nodes.values())),
            *self._check_targets(),
            *self._check_flags(),
            *self._check_meters(),
            *self._check_endings(),
        ]
        yield from problems
        if all(problem.level == "warning" for problem in problems):
            yield from self._check_graph()

    # One situation

    def _check_node(self, node: Node) -> Iterator[Diagnostic]:
        line = self._section(node.id).line
        if not node.choices:
            yield self.document.problem(line, "leads-nowhere", node=node.id)
            return
        yield from self._check_timeouts(node, line)
        if bool(self._section(node.id).attrs.get("if")) != bool(node.otherwise):
            alone, other = ("else", "if") if node.otherwise else ("if", "else")
            yield self.document.problem(line, "if-without-else", alone=alone, other=other)
        yield from self._check_qualities(node, line)
        yield from self._check_parts(node, line)
        chosen = [choice for choice in node.choices if not choice.is_timeout]
        if not chosen:
            yield self.document.problem(line, "only-timeout")
        elif all(choice.condition.terms for choice in chosen):
            yield self.document.problem(line, "only-conditions")

    def _check_timeouts(self, node: Node, line: int) -> Iterator[Diagnostic]:
        timeouts = sum(choice.is_timeout for choice in node.choices)
        if node.seconds and timeouts != 1:
            yield self.document.problem(line, "timeout-branches", seconds=node.seconds, count=timeouts)
        elif timeouts and not node.seconds:
            yield self.document.problem(line, "timeout-without-seconds")

    def _check_qualities(self, node: Node, line: int) -> Iterator[Diagnostic]:
        is_chosen_by_quality = node.is_judged and not node.parts
        for choice, item in self._lines(node):
            if choice.quality and choice.quality not in QUALITIES:
                hint = nearest_or_all(choice.quality, QUALITIES)
                yield self.document.problem(item.line, "unknown-quality", quality=choice.quality, **hint)
            elif not choice.quality and is_chosen_by_quality:
                yield self.document.problem(item.line, "no-quality")
            elif choice.is_timeout and choice.worth == "weak" and choice.effects == Effects():
                yield self.document.problem(item.line, "free-timeout")
        if is_chosen_by_quality and "best" not in {choice.quality for choice in node.choices}:
            yield self.document.problem(line, "no-best-choice")

    def _check_parts(self, node: Node, line: int) -> Iterator[Diagnostic]:
        if not node.parts:
            return
        if len(node.parts) > MAX_PARTS:
            yield self.document.problem(line, "too-many-parts", count=len(node.parts), most=MAX_PARTS)
        if not any(part.belongs for part in node.parts):
            yield self.document.problem(line, "no-part-belongs")
        ways = [choice for choice in node.choices if not choice.is_timeout]
        if len(ways) != 1 or ways[0].quality:
            yield self.document.problem(line, "message-not-sent")
        for item in self._section(node.id).items:
            if not item.box and not find_links(item.text):
                yield self.document.problem(item.line, "neither-part-nor-link")

    def check_reasons(self) -> Iterator[Diagnostic]:
        for node in self.simulation.nodes.values():
            yield from self._check_texts(node)
            judged = [item for choice, item in self._lines(node) if choice.quality]
            judged += [item for item in self._section(node.id).items if item.box]
            for item in judged:
                if not item.reason.strip():
                    yield self.document.problem(item.line, "decision-without-reason", choice=item.text)

    def _check_texts(self, node: Node) -> Iterator[Diagnostic]:
        for choice, item in self._lines(node):
            # The text of the link becomes a button; other text would be lost.
            text = cut_braces(item.text)[0]
            if not choice.text.strip():
                yield self.document.problem(item.line, "choice-without-link-text")
            elif len(find_links(text)) > 1 or not (text.startswith("[") and text.endswith(")")):
                yield self.document.problem(item.line, "text-beside-choice", text=text)

    # Between situations

    def _check_targets(self) -> Iterator[Diagnostic]:
        nodes = self.simulation.nodes
        for node in nodes.values():
            targets = [(choice.target, item.line) for choice, item in self._lines(node)]
            if node.otherwise:
                targets.append((node.otherwise, self._section(node.id).line))
            for target, line in targets:
                if target in self.simulation.endings_by_id:
                    yield self.document.problem(line, "ending-as-target", ending=target)
                elif target not in nodes and target != END:
                    yield self.document.problem(
                        line, "unknown-node", node=target, nearest=nearest(target, {*nodes, END})
                    )

    def _effects(self) -> Iterator[tuple[Effects, int]]:
        for node in self.simulation.nodes.values():
            yield from ((choice.effects, item.line) for choice, item in self._lines(node))
            yield from ((part.effects, self._section(node.id).line) for part in node.parts)

    def _check_chance(self) -> Iterator[Diagnostic]:
        line = self.document.front.line("chance")
        for name, odds in self.simulation.chance.items():
            if isinstance(odds, str) and Fraction(odds) >= 1:
                yield self.document.problem(line, "certain-chance", name=name, got=odds)
        number = prod(len(odds) if isinstance(odds, tuple) else 2 for odds in self.simulation.chance.values())
        if number > MAX_DRAWS:
            yield self.document.problem(line, "too-many-draws", count=number, most=MAX_DRAWS)

    def _check_flags(self) -> Iterator[Diagnostic]:
        chance = self.document.front.line("chance")
        yield from self._check_chance()
        placed = {flag: line for effects, line in self._effects() for flag in effects.flags}
        asked = [(flag, line) for condition, line in self._conditions() for flag in condition.flags]
        known = self._drawn().union(placed)
        for flag, where in asked:
            if flag not in known:
                yield self.document.problem(where, "flag-never-set", flag=flag, nearest=nearest(flag, known))
        asked_flags = {flag for flag, _ in asked}
        for flag in sorted(known - asked_flags - self._left_over(asked_flags)):
            yield self.document.problem(placed.get(flag, chance), "flag-never-asked", flag=flag)
        for flag in sorted(known.intersection(self.simulation.meters)):
            yield self.document.problem(placed.get(flag, chance), "flag-is-meter", flag=flag)

    def _drawn(self) -> set[str]:
        odds = self.simulation.chance.items()
        return {flag for name, value in odds for flag in (value if isinstance(value, tuple) else (name,))}

    def _left_over(self, asked_flags: set[str]) -> set[str]:
        """Return the flags of every list in which at least one flag is used."""
        lists = [set(odds) for odds in self.simulation.chance.values() if isinstance(odds, tuple)]
        return {flag for flags in lists if flags & asked_flags for flag in flags}

    def _conditions(self) -> Iterator[tuple[Condition, int]]:
        for node in self.simulation.nodes.values():
            yield node.condition, self._section(node.id).line
            yield from ((choice.condition, item.line) for choice, item in self._lines(node))
            yield from ((line.condition, self._section(node.id).line) for line in node.lines)
        for ending in self.simulation.endings:
            yield ending.condition, self._section(ending.id).line
            yield from ((line.condition, self._section(ending.id).line) for line in ending.lines)

    def _check_meters(self) -> Iterator[Diagnostic]:
        meters = self.simulation.meters
        changed: Counter[str] = Counter()
        for done, line in self._effects():
            changed.update(done.meters.keys())
            for meter in done.meters:
                if meter not in meters:
                    near = nearest(meter, [*meters, "set", "if"])
                    known = None if near else tuple(meters)
                    yield self.document.problem(line, "unknown-meter", meter=meter, nearest=near, known=known)
        for condition, line in self._conditions():
            for meter in condition.meters - set(meters):
                yield self.document.problem(line, "unknown-meter", meter=meter, nearest=nearest(meter, meters))
        for meter in meters:
            if not changed[meter]:
                yield self.document.problem(1, "meter-never-changed", meter=meter)

    def _check_endings(self) -> Iterator[Diagnostic]:
        endings = self.simulation.endings
        if not endings:
            yield self.document.problem(1, "no-ending")
        elif endings[-1].condition.terms:
            yield self.document.problem(self._section(endings[-1].id).line, "ending-with-condition")

    # The whole graph

    def _check_graph(self) -> Iterator[Diagnostic]:
        graph = _ways(self.simulation)
        if circle := _find_circle(graph):
            yield self.document.problem(self._section(circle).line, "endless", node=circle)
            return
        reached = _places(self.simulation)
        for piece in _pieces(self.simulation):
            for number, line in enumerate(piece.lines):
                if piece.id in reached and (piece.id, number) not in reached:
                    fields = {"text": line.text, "condition": str(line.condition)}
                    yield self.document.problem(self._section(piece.id).line, "never-said", **fields)
        for node in graph:
            if node not in reached:
                yield self.document.problem(self._section(node).line, "unreachable-node", start=self.simulation.start)
        for ending in self.simulation.endings:
            if ending.id not in reached:
                yield self.document.problem(self._section(ending.id).line, "unreachable-ending")
        yield from self._check_best()
        yield from self._check_blank_forms()

    def _check_best(self) -> Iterator[Diagnostic]:
        for flags in _draws(self.simulation):
            last = self.simulation.best_path(flags)[-1].place
            ending = self.simulation.endings_by_id[last]
            if ending.colour != "green":
                fields = {"colour": ending.colour, "ending": last, "flags": tuple(sorted(flags)) or None}
                yield self.document.problem(self._section(last).line, "best-path-ends-badly", **fields)
                return

    def _check_blank_forms(self) -> Iterator[Diagnostic]:
        for node in self.simulation.nodes.values():
            ends = _ends_with_blank(self.simulation, node) if node.parts else ()
            if ending := next((end for end in ends if self.simulation.endings_by_id[end].colour == "green"), ""):
                yield self.document.problem(self._section(node.id).line, "blank-form-ends-green", ending=ending)

    def check_length(self) -> Iterator[Diagnostic]:
        average, longest = average_minutes(self.simulation), longest_minutes(self.simulation)
        if average > MAX_AVERAGE_MINUTES:
            yield self.document.problem(1, "average-run-too-long", minutes=average, most=MAX_AVERAGE_MINUTES)
        if longest > 2 * MAX_AVERAGE_MINUTES:
            yield self.document.problem(1, "longest-run-too-long", minutes=longest, most=MAX_AVERAGE_MINUTES)

    def check_players(self, *, is_source: bool) -> Iterator[Diagnostic]:
        few = is_few(self.simulation)
        for played in played_by_all(self.simulation, self.document.language, is_source=is_source):
            if played.is_beyond and (played.player == LAZY or not few):
                fields = {"share": played.done_percent, "most": played.most_percent}
                yield self.document.problem(1, "passes-untaught", player=played.player, **fields)


def _ways(simulation: Simulation) -> dict[str, set[str]]:
    """Return node id → targets of its choices, and the node that replaces it if its condition is not met."""
    return {
        node.id: {choice.target for choice in node.choices} | ({node.otherwise} if node.otherwise else set())
        for node in simulation.nodes.values()
    }


def average_minutes(simulation: Simulation) -> float:
    """Return the average reading minutes of RUNS random attempts, without endings. May never return if faulty."""
    seconds = {node.id: _node_seconds(node) for node in simulation.nodes.values()}
    random = Random(SEED)
    durations = [sum(seconds[state.place] for state, _, _ in simulation.random_path(random)[:-1]) for _ in range(RUNS)]
    return sum(durations) / RUNS / 60


def longest_minutes(simulation: Simulation) -> float:
    """Return the reading minutes of the longest path without its ending, ignoring conditions. Raise `CycleError`."""
    longest = dict.fromkeys([END, *simulation.endings_by_id], 0.0)
    for node_id in TopologicalSorter(_ways(simulation)).static_order():
        if node := simulation.nodes.get(node_id):
            onward = max(longest[choice.target] for choice in node.choices)
            longest[node_id] = max(_node_seconds(node) + onward, longest.get(node.otherwise, 0.0))
    return longest[simulation.start] / 60


def _node_seconds(node: Node) -> float:
    texts = [choice.text for choice in node.choices if not choice.is_timeout] + [part.text for part in node.parts]
    reasons = [choice.reason for choice in node.choices]
    longest = max(map(reading_seconds, reasons), default=0.0)
    return reading_seconds(node.title) + reading_seconds(node.text) + sum(map(reading_seconds, texts)) + longest


def _find_circle(graph: dict[str, set[str]]) -> str:
    """Return the id of the first node in the file that is part of a cycle, or ""."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return next(node for node in graph if node in error.args[1])
    return ""


def _draws(simulation: Simulation) -> list[frozenset[str]]:
    draws = [frozenset[str]()]
    for name, odds in simulation.chance.items():
        ways = [frozenset({flag}) for flag in odds] if isinstance(odds, tuple) else [frozenset(), frozenset({name})]
        draws = [draw | way for draw in draws for way in ways]
    return draws


def _ends_with_blank(simulation: Simulation, form: Node) -> Iterator[str]:
    """Yield endings of attempts that leave the form blank and else take the best choice, or any if none is judged."""
    seen: set[tuple[str, frozenset[str], tuple[int, ...], bool]] = set()
    waiting = [(simulation.begin(draw), False) for draw in _draws(simulation)]
    while waiting:
        state, is_blank = waiting.pop()
        key = state.place, state.flags, tuple(state.meters.values()), is_blank
        if key in seen:
            continue
        seen.add(key)
        node = simulation.nodes.get(state.place)
        if node is None:
            if is_blank:
                yield state.place
            continue
        best, parts = simulation.best(state)
        ways = [(best, parts)] if node.is_judged else [(way, ()) for way in simulation.offered(state)]
        if node.id == form.id:
            ways = [(best, ()), *([] if node.timeout is None else [(node.timeout, ())])]
        waiting += [(simulation.decide(state, *way), is_blank or node.id == form.id) for way in ways]


Met = str | tuple[str, int]  # the id of a node or an ending; a line of it


def _places(simulation: Simulation) -> set[Met]:
    # Random attempts mostly reach everything, and cost less than a search.
    pieces = _pieces(simulation)
    everything: set[Met] = {piece.id for piece in pieces}
    everything |= {(piece.id, number) for piece in pieces for number in range(len(piece.lines))}
    random = Random(SEED)
    states = [state for _ in range(RUNS) for state, _, _ in simulation.random_path(random)]
    met = {one for state in states for one in _met(simulation, state)}
    return met if met == everything else met | _searched(simulation, everything - met)


def _pieces(simulation: Simulation) -> list[Node | Ending]:
    return [*simulation.nodes.values(), *simulation.endings]


def _met(simulation: Simulation, state: SimulationState) -> Iterator[Met]:
    yield state.place
    piece = simulation.nodes.get(state.place) or simulation.endings_by_id[state.place]
    yield from ((piece.id, number) for number, line in enumerate(piece.lines) if state.seen_by(line.condition))


def _searched(simulation: Simulation, missing: set[Met]) -> set[Met]:
    """Search all states for nodes, endings and lines that can be met; stop once `missing` are found."""
    lines = (line for piece in _pieces(simulation) for line in piece.lines)
    conditions = [*simulation.conditions, *(line.condition for line in lines)]
    flags = set().union(*(condition.flags for condition in conditions))
    meters = sorted(set().union(*(condition.meters for condition in conditions)))

    reached: set[Met] = set()
    seen: set[tuple[str, frozenset[str], tuple[int, ...]]] = set()
    waiting = [simulation.begin(draw) for draw in _draws(simulation)]
    while waiting and not missing <= reached:
        state = waiting.pop()
        # States that no condition can distinguish are the same state.
        key = state.place, state.flags & flags, tuple(state.meters[meter] for meter in meters)
        if key not in seen:
            seen.add(key)
            reached.update(_met(simulation, state))
            waiting += _next_states(simulation, state)
    return reached


def _next_states(simulation: Simulation, state: SimulationState) -> Iterator[SimulationState]:
    node = simulation.nodes.get(state.place)
    if node is None:
        return
    ways = [*simulation.offered(state), *([] if node.timeout is None else [node.timeout])]
    places = range(len(node.parts))
    picks = [pick for size in range(len(node.parts) + 1) for pick in combinations(places, size)]
    yield from (simulation.decide(state, way, pick) for way in ways for pick in picks)
