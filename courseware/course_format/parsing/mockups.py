"""Mockups (example screens): their keys and content, as written in Markdown (docs/formats.md §4)."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from courseware.course_format.parsing.blocks import PHONE, SCREEN, Mockup
from courseware.course_format.parsing.speech import CutLine, cut_speech

TEXT, MESSAGES, TABLE = "text", "messages", "table"


@dataclass(frozen=True)
class MockupKind:
    """`needed` and `further`: required and optional keys; `below`: kind of content, optional if `may_be_bare`."""

    needed: tuple[str, ...]
    further: tuple[str, ...]
    below: str = TEXT
    may_be_bare: bool = False


MOCKUP_KINDS: Mapping[str, MockupKind] = {
    "mail": MockupKind(("from", "subject"), ("address", "to", "time", "attachment")),
    "chat": MockupKind(("title",), ("me",), MESSAGES),
    "sms": MockupKind(("from",), ("on-file", "time")),
    "prompt": MockupKind(("title", "buttons"), ("app",), may_be_bare=True),
    PHONE: MockupKind(("number", "on-file"), ("line",), may_be_bare=True),
    "plan": MockupKind(("here",), ("exits", "smoke", "open"), TABLE),
}
ON_FILE = {"yes": True, "no": False}
PLACES = ("here", "exits", "smoke", "open")  # keys of a floor plan: each names rooms on it
UNSEEN = ("on-file", "me", *PLACES)  # keys whose values are drawn and not printed

_FACT = re.compile(r"[-*+][ \t]+(?P<key>[A-Za-z-]+)[ \t]*(?P<colon>[:：])[ \t]*(?P<value>.*)")
_RULE = re.compile(r"[-:| \t]+")


@dataclass(frozen=True)
class MockupField:
    """A key of an example screen. `is_full_width`: it is written with a full-width colon."""

    key: str
    value: str
    line: int
    is_full_width: bool = False


@dataclass(frozen=True)
class MockupText:
    """`facts`: all keys as written; `values`: the first value of each key; `body`: Markdown below them."""

    facts: tuple[MockupField, ...]
    body: str

    @property
    def values(self) -> dict[str, str]:
        return {field.key: field.value for field in reversed(self.facts)}


@dataclass(frozen=True)
class PlanRoom:
    """A room on a floor plan: row and column from 0, and its size in cells. A gap has the name ""."""

    name: str
    row: int
    column: int
    rows: int = 1
    columns: int = 1


def parse_mockup(mockup: Mockup) -> MockupText:
    facts = []
    lines = mockup.text.split("\n")
    for number, line in enumerate(lines, start=mockup.line + 1):
        match = _FACT.fullmatch(line.rstrip())
        if not match:
            break
        facts.append(MockupField(match["key"], match["value"], number, match["colon"] == "："))
    return MockupText(tuple(facts), "\n".join(lines[len(facts) :]).strip("\n"))


def listed(value: str) -> tuple[str, ...]:
    """Return the parts of a value between "|", stripped and not empty."""
    return tuple(part.strip() for part in value.split("|") if part.strip())


def messages_of(body: str) -> tuple[CutLine, ...]:
    """Return the messages in the body of a chat."""
    return cut_speech("\n".join(f"> {line}" for line in body.split("\n")))


def grid_of(body: str) -> list[list[str]]:
    """Return the cells of a Markdown table by row, all rows equally long."""
    lines = [line.strip() for line in body.split("\n") if line.strip()]
    cells = [
        [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        for line in lines
        if not _RULE.fullmatch(line)
    ]
    columns = max(map(len, cells), default=0)
    return [row + [""] * (columns - len(row)) for row in cells]


def rooms_of(grid: list[list[str]]) -> list[PlanRoom]:
    """Return the rooms by row and column. `grid`: from `grid_of`. Cells of one name are one room if they form a
    rectangle, else a room each. Empty cells are rooms without a name.
    """
    cells_of: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, names in enumerate(grid):
        for column, name in enumerate(names):
            cells_of[name].append((row, column))
    rooms = [room for name, cells in cells_of.items() for room in _rooms(name, cells)]
    return sorted(rooms, key=lambda room: (room.row, room.column))


def _rooms(name: str, cells: list[tuple[int, int]]) -> Iterator[PlanRoom]:
    (top, left), (bottom, right) = map(min, zip(*cells, strict=True)), map(max, zip(*cells, strict=True))
    if name and (bottom - top + 1) * (right - left + 1) == len(cells):
        yield PlanRoom(name, top, left, bottom - top + 1, right - left + 1)
    else:
        yield from (PlanRoom(name, row, column) for row, column in cells)


def printed_on(mockup: Mockup) -> list[str]:
    """Return all texts that an example screen prints."""
    text = parse_mockup(mockup)
    pieces = [field.value for field in text.facts if field.key not in UNSEEN]
    if mockup.kind == "plan":
        return pieces + [room.name for room in rooms_of(grid_of(text.body)) if room.name]
    return pieces + [piece for piece in re.split(r"\n[ \t]*\n", text.body) if piece.strip()]


def outline_of(mockup: Mockup) -> str:
    """Return a text that translations have to share: kind, keys, lengths of lists, number of paragraphs."""
    text = parse_mockup(mockup)
    keys = [_outline_of_fact(mockup.kind, field, text) for field in text.facts]
    return " ".join([f"[!{SCREEN} {mockup.kind}]", *keys, *_amounts(mockup.kind, text.body)])


def _outline_of_fact(kind: str, field: MockupField, text: MockupText) -> str:
    if field.key == "on-file":
        return f"{field.key}={field.value}"
    if kind == "plan":  # rooms are compared by their numbers on the plan
        names = [room.name for room in rooms_of(grid_of(text.body))]
        numbers = sorted(names.index(name) + 1 for name in listed(field.value) if name in names)
        return f"{field.key}={','.join(map(str, numbers))}"
    return f"{field.key}={len(listed(field.value))}" if field.key == "buttons" else field.key


def _amounts(kind: str, body: str) -> Iterator[str]:
    if kind == "plan":
        yield from (f"{room.columns}×{room.rows}" for room in rooms_of(grid_of(body)))
    elif kind == "chat":
        yield str(len(messages_of(body)))
    else:
        yield str(len(re.findall(r"\S[^\n]*(?:\n[ \t]*\S[^\n]*)*", body)))
