"""Tables as workbooks, with typed cells and a sheet about their content."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from tempfile import TemporaryFile
from typing import IO, Any

from django.utils import translation
from django.utils.translation import gettext, pgettext

from courseware.lib.csv_rows import guarded
from courseware.reporting.board_rows import BoardRow
from courseware.reporting.exports import BOARD_COLUMNS, Cell, Column, cells_of, headings, site_time

ROWS_OF_A_WORKBOOK = 100_000  # takes twenty seconds
WIDTHS = {"email": 26, "course_title": 26, "next_act": 26, "excuse": 26, "last_active_at": 17, "completed_at": 17}
USUAL_WIDTH = 13

Fact = tuple[str, str]


def board_workbook(rows: Iterable[BoardRow], facts: Iterable[Fact], language: str) -> IO[bytes]:
    with translation.override(language):
        name = pgettext("sheet of a workbook", "People")
    return workbook(name, BOARD_COLUMNS, rows, facts, language)


def workbook(
    name: str, columns: Sequence[Column], rows: Iterable[Any], facts: Iterable[Fact], language: str
) -> IO[bytes]:
    """An open file, at its beginning. `facts` are pairs of texts for the second sheet.

    Rows are written one by one, so memory does not grow with them.
    """
    import xlsxwriter  # takes 30 ms

    file = TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    options = {
        "constant_memory": True,
        "default_date_format": "yyyy-mm-dd",
        **dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False),
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        with translation.override(language):
            about_it = pgettext("sheet of a workbook", "About this file")
        sheet, about = book.add_worksheet(name), book.add_worksheet(about_it)
        write_rows(sheet, columns, headings(language, columns=columns), cells_of(rows, language, columns), bold, moment)
        write_about(about, facts, columns, language, bold)
    file.seek(0)
    return file


def write_rows(
    sheet, columns: Sequence[Column], heading: Sequence[str], rows: Iterable[Sequence[Cell]], bold, moment
) -> None:
    for place, column in enumerate(columns):
        sheet.set_column(place, place, WIDTHS.get(column.name, USUAL_WIDTH))
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, heading, bold)
    last = 0
    for last, cells in enumerate(rows, start=1):
        for place, cell in enumerate(cells):
            write(sheet, last, place, cell, moment)
    sheet.autofilter(0, 0, last, len(heading) - 1)


def write(sheet, row: int, place: int, cell: Cell, moment) -> None:
    if isinstance(cell, datetime):  # sheets have no time zones: the second sheet names it
        sheet.write_datetime(row, place, site_time(cell).replace(tzinfo=None), moment)
    elif isinstance(cell, date):
        sheet.write_datetime(row, place, cell)
    elif isinstance(cell, int):
        sheet.write_number(row, place, cell)
    elif cell:  # the sheet may be saved as CSV
        sheet.write_string(row, place, guarded(cell))


def write_about(sheet, facts: Iterable[Fact], columns: Sequence[Column], language: str, bold) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80)
    with translation.override(language):
        names = [(str(column.heading), column.name) for column in columns]
        heading = gettext("Columns, and their names for programs")
    row = 0
    for row, (what, said) in enumerate(facts):
        sheet.write_string(row, 0, what, bold)
        sheet.write_string(row, 1, guarded(said))
    sheet.write_string(row + 2, 0, heading, bold)
    for place, pair in enumerate(names, start=row + 3):
        sheet.write_row(place, 0, pair)
