"""CSV that spreadsheets open without warnings and without running formulas."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"
# The wide signs too: where people type Chinese, spreadsheets take them for the narrow ones.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def guarded(cell: object) -> str:
    """The cell as text, with a leading apostrophe where a spreadsheet would take it for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not isinstance(cell, int) else text


def encoded(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Lines of UTF-8, the first with a byte order mark, one at a time: memory does not grow with the rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
