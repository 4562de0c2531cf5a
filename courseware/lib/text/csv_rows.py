"""CSV rows that spreadsheets open without warnings and without running formulas."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"
# A formula begins at the start of a cell or after a delimiter of any locale, also behind invisible characters. Chinese
# spreadsheets accept full-width signs.
_FORMULA = re.compile(r"^[\t\r]|(?:^|[;|\t\r\n])[\s\u200b-\u200f\u2060\ufeff]*+[=+\-@＝＋－＠]")

# Fast path: most cells have no such sign, or start with a letter or digit and have no delimiter.
_SIGNS, _SEPARATORS = frozenset("\t\r=+-@＝＋－＠"), frozenset(";|\t\r\n")
PIECE = 16_000  # characters that are sent at once


def escape_formula(cell: object) -> str:
    """Return the cell as text, with an apostrophe before each formula. None becomes an empty text."""
    if type(cell) is not str:
        if cell is None or isinstance(cell, int):
            return "" if cell is None else str(cell)
        cell = str(cell)
    if _SIGNS.isdisjoint(cell) or (cell[0].isalnum() and _SEPARATORS.isdisjoint(cell)):
        return cell
    return _FORMULA.sub(lambda found: f"{found[0][:-1]}'{found[0][-1]}", cell)


def csv_bytes(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the CSV file as UTF-8 with a byte order mark: the first row at once, then pieces of PIECE characters."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    buffer.write(BOM)
    least = 0
    for row in rows:
        writer.writerow([escape_formula(cell) for cell in row])
        if buffer.tell() > least:
            yield taken_from(buffer)
            least = PIECE
    if rest := taken_from(buffer):
        yield rest


def taken_from(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return content
