"""The line at the foot of a situation: the way so far. Lengths are units of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class PathStop:
    """A stop of the line behind a run; `look` is done, bad, now or end."""

    x: int
    y: int
    look: str


@dataclass(frozen=True)
class PathLine:
    """The line at the foot of a situation: what is behind, where one is, about how much is ahead."""

    stops: tuple[PathStop, ...]
    ways: tuple[tuple[str, str], ...]  # (look, d)
    end: int


STOP, LEVEL, ASTRAY, EDGE = 48, 16, 32, 12


def path_behind(are_astray: Sequence[bool], ahead: int) -> PathLine:
    """`are_astray` says of each decision whether it led astray; `ahead` counts the situations to come, this one too."""
    xs = [EDGE + STOP * number for number in range(len(are_astray) + 1)]
    ys = [*(ASTRAY if astray else LEVEL for astray in are_astray), LEVEL]
    looks = [*("bad" if astray else "done" for astray in are_astray), "now" if ahead else "end"]
    stops = tuple(PathStop(x, y, look) for x, y, look in zip(xs, ys, looks, strict=True))
    ways = []
    for one, other in pairwise(stops):
        look = "off" if "bad" in (one.look, other.look) else "way"
        middle = (one.x + other.x) // 2
        ways.append((look, f"M{one.x} {one.y}C{middle} {one.y} {middle} {other.y} {other.x} {other.y}"))
    end = xs[-1] + STOP * ahead
    if ahead:
        ways.append(("ahead", f"M{xs[-1]} {LEVEL}H{end}"))
    return PathLine(stops, tuple(ways), end + EDGE)
