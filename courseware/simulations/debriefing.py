"""What a finished run shows: how it ended, where the learner's way forked off the best one, and for each decision its
reason and rule.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from courseware.content.models import Document
from courseware.language.simulations import MOST_TIMEOUTS, WORTH, Ending, Node, NodeChoice, Part, Simulation
from courseware.lib.shares import AnonymousShare, Share
from courseware.simulations.models import Decision, Run
from courseware.simulations.trails import Trail, TrailStep

GRAVE = ("critical", "harmful", "weak")  # where a way leaves the best one, the gravest first
MOST_OPEN = 4  # decisions that are told at length; the others are a line that opens


SharesOfChoices = Mapping[str, tuple[Share, ...]]  # id of a situation → of each of its choices, in their order


Counting = Callable[[Document, Collection[Node]], SharesOfChoices]


_registered: list[Counting] = []


def register_colleagues(counting: Counting) -> None:
    """It leaves out situations about which nothing may be said. Called by an app when it is ready."""
    _registered[:] = [counting]


def chosen_by_colleagues(simulation: Document, nodes: Collection[Node]) -> SharesOfChoices:
    """Runs a query where there are situations."""
    return _registered[0](simulation, nodes) if nodes and _registered else {}


def chose_best(node: Node, best: int, shares: tuple[Share, ...]) -> Share:
    """As good as the choice at place `best`, whatever they chose."""
    quality = node.choices[best].quality
    count = sum(share.count for choice, share in zip(node.choices, shares, strict=True) if choice.quality == quality)
    return AnonymousShare(count, shares[0].people)


@dataclass(frozen=True)
class MeterChange:
    """`value` is the one after the change."""

    label: str
    value: int
    change: int

    @property
    def signed(self) -> str:
        return f"{self.change:+d}".replace("-", "−")  # +5, −30


@dataclass(frozen=True)
class BuiltPart:
    """A part of a message that the learner put together."""

    part: Part
    is_picked: bool

    @property
    def is_right(self) -> bool:
        return self.is_picked is self.part.belongs


@dataclass(frozen=True)
class Reviewed:
    """One decision, explained in full. `position` is its number, as while playing; `worth` as in `worth_of`.

    `best` is the choice that would have been best, None if it was taken; then `colleagues` says how many chose so,
    where that may be said. `is_new` is False for the decisions that a branch shares with the run it starts from.
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
        return len(self.node.choices) - 1  # without the one that was taken


@dataclass(frozen=True)
class Debrief:
    """`best_ending` and `max_points` are those of the best run that chance gave the same flags; `timeouts` counts the
    situations in which the time ran out.
    """

    run: Run
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
        """(worth, how many decisions), the best first, of those that occurred."""
        number = Counter(each.worth for each in self.reviewed)
        return [(worth, number[worth]) for worth in WORTH if number[worth]]

    @property
    def critical(self) -> list[Reviewed]:
        return [each for each in self.reviewed if each.worth == "critical"]

    @cached_property
    def open_positions(self) -> set[int]:
        """Of the decisions that are told at length: the gravest, in the order they were made."""
        grave = [each for worth in GRAVE for each in self.reviewed if each.worth == worth]
        return {each.position for each in grave[:MOST_OPEN]}

    @property
    def tells_of_colleagues(self) -> bool:
        return any(each.colleagues for each in self.reviewed)

    @property
    def fork(self) -> Reviewed | None:
        """Where another way is best tried first: the gravest decision that was made."""
        return next((each for worth in GRAVE for each in self.reviewed if each.worth == worth), None)


def debrief_of(trail: Trail, texts: Simulation) -> Debrief:
    """Of a finished run. `texts` is the simulation in the reader's language. Runs a query."""
    best = trail.rules.best_run(trail.run.flags)[-1]
    # What was put together is no choice of one among others.
    passed = [node for step in trail.steps if not (node := trail.rules.nodes[step.before.place]).parts]
    chosen = chosen_by_colleagues(trail.run.simulation, passed)
    return Debrief(
        run=trail.run,
        ending=texts.endings_by_id[trail.state.place].heard(trail.state),
        best_ending=texts.endings_by_id[best.place],
        reviewed=tuple(reviewed(trail, step, texts, chosen) for step in trail.steps),
        max_points=trail.best_points,
        timeouts=trail.timeouts,
    )


def reviewed(trail: Trail, step: TrailStep, texts: Simulation, chosen: SharesOfChoices) -> Reviewed:
    node = texts.nodes[step.before.place]
    best, _parts = trail.rules.best(step.before)
    is_forked = node.is_judged and is_worse(node, step.place, best)
    return Reviewed(
        position=step.position,
        node=node,
        choice=node.choices[step.place],
        worth=worth_of(trail.rules, step),
        decision=step.decision,
        changes=meter_changes(step, texts),
        best=node.choices[best] if is_forked else None,
        parts=tuple(BuiltPart(part, place in step.picked) for place, part in enumerate(node.parts)),
        is_new=step.decision.run_id == trail.run.pk,
        colleagues=chose_best(node, best, chosen[node.id]) if is_forked and node.id in chosen else None,
    )


def is_worse(node: Node, place: int, best: int) -> bool:
    return node.choices[place].quality != node.choices[best].quality


def worth_of(rules: Simulation, step: TrailStep) -> str:
    """One of WORTH, by what was chosen and not by where it led; "" where a situation is not judged."""
    node, choice = rules.nodes[step.before.place], step.choice(rules)
    if choice.worth or not node.parts:
        return choice.worth
    _best, parts = rules.best(step.before)
    return "best" if set(step.picked) == set(parts) else "weak"


def meter_changes(step: TrailStep, texts: Simulation) -> tuple[MeterChange, ...]:
    return tuple(
        MeterChange(label, step.after.meters[meter], step.changes[meter])
        for meter, label in texts.meters.items()
        if meter in step.changes
    )
