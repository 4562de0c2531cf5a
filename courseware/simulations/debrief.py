"""Debrief of a finished attempt: ending, worst decision, and rating and reason of each decision."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from courseware.content.models import Document
from courseware.course_format.simulations.simulation import (
    MOST_TIMEOUTS,
    RATING_POINTS,
    Ending,
    Node,
    NodeChoice,
    Part,
    Simulation,
)
from courseware.lib.text.fractions_text import AnonymousShare, Share
from courseware.simulations.models import Decision, SimulationAttempt
from courseware.simulations.replay import AttemptReplay, ReplayStep

GRAVE = ("critical", "harmful", "weak")  # ratings of mistakes, the worst first
MOST_OPEN = 4  # decisions shown at length; the others can be opened


SharesOfChoices = Mapping[str, tuple[Share, ...]]  # situation id → shares of its choices, in their order


Counting = Callable[[Document, Collection[Node]], SharesOfChoices]


_registered: list[Counting] = []


def register_peer_choices(counting: Counting) -> None:
    """Register the function that `chosen_by_peers` calls. It must leave out situations that may not be disclosed."""
    _registered[:] = [counting]


def chosen_by_peers(simulation: Document, nodes: Collection[Node]) -> SharesOfChoices:
    """Return situation id → shares of its choices in the whole company, only for `nodes` that may be disclosed."""
    return _registered[0](simulation, nodes) if nodes and _registered else {}


def chose_best(node: Node, best: int, shares: tuple[Share, ...]) -> Share:
    """Return the share of people whose choice was as good as the one at position `best`. `shares`: one per choice."""
    quality = node.choices[best].quality
    count = sum(share.count for choice, share in zip(node.choices, shares, strict=True) if choice.quality == quality)
    return AnonymousShare(count, shares[0].people)


@dataclass(frozen=True)
class MeterChange:
    label: str
    value: int
    change: int

    @property
    def signed(self) -> str:
        return f"{self.change:+d}".replace("-", "−")  # +5, −30


@dataclass(frozen=True)
class BuiltPart:
    part: Part
    is_picked: bool

    @property
    def is_right(self) -> bool:
        return self.is_picked is self.part.belongs


@dataclass(frozen=True)
class Reviewed:
    """`worth`: see `rating_of`. `best`: None if the choice was as good or is not rated. `colleagues`: share of people
    who chose as well as `best`; None if not disclosed. `is_new`: made in this attempt, not before a what-if began.
    """

    position: int
    node: Node
    choice: NodeChoice
    worth: str
    decision: Decision
    changes: tuple[MeterChange, ...]
    best: NodeChoice | None
    parts: tuple[BuiltPart, ...]
    is_new: bool
    colleagues: Share | None = None

    @property
    def seconds(self) -> int:
        return round(self.decision.milliseconds / 1000)

    @property
    def is_bent(self) -> bool:
        return self.worth in GRAVE

    @property
    def ways(self) -> int:
        return len(self.node.choices) - 1  # without the one made


@dataclass(frozen=True)
class Debrief:
    """`best_ending`, `max_points`: of the best possible attempt with the same flags."""

    run: SimulationAttempt
    ending: Ending
    best_ending: Ending
    reviewed: tuple[Reviewed, ...]
    max_points: int
    timeouts: int

    @property
    def has_too_many_timeouts(self) -> bool:
        return self.timeouts > MOST_TIMEOUTS

    @property
    def counts(self) -> list[tuple[str, int]]:
        number = Counter(each.worth for each in self.reviewed)
        return [(worth, number[worth]) for worth in RATING_POINTS if number[worth]]

    @property
    def critical(self) -> list[Reviewed]:
        return [each for each in self.reviewed if each.worth == "critical"]

    @cached_property
    def open_positions(self) -> set[int]:
        """Positions of the decisions shown at length: the worst ones, at most MOST_OPEN."""
        grave = [each for worth in GRAVE for each in self.reviewed if each.worth == worth]
        return {each.position for each in grave[:MOST_OPEN]}

    @property
    def shows_peer_choices(self) -> bool:
        return any(each.colleagues for each in self.reviewed)

    @property
    def fork(self) -> Reviewed | None:
        """The worst decision, where another choice is best tried first."""
        return next((each for worth in GRAVE for each in self.reviewed if each.worth == worth), None)


def debrief_of(replay: AttemptReplay, texts: Simulation) -> Debrief:
    """Return the debrief of a finished attempt. `texts`: the simulation in the reader's language. Runs a query."""
    best = replay.rules.best_path(replay.run.flags)[-1]
    # Messages composed of parts are not counted: they are no choice between options.
    passed = [node for step in replay.steps if not (node := replay.rules.nodes[step.before.place]).parts]
    chosen = chosen_by_peers(replay.run.simulation, passed)
    return Debrief(
        run=replay.run,
        ending=texts.endings_by_id[replay.state.place].heard(replay.state),
        best_ending=texts.endings_by_id[best.place],
        reviewed=tuple(reviewed(replay, step, texts, chosen) for step in replay.steps),
        max_points=replay.best_points,
        timeouts=replay.timeouts,
    )


def reviewed(replay: AttemptReplay, step: ReplayStep, texts: Simulation, chosen: SharesOfChoices) -> Reviewed:
    node = texts.nodes[step.before.place]
    best, _parts = replay.rules.best(step.before)
    is_forked = node.is_judged and node.choices[step.place].quality != node.choices[best].quality
    return Reviewed(
        position=step.position,
        node=node,
        choice=node.choices[step.place],
        worth=rating_of(replay.rules, step),
        decision=step.decision,
        changes=meter_changes(step, texts),
        best=node.choices[best] if is_forked else None,
        parts=tuple(BuiltPart(part, position in step.picked) for position, part in enumerate(node.parts)),
        is_new=step.decision.run_id == replay.run.pk,
        colleagues=chose_best(node, best, chosen[node.id]) if is_forked and node.id in chosen else None,
    )


def rating_of(rules: Simulation, step: ReplayStep) -> str:
    """Return the rating of a decision (key of RATING_POINTS), by the choice and not by its result; "" if not rated."""
    node, choice = rules.nodes[step.before.place], step.choice(rules)
    if choice.worth or not node.parts:
        return choice.worth
    _best, parts = rules.best(step.before)
    return "best" if set(step.picked) == set(parts) else "weak"


def meter_changes(step: ReplayStep, texts: Simulation) -> tuple[MeterChange, ...]:
    return tuple(
        MeterChange(label, step.after.meters[meter], step.changes[meter])
        for meter, label in texts.meters.items()
        if meter in step.changes
    )
