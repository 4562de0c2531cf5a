"""CSV that spreadsheets open without noise and without running anything."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BOM = "\ufeff"
# The wide signs too: where people type Chinese, spreadsheets take them for the narrow ones.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def guarded(cell: object) -> str:
    """The cell as text; one that a spreadsheet would take for a formula gets a leading apostrophe. A number is none."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) and not isinstance(cell, int) else text


def encoded(rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """The rows as lines of UTF-8 with a byte order mark in front, one at a time: memory does not grow with rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BOM)
    for row in rows:
        writer.writerow([guarded(cell) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
