"""Read a list of people from a file: its rows, and the cells that cannot be used."""

import fcntl
import os
import re
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from courseware.accounts.models import CellFault, plain_staff_number
from courseware.accounts.roster_import.columns import (
    COLUMN_OF,
    IDENTITIES,
    LANGUAGE_OF,
    ROLE_OF,
    cell_name,
    column_of,
    day_of,
    folded,
    recognised,
)
from courseware.accounts.roster_import.file_formats import ROWS_ABOVE_HEADINGS, Table, prepare, read_table
from courseware.lib.side_process import MachineBusy, NoAnswer, SideProcess
from courseware.lib.text.names import visible

MOST_BYTES = 20 * 1024 * 1024
SECONDS = 20  # of a processor
PATIENCE = 10  # seconds that an upload waits while another list is read
LOCK = Path(tempfile.gettempdir()) / f"courseware-{os.getuid()}-reads-a-list.lock"
SHOWN = 80  # characters of a bad cell
Reader = Callable[[str], Any]  # a cell; raises NotUsable
UNPRINTABLE = {"Cc", "Cs"}  # control signs and halves of signs


class ListRefused(Exception):
    """The whole file cannot be used; `code` is a key of `sentences.REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Row:
    """`values`: what the row says, by field of the person, with `team` and `role`; empty cells are left out."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)  # field → name of its cell
    problems: list[CellFault] = field(default_factory=list)


@dataclass
class ParsedRoster:
    rows: list[Row]
    columns: list[str]  # the fields for which there is a column
    unknown: list[str] = field(default_factory=list)  # headings that are passed over
    encoding: str = ""
    bare_numbers: bool = False  # staff numbers are kept as numbers: zeros before them are lost


def read_listing(data: bytes, encoding: str = "", patience: float = PATIENCE) -> ParsedRoster:
    """Raises ListRefused."""
    return understood(read_beside(data, encoding, patience))


def read_beside(data: bytes, encoding: str = "", patience: float = PATIENCE) -> Table:
    """Read in a separate process, one list at a time. Raises ListRefused: "busy" after `patience` seconds."""
    if len(data) > MOST_BYTES:
        raise ListRefused("too-large")
    with only_reader(patience):
        beside = SideProcess(prepare)
        try:
            table: Table = beside.run(read_table, data, encoding, seconds=SECONDS)
        except MachineBusy:  # which says nothing about the file
            raise ListRefused("busy") from None
        except NoAnswer:
            raise ListRefused("unreadable") from None
        finally:
            beside.end()
    if table.refusal:
        raise ListRefused(table.refusal)
    return table


@contextmanager
def only_reader(patience: float) -> Iterator[None]:
    """Hold the lock of all server processes of this machine: a reader may take 512 MB. Released at exit."""
    until = time.monotonic() + patience
    file = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while not is_locked(file):
            if time.monotonic() >= until:
                raise ListRefused("busy")
            time.sleep(0.1)
        yield
    finally:
        os.close(file)


def is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def understood(sheet: Table, sort: "ListSort | None" = None) -> ParsedRoster:
    """Interpret as a list of people, or of another sort. Raises ListRefused, also without an identifying heading."""
    if sheet.refusal:
        raise ListRefused(sheet.refusal)
    sort = sort or PEOPLE
    at = heading_row(sheet.rows, sort.columns)
    fields, unknown = fields_named(sheet.rows[at], sort.columns)
    rows = [
        read_row(cells, line, fields, sort.read)
        for line, cells in enumerate(sheet.rows[at + 1 :], start=at + 2)
        if any(cells)
    ]
    if not rows:
        raise ListRefused("empty")
    bare = any(fields.get(place) == "staff_number" for place in sheet.numbers)
    return ParsedRoster(rows, list(fields.values()), unknown, sheet.encoding, bare)


def fields_named(headings: list[str], columns: Mapping[str, str]) -> tuple[dict[int, str], list[str]]:
    fields: dict[int, str] = {}
    unknown = []
    for place, heading in enumerate(headings):
        name = column_of(heading, columns)
        if name and name not in fields.values():
            fields[place] = name
        elif heading:
            unknown.append(printable(heading))  # kept as JSON, in which PostgreSQL takes no NUL
    return fields, unknown


def heading_row(rows: list[list[str]], columns: Mapping[str, str]) -> int:
    """The row with the most headings; a title may stand above it."""
    first = range(min(len(rows), ROWS_ABOVE_HEADINGS))
    best = max(first, key=lambda at: len(recognised(rows[at], columns)))
    if not recognised(rows[best], columns) & {*IDENTITIES}:
        raise ListRefused("no-headings")
    return best


def read_row(cells: list[str], line: int, fields: dict[int, str], read: Mapping[str, "Reader"]) -> Row:
    row = Row(line)
    for place, name in fields.items():
        stood = cells[place] if place < len(cells) else ""
        row.cells[name] = cell_name(place + 1, line)
        if not stood:
            continue
        try:
            row.values[name] = read[name](stood)
        except NotUsable as fault:
            row.problems.append(CellFault(row.cells[name], name, printable(stood), fault.code))
    return row


class NotUsable(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def printable(text: str) -> str:
    shown = "".join("�" if unicodedata.category(sign) in UNPRINTABLE else sign for sign in text[: SHOWN + 1])
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"


def clean(text: str, longest: int) -> str:
    """Without line breaks and invisible signs."""
    text = " ".join(text.split())
    if len(text) > longest:
        raise NotUsable("long")
    if any(unicodedata.category(sign) in UNPRINTABLE for sign in text):
        raise NotUsable("signs")
    return visible(text)


def staff_number(text: str) -> str:
    number = plain_staff_number(clean(text, 40))
    if re.fullmatch(r"\d[.,]?\d*E\+\d+", number) or not any(map(str.isalnum, number)) or number[0] in "=@":
        raise NotUsable("staff-number")
    return number


def person_name(text: str) -> str:
    name = clean(text, 120)
    if name[:1] in "=+-@＝＋－＠" or not any(map(str.isalpha, name)):
        raise NotUsable("name")
    return name


def address(text: str) -> str:
    email = folded(clean(text, 254)).removeprefix("mailto:")
    try:
        validate_email(email)
    except ValidationError:
        raise NotUsable("email") from None
    return email


def team_path(text: str) -> str:
    """Normalized, from the topmost team on: A/B."""
    names = [" ".join(name.split()) for name in re.split(r"[/>\\|›»／＞＼｜]", clean(text, 1000))]
    if not any(names):
        raise NotUsable("team")
    return "/".join(name for name in names if name)


def word_of(words: dict[str, str], code: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = folded(text).replace("_", "-")
        if word not in words:
            raise NotUsable(code)
        return words[word]

    return read


def day(text: str) -> date:
    found = day_of(text)
    if not found or not 1900 <= found.year <= 2200:
        raise NotUsable("day")
    return found


READ: dict[str, Reader] = {
    "staff_number": staff_number,
    "name": person_name,
    "email": address,
    "team": team_path,
    "role": word_of(ROLE_OF, "role"),
    "language": word_of(LANGUAGE_OF, "language"),
    "post": lambda text: clean(text, 120),
    "starts_on": day,
    "leaves_on": day,
}


@dataclass(frozen=True)
class ListSort:
    """`columns`: folded heading → field. `read`: field → how its cells are read."""

    columns: Mapping[str, str]
    read: Mapping[str, Reader]


PEOPLE = ListSort(COLUMN_OF, READ)
