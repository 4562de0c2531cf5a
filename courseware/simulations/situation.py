"""A situation as shown during an attempt, without targets, effects, reasons and ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from courseware.course_format.simulations.simulation import Node, Simulation
from courseware.learning.lessons.question_rendering import shuffle_for
from courseware.simulations.debrief import MeterChange, meter_changes
from courseware.simulations.models import Decision
from courseware.simulations.replay import AttemptReplay, ReplayStep
from courseware.simulations.timing import MILLISECOND, Clock, arrivals, clock_of


@dataclass(frozen=True)
class PathStop:
    """`look`: "done", "bad", "now" or "end"."""

    x: int
    y: int
    look: str


@dataclass(frozen=True)
class PathLine:
    """Drawing of the situations so far. `ways`: (look, attribute `d` of the path). `end`: width."""

    stops: tuple[PathStop, ...]
    ways: tuple[tuple[str, str], ...]
    end: int


STOP, LEVEL, ASTRAY, EDGE = 48, 16, 32, 12


def path_behind(are_astray: Sequence[bool], ahead: int) -> PathLine:
    """Return the drawing. `are_astray`: whether each decision was bad. `ahead`: situations left, with this one."""
    xs = [EDGE + STOP * number for number in range(len(are_astray) + 1)]
    ys = [*(ASTRAY if astray else LEVEL for astray in are_astray), LEVEL]
    looks = [*("bad" if astray else "done" for astray in are_astray), "now" if ahead else "end"]
    points = tuple(PathStop(x, y, look) for x, y, look in zip(xs, ys, looks, strict=True))
    ways = [way_between(point, following) for point, following in pairwise(points)]
    end = xs[-1] + STOP * ahead
    if ahead:
        ways.append(("ahead", f"M{xs[-1]} {LEVEL}H{end}"))
    return PathLine(points, tuple(ways), end + EDGE)


def way_between(point: PathStop, following: PathStop) -> tuple[str, str]:
    look = "off" if "bad" in (point.look, following.look) else "way"
    middle = (point.x + following.x) // 2
    return look, f"M{point.x} {point.y}C{middle} {point.y} {middle} {following.y} {following.x} {following.y}"


@dataclass(frozen=True)
class ShownLine:
    """`arrives`: milliseconds until the line appears."""

    who: str
    html: str
    arrives: int


@dataclass(frozen=True)
class Offer:
    """A choice or part. `key`: number to press. `value`: position in the file, sent by the form."""

    key: int
    value: int
    html: str
    was_taken: bool = False


@dataclass(frozen=True)
class ShownClock:
    """`seconds`: full length. `wait`: milliseconds until the clock starts. `left`: milliseconds that it then runs."""

    seconds: int
    wait: int
    left: int


@dataclass(frozen=True)
class Consequence:
    html: str
    is_timeout: bool
    changes: tuple[MeterChange, ...]


@dataclass(frozen=True)
class Situation:
    """`about`: expected number of situations. `comes_in`: a call, but not the first situation. `is_alarmed`: an alarm
    is or was shown.
    """

    position: int
    about: int
    node: Node
    lines: tuple[ShownLine, ...]
    parts: tuple[Offer, ...]
    choices: tuple[Offer, ...]
    meters: tuple[MeterChange, ...]
    last: Consequence | None
    clock: ShownClock | None
    path: PathLine
    comes_in: bool
    is_alarmed: bool


def situation_of(replay: AttemptReplay, texts: Simulation, at: datetime) -> Situation:
    """Return the current situation at `at`; KeyError at an ending. `texts`: the simulation in the reader's language."""
    shown_at = min(replay.run.shown_at, at)  # the server's clock may have been set back
    clock = clock_of(replay.node, replay.run.clock_timing, shown_at)
    node, last = texts.nodes[replay.node.id].heard(replay.state), replay.steps[-1] if replay.steps else None
    parts, choices = offers(replay, texts)
    return Situation(
        position=replay.position,
        about=replay.position - 1 + replay.ahead,
        node=node,
        lines=shown_lines(node, clock, at),
        parts=parts,
        choices=choices,
        meters=meters(replay, texts),
        last=consequence(last, texts) if last else None,
        clock=shown_clock(clock, at) if clock.seconds else None,
        path=path_behind([step.is_astray(replay.rules) for step in replay.steps], replay.ahead),
        comes_in=bool(replay.steps) and node.kind == "call" and bool(node.display),
        is_alarmed=node.kind == "alarm" or any(texts.nodes[each.before.place].kind == "alarm" for each in replay.steps),
    )


def shown_lines(node: Node, clock: Clock, at: datetime) -> tuple[ShownLine, ...]:
    elapsed = (at - clock.shown_at) / MILLISECOND
    times = arrivals(node, clock.reading)
    return tuple(
        ShownLine(line.who, line.text, max(0, round(time - elapsed)))
        for line, time in zip(node.lines, times, strict=True)
    )


def offers(replay: AttemptReplay, texts: Simulation) -> tuple[tuple[Offer, ...], tuple[Offer, ...]]:
    """Return (parts, choices) in display order, the same in every language."""
    node, before = texts.nodes[replay.state.place], taken_before(replay)
    choices, parts = replay.rules.shown(replay.state, shuffle_for(f"run:{replay.run.pk}:{node.id}"))
    return (
        tuple(Offer(key, position, node.parts[position].text) for key, position in enumerate(parts, start=1)),
        tuple(
            Offer(key, position, node.choices[position].text, was_taken=position == before)
            for key, position in enumerate(choices, start=len(parts) + 1)
        ),
    )


def taken_before(replay: AttemptReplay) -> int | None:
    """Return the choice (position) of the original attempt where a what-if attempt begins; elsewhere None."""
    attempt = replay.run
    if not attempt.is_practice or replay.position != attempt.what_if_at:
        return None
    return (
        Decision.objects.filter(run=attempt.what_if_of_id, position=attempt.what_if_at)
        .values_list("place", flat=True)
        .first()
    )


def meters(replay: AttemptReplay, texts: Simulation) -> tuple[MeterChange, ...]:
    changes = replay.steps[-1].changes if replay.steps else {}
    return tuple(
        MeterChange(label, replay.state.meters[meter], changes.get(meter, 0)) for meter, label in texts.meters.items()
    )


def consequence(step: ReplayStep, texts: Simulation) -> Consequence:
    choice = texts.nodes[step.before.place].choices[step.place]
    return Consequence(choice.text, step.decision.is_timeout, meter_changes(step, texts))


def shown_clock(clock: Clock, at: datetime) -> ShownClock:
    wait = max(timedelta(0), clock.starts_at - at)
    left = max(timedelta(0), clock.ends_at - max(at, clock.starts_at))
    return ShownClock(clock.seconds, round(wait / MILLISECOND), -(-left // MILLISECOND))
