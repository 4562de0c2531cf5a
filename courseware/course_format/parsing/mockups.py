"""Screens, written as text and drawn by the product: what stands on them, place by place (docs/formats.md §4)."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from courseware.course_format.parsing.blocks import PHONE, SCREEN, Mockup
from courseware.course_format.parsing.speech import CutLine, cut_speech

TEXT, MESSAGES, TABLE = "text", "messages", "table"


@dataclass(frozen=True)
class MockupKind:
    """Keys it needs, `further` keys it may have, and what stands below; `may_be_bare`: nothing needs to."""

    needed: tuple[str, ...]
    further: tuple[str, ...]
    below: str = TEXT
    may_be_bare: bool = False


SCREENS: Mapping[str, MockupKind] = {
    "mail": MockupKind(("from", "subject"), ("address", "to", "time", "attachment")),
    "chat": MockupKind(("title",), ("me",), MESSAGES),
    "sms": MockupKind(("from",), ("on-file", "time")),
    "prompt": MockupKind(("title", "buttons"), ("app",), may_be_bare=True),
    PHONE: MockupKind(("number", "on-file"), ("line",), may_be_bare=True),
    "plan": MockupKind(("here",), ("exits", "smoke", "open"), TABLE),
}
ON_FILE = {"yes": True, "no": False}
PLACES = ("here", "exits", "smoke", "open")  # keys of a plan: each names places on it
UNSEEN = ("on-file", "me", *PLACES)  # keys whose values are drawn and not printed

_FACT = re.compile(r"[-*+][ \t]+(?P<key>[A-Za-z-]+)[ \t]*(?P<colon>[:：])[ \t]*(?P<value>.*)")
_RULE = re.compile(r"[-:| \t]+")


@dataclass(frozen=True)
class MockupField:
    key: str
    value: str
    line: int
    is_full_width: bool = False


@dataclass(frozen=True)
class MockupText:
    """`facts` are all that are given, `values` the first of each key; `body` is Markdown."""

    facts: tuple[MockupField, ...]
    body: str

    @property
    def values(self) -> dict[str, str]:
        return {fact.key: fact.value for fact in reversed(self.facts)}


@dataclass(frozen=True)
class PlanRoom:
    """A place on a plan, at a row and column and over how many; a gap has the name ""."""

    name: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


def read_screen(screen: Mockup) -> MockupText:
    facts = []
    lines = screen.text.split("\n")
    for number, line in enumerate(lines, start=screen.line + 1):
        match = _FACT.fullmatch(line.rstrip())
        if not match:
            break
        facts.append(MockupField(match["key"], match["value"], number, match["colon"] == "："))
    return MockupText(tuple(facts), "\n".join(lines[len(facts) :]).strip("\n"))


def listed(value: str) -> tuple[str, ...]:
    """The parts of a value, separated by "|"."""
    return tuple(part.strip() for part in value.split("|") if part.strip())


def messages_of(body: str) -> tuple[CutLine, ...]:
    return cut_speech("\n".join(f"> {line}" for line in body.split("\n")))


def grid_of(body: str) -> list[list[str]]:
    """The cells of a table, all rows equally long."""
    lines = [line.strip() for line in body.split("\n") if line.strip()]
    cells = [
        [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        for line in lines
        if not _RULE.fullmatch(line)
    ]
    columns = max(map(len, cells), default=0)
    return [row + [""] * (columns - len(row)) for row in cells]


def rooms_of(grid: list[list[str]]) -> list[PlanRoom]:
    """Cells of one name that make a rectangle are one place."""
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, names in enumerate(grid):
        for column, name in enumerate(names):
            places[name].append((row, column))
    rooms = [room for name, cells in places.items() for room in _rooms(name, cells)]
    return sorted(rooms, key=lambda room: (room.row, room.column))


def _rooms(name: str, cells: list[tuple[int, int]]) -> Iterator[PlanRoom]:
    (top, left), (bottom, right) = map(min, zip(*cells, strict=True)), map(max, zip(*cells, strict=True))
    if name and (bottom - top + 1) * (right - left + 1) == len(cells):
        yield PlanRoom(name, top, left, bottom - top + 1, right - left + 1)
    else:
        yield from (PlanRoom(name, row, column) for row, column in cells)


def printed_on(screen: Mockup) -> list[str]:
    text = read_screen(screen)
    pieces = [fact.value for fact in text.facts if fact.key not in UNSEEN]
    if screen.kind == "plan":
        return pieces + [room.name for room in rooms_of(grid_of(text.body)) if room.name]
    return pieces + [piece for piece in re.split(r"\n[ \t]*\n", text.body) if piece.strip()]


def outline_of(screen: Mockup) -> str:
    """What is the same in every language: keys, lengths of lists, and the amount of text below."""
    text = read_screen(screen)
    keys = [_outline_of_fact(screen.kind, fact, text) for fact in text.facts]
    return " ".join([f"[!{SCREEN} {screen.kind}]", *keys, *_amounts(screen.kind, text.body)])


def _outline_of_fact(kind: str, fact: MockupField, text: MockupText) -> str:
    if fact.key == "on-file":
        return f"{fact.key}={fact.value}"
    if kind == "plan":  # a place is known by its number on the plan
        names = [room.name for room in rooms_of(grid_of(text.body))]
        places = sorted(names.index(name) + 1 for name in listed(fact.value) if name in names)
        return f"{fact.key}={','.join(map(str, places))}"
    return f"{fact.key}={len(listed(fact.value))}" if fact.key == "buttons" else fact.key


def _amounts(kind: str, body: str) -> Iterator[str]:
    if kind == "plan":
        yield from (f"{room.columns}×{room.rows}" for room in rooms_of(grid_of(body)))
    elif kind == "chat":
        yield str(len(messages_of(body)))
    else:
        yield str(len(re.findall(r"\S[^\n]*(?:\n[ \t]*\S[^\n]*)*", body)))
