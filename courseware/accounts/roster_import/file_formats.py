"""File formats: read CSV, XLSX, XLS and ODS as a table, in a separate process: a small file can unpack to gigabytes."""

import codecs
import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from courseware.accounts.roster_import.columns import recognised

MOST_COLUMNS = 200
MOST_ROWS = 50_000
MOST_UNPACKED = 200 * 1024 * 1024  # bytes, five times the size of 100,000 rows
ROWS_ABOVE_HEADINGS = 10
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "windows-1252")
BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass
class Table:
    """Rows of a file, the first being line 1. `refusal`: key of `messages.REFUSALS`, or ""."""

    rows: list[list[str]] = field(default_factory=list)
    encoding: str = ""  # of a text file
    numbers: set[int] = field(default_factory=set)  # columns, from 0, in which a spreadsheet holds numbers
    refusal: str = ""


def prepare() -> None:
    """Prepare the separate process; nothing to do."""


def read_table(data: bytes, encoding: str = "") -> Table:
    """Return the table of a file; its `refusal` says why it is unusable. `encoding`: one of ENCODINGS, "" to guess."""
    if data.startswith(ZIP) and unpacked_size(data) > MOST_UNPACKED:
        return Table(refusal="too-large")
    if data.startswith((ZIP, OLE)):
        return read_spreadsheet(data)
    return read_text(data, encoding)


def unpacked_size(data: bytes) -> int:
    """Return the unpacked size in bytes that the ZIP file claims; 0 if it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return sum(entry.file_size for entry in packed.infolist())
    except (zipfile.BadZipFile, NotImplementedError):  # NotImplementedError: a newer ZIP version
        return 0  # `read_spreadsheet` reports the fault


def read_spreadsheet(data: bytes) -> Table:
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = python_calamine.SheetVisibleEnum.Visible
        names = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == visible]
        for name in names:
            worksheet = workbook.get_sheet_by_name(name)
            if worksheet.total_height:
                return taken(worksheet.to_python(skip_empty_area=False))
    except (python_calamine.CalamineError, python_calamine.PasswordError, ValueError, OSError):
        return Table(refusal="damaged")
    return Table(refusal="empty")


def taken(rows: list[list[Any]]) -> Table:
    table = Table()
    for row in rows:
        for column, cell in enumerate(row):
            if isinstance(cell, float):
                table.numbers.add(column)
        table.rows.append(trimmed(text_of(cell) for cell in row))
    return bounded(table)


def text_of(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def read_text(data: bytes, encoding: str) -> Table:
    if data.lstrip()[:1] == b"<":
        return Table(refusal="web-page")
    used = encoding or guessed(data)
    try:
        text = data.decode(used)
    except UnicodeDecodeError:
        return Table(refusal="other-encoding" if encoding else "damaged")
    try:
        return bounded(Table(lines(text.removeprefix("\ufeff")), used.removesuffix("-sig")))
    except csv.Error:
        return Table(refusal="damaged")


def guessed(data: bytes) -> str:
    """Return the likely encoding: a UTF, else "gb18030", which cannot be told from Big5."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return encoding
    start = data[:4096]
    for encoding, zeros in (("utf-16-le", start[1::2].count(0)), ("utf-16-be", start[0::2].count(0))):
        if zeros * 8 > len(start):
            return encoding
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def lines(text: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    found = []
    for row in reader:
        found.append(trimmed(row))
        if len(found) > MOST_ROWS + ROWS_ABOVE_HEADINGS:
            break
    return found


def delimiter_of(text: str) -> str:
    """Return the delimiter that yields the most known headings in the first lines."""
    first = io.StringIO(text[:100_000]).readlines()[:ROWS_ABOVE_HEADINGS]

    def headings(delimiter: str) -> int:
        return max((len(recognised(row)) for row in csv.reader(first, delimiter=delimiter)), default=0)

    return max(",;\t|", key=headings)


def trimmed(cells: Iterable[str]) -> list[str]:
    row = [cell.strip() for cell in cells]
    while row and not row[-1]:
        row.pop()
    return row


def bounded(table: Table) -> Table:
    if not any(table.rows):
        return Table(refusal="empty")
    if any(len(row) > MOST_COLUMNS for row in table.rows):
        return Table(refusal="too-wide")
    if sum(map(bool, table.rows)) > MOST_ROWS:
        return Table(refusal="too-long")
    return table
