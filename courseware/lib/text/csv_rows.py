"""CSV that spreadsheets open without warnings and without running formulas."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"
# A formula begins at the start of a cell or after a delimiter of any country; invisible signs do not hide it. Wide
# signs count, because Chinese spreadsheets take them for narrow ones.
_FORMULA = re.compile(r"^[\t\r]|(?:^|[;|\t\r\n])[\s\u200b-\u200f\u2060\ufeff]*+[=+\-@＝＋－＠]")

# Most cells have no such sign, or are one piece that begins with a letter or a digit.
_SIGNS, _SEPARATORS = frozenset("\t\r=+-@＝＋－＠"), frozenset(";|\t\r\n")
PIECE = 16_000  # characters that are sent together


def guarded(cell: object) -> str:
    """The cell as text, with an apostrophe before anything that a spreadsheet would run as a formula."""
    if type(cell) is not str:
        if cell is None or isinstance(cell, int):
            return "" if cell is None else str(cell)
        cell = str(cell)
    if _SIGNS.isdisjoint(cell) or (cell[0].isalnum() and _SEPARATORS.isdisjoint(cell)):
        return cell
    return _FORMULA.sub(lambda found: f"{found[0][:-1]}'{found[0][-1]}", cell)


def encoded(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """UTF-8 with a byte order mark: the first row at once, then several together. Memory stays constant."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    buffer.write(BOM)
    least = 0
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
        if buffer.tell() > least:
            yield taken_from(buffer)
            least = PIECE
    if rest := taken_from(buffer):
        yield rest


def taken_from(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return taken
