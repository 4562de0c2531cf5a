"""The line at the foot of a situation, which shows the way so far. Lengths are units of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class PathStop:
    """A stop on the line; `look` is "done", "bad", "now" or "end"."""

    x: int
    y: int
    look: str


@dataclass(frozen=True)
class PathLine:
    """`ways` are (look, the path's `d`); `end` is the width of the drawing."""

    stops: tuple[PathStop, ...]
    ways: tuple[tuple[str, str], ...]
    end: int


STOP, LEVEL, ASTRAY, EDGE = 48, 16, 32, 12


def path_behind(are_astray: Sequence[bool], ahead: int) -> PathLine:
    """`are_astray` tells of each decision whether it led astray; `ahead` counts the situations to come and this one."""
    xs = [EDGE + STOP * number for number in range(len(are_astray) + 1)]
    ys = [*(ASTRAY if astray else LEVEL for astray in are_astray), LEVEL]
    looks = [*("bad" if astray else "done" for astray in are_astray), "now" if ahead else "end"]
    stops = tuple(PathStop(x, y, look) for x, y, look in zip(xs, ys, looks, strict=True))
    ways = [way_between(stop, following) for stop, following in pairwise(stops)]
    end = xs[-1] + STOP * ahead
    if ahead:
        ways.append(("ahead", f"M{xs[-1]} {LEVEL}H{end}"))
    return PathLine(stops, tuple(ways), end + EDGE)


def way_between(stop: PathStop, following: PathStop) -> tuple[str, str]:
    """(look, curve)"""
    look = "off" if "bad" in (stop.look, following.look) else "way"
    middle = (stop.x + following.x) // 2
    return look, f"M{stop.x} {stop.y}C{middle} {stop.y} {middle} {following.y} {following.x} {following.y}"
