"""Parse a list of people from a file: its rows, and the cells that cannot be used."""

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
from courseware.lib.side_process import MachineBusy, SideProcess, WorkNotDone
from courseware.lib.text.names import visible

MOST_BYTES = 20 * 1024 * 1024
SECONDS = 20  # processor time
PATIENCE = 10  # seconds that an upload waits while another list is read
LOCK = Path(tempfile.gettempdir()) / f"courseware-{os.getuid()}-reads-a-list.lock"
SHOWN = 80  # characters of a bad cell
Reader = Callable[[str], Any]  # cell → value; raises NotUsable
UNPRINTABLE = {"Cc", "Cs"}  # control characters and surrogates


class ListRefused(Exception):
    """The file cannot be used. `code`: key of `messages.REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Row:
    """A parsed row. `values`: field → value, without empty cells. `line`: in the file, from 1."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)  # field → name of its cell
    problems: list[CellFault] = field(default_factory=list)


@dataclass
class ParsedRoster:
    rows: list[Row]
    columns: list[str]  # the fields for which there is a column
    unknown: list[str] = field(default_factory=list)  # ignored headings
    encoding: str = ""
    bare_numbers: bool = False  # staff numbers are stored as numbers, without leading zeros


def read_listing(data: bytes, encoding: str = "", patience: float = PATIENCE) -> ParsedRoster:
    """Parse a file as a list of people. `encoding`, `patience`: see `read_table`, `read_beside`. Raise ListRefused."""
    return parse_table(read_beside(data, encoding, patience))


def read_beside(data: bytes, encoding: str = "", patience: float = PATIENCE) -> Table:
    """Return the table of a file, read in a separate process. Raise ListRefused; "busy" after `patience` seconds."""
    if len(data) > MOST_BYTES:
        raise ListRefused("too-large")
    with only_reader(patience):
        process = SideProcess(prepare)
        try:
            table: Table = process.run(read_table, data, encoding, seconds=SECONDS)
        except MachineBusy:  # no fault of the file
            raise ListRefused("busy") from None
        except WorkNotDone:
            raise ListRefused("unreadable") from None
        finally:
            process.end()
    if table.refusal:
        raise ListRefused(table.refusal)
    return table


@contextmanager
def only_reader(patience: float) -> Iterator[None]:
    """Hold this machine's lock for reading lists. Raise ListRefused ("busy") after `patience` seconds."""
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


def parse_table(table: Table, sort: "ListFormat | None" = None) -> ParsedRoster:
    """Parse a table as a list of people, or as the format `sort`. Raise ListRefused."""
    if table.refusal:
        raise ListRefused(table.refusal)
    sort = sort or PEOPLE
    at = heading_row(table.rows, sort.columns)
    fields, unknown = fields_named(table.rows[at], sort.columns)
    rows = [
        read_row(cells, line, fields, sort.read)
        for line, cells in enumerate(table.rows[at + 1 :], start=at + 2)
        if any(cells)
    ]
    if not rows:
        raise ListRefused("empty")
    is_bare = any(fields.get(column) == "staff_number" for column in table.numbers)
    return ParsedRoster(rows, list(fields.values()), unknown, table.encoding, is_bare)


def fields_named(headings: list[str], columns: Mapping[str, str]) -> tuple[dict[int, str], list[str]]:
    """Return (mapping of column index, from 0, to field; ignored headings). `columns`: folded heading → field."""
    fields: dict[int, str] = {}
    unknown = []
    for column, heading in enumerate(headings):
        name = column_of(heading, columns)
        if name and name not in fields.values():
            fields[column] = name
        elif heading:
            unknown.append(printable(heading))  # stored as JSON, in which PostgreSQL rejects NUL
    return fields, unknown


def heading_row(rows: list[list[str]], columns: Mapping[str, str]) -> int:
    """Return the index of the row with the most known headings among the first ROWS_ABOVE_HEADINGS. Raise ListRefused
    if it has no heading of IDENTITIES. `columns`: folded heading → field.
    """
    first = range(min(len(rows), ROWS_ABOVE_HEADINGS))
    best = max(first, key=lambda at: len(recognised(rows[at], columns)))
    if not recognised(rows[best], columns) & {*IDENTITIES}:
        raise ListRefused("no-headings")
    return best


def read_row(cells: list[str], line: int, fields: dict[int, str], read: Mapping[str, "Reader"]) -> Row:
    """Parse the texts `cells` of a line. `fields`: column index (from 0) → field. `read`: field → reader of cells."""
    row = Row(line)
    for column, name in fields.items():
        text = cells[column] if column < len(cells) else ""
        row.cells[name] = cell_name(column + 1, line)
        if not text:
            continue
        try:
            row.values[name] = read[name](text)
        except NotUsable as fault:
            row.problems.append(CellFault(row.cells[name], name, printable(text), fault.code))
    return row


class NotUsable(Exception):
    """The cell cannot be used. `code`: key of `messages.PROBLEMS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def printable(text: str) -> str:
    shown = "".join("�" if unicodedata.category(char) in UNPRINTABLE else char for char in text[: SHOWN + 1])
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"


def clean(text: str, longest: int) -> str:
    """Return the text in one line, without invisible characters. Raise NotUsable if too long or unprintable."""
    text = " ".join(text.split())
    if len(text) > longest:
        raise NotUsable("long")
    if any(unicodedata.category(char) in UNPRINTABLE for char in text):
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
    """Return the path of a team, normalized to A/B. Raise NotUsable if it has no name."""
    names = [" ".join(name.split()) for name in re.split(r"[/>\\|›»／＞＼｜]", clean(text, 1000))]
    if not any(names):
        raise NotUsable("team")
    return "/".join(name for name in names if name)


def word_of(words: dict[str, str], code: str) -> Callable[[str], str]:
    """Return a reader of cells: folded cell → value in `words`; it raises NotUsable(`code`) for other cells."""

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
    "job_role": lambda text: clean(text, 120),
    "starts_on": day,
    "leaves_on": day,
}


@dataclass(frozen=True)
class ListFormat:
    """A format of lists. `columns`: folded heading → field. `read`: field → reader of its cells."""

    columns: Mapping[str, str]
    read: Mapping[str, Reader]


PEOPLE = ListFormat(COLUMN_OF, READ)
