"""Columns of the exports, and their CSV rows and Excel files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from courseware.assessment.exams.grading import Score
from courseware.assessment.exams.pre_post_test import PrePostTest
from courseware.learning.status.certification_status import CertificationStatus
from courseware.lib.text.csv_rows import escape_formula
from courseware.reporting.dashboard.rows import DashboardRow

ROWS_OF_A_WORKBOOK = 100_000  # takes 20 seconds
WIDTHS = {
    "email": 26,
    "course_title": 26,
    "next_action": 26,
    "exemption_reason": 26,
    "last_active_at": 17,
    "completed_at": 17,
}
USUAL_WIDTH = 13

Fact = tuple[str, str]
AT_A_TIME = 100  # rows rendered per activation of the language

CERTIFIED: dict[CertificationStatus, str | Promise] = {
    CertificationStatus.ENDING: _("yes"),
    CertificationStatus.CERTIFIED: _("yes"),
    CertificationStatus.ENDED: _("no"),
    CertificationStatus.NEVER: "",
}
OUTSIDE = _("yes, external training")

Cell = str | int | date | datetime | None
AS_IT_IS = frozenset({str, int, date, datetime, type(None)})  # lazy texts are translated


class Column(NamedTuple):
    """A column of an export. `name` never changes, because programs read it; `heading` may."""

    name: str
    heading: str | Promise
    cell: Callable[[Any], Cell | Promise]


DASHBOARD_COLUMNS: tuple[Column, ...] = (  # of a DashboardRow
    Column("name", _("Name"), lambda row: row.name),
    Column("email", _("Email address"), lambda row: row.email),
    Column("team", _("Team"), lambda row: row.team),
    Column("course_title", _("Course"), lambda row: row.journey.outline.title),
    Column("state", _("Status"), lambda row: row.state.label),
    Column("progress_percent", _("Progress (%)"), lambda row: row.journey.progress.percent),
    Column("steps_done", _("Done"), lambda row: row.journey.progress.done_count),
    Column("steps", _("Total steps"), lambda row: row.journey.progress.total),
    Column("due_on", _("Due date"), lambda row: row.enrollment.due_on),
    Column("away_until", _("Away until"), lambda row: row.away_until),
    Column("last_active_at", _("Last active"), lambda row: row.enrollment.last_active_at),
    Column("completed_at", _("Completed at"), lambda row: row.enrollment.completed_at),
    Column("certified", _("Certified"), lambda row: OUTSIDE if row.is_trained_outside else CERTIFIED[row.validity]),
    Column("pre_test_score", _("Pre-test"), lambda row: score(row.journey.pre_post_test.before)),
    Column("post_test_score", _("Post-test"), lambda row: score(row.journey.pre_post_test.after)),
    Column("improvement_percent", _("Improvement (%)"), lambda row: gain(row.journey.pre_post_test)),
    Column("next_action", _("Next step"), lambda row: row.journey.words),
    Column("course", _("Course id"), lambda row: row.journey.outline.course_id),  # stays when a title changes
    Column("has_left", _("Left the company"), lambda row: gettext("yes") if row.has_left else ""),
    Column("certified_until", _("Certified until"), lambda row: last_day(row)),
    Column("exemption_reason", _("Reason for exemption"), lambda row: row.enrollment.exemption_reason),
    Column("stuck", _("Stuck"), lambda row: row.stuck.words),
    Column("job_role", _("Job role"), lambda row: row.job_role),
)


def last_day(row: DashboardRow) -> date | str:
    """Return the last day of the certificate; “no expiry date” if certified without an end; else ""."""
    if row.certificate_day:
        return row.certificate_day
    return gettext("no expiry date") if row.validity.is_certified else ""


def score(found: Score | None) -> str:
    """Return “points of max_points” in the active language; "" for None."""
    # Spreadsheet programs read 5/6 as a date.
    return gettext("%(points)d of %(max_points)d") % vars(found) if found else ""


def gain(result: PrePostTest) -> int | str:
    """Return the improvement in percent, “retained” for full marks both times, or "" if there is none."""
    # Full marks before and after: no number.
    if result.outcome == "kept":
        return pgettext("what was known before the course", "retained")
    return "" if result.gain is None else result.gain


def site_time(at: datetime) -> datetime:
    """Return the time in the site's time zone, without microseconds."""
    return at.astimezone(timezone.get_default_timezone()).replace(microsecond=0)


def headings(language: str, *, named: bool = False, columns: Sequence[Column] = DASHBOARD_COLUMNS) -> list[str]:
    with translation.override(language):
        return [column.name if named else str(column.heading) for column in columns]


def texts(
    rows: Iterable[Any], language: str, *, named: bool = False, columns: Sequence[Column] = DASHBOARD_COLUMNS
) -> Iterator[Sequence[object]]:
    """Yield the headings (names if `named`), then the cells of each row; times in ISO 8601 in the site's time zone."""
    yield headings(language, named=named, columns=columns)
    for cells in cells_of(rows, language, columns):
        yield [site_time(cell).isoformat() if type(cell) is datetime else cell for cell in cells]


def cells_of(rows: Iterable[Any], language: str, columns: Sequence[Column] = DASHBOARD_COLUMNS) -> Iterator[list[Cell]]:
    """Yield the cells of each row; lazy texts in this language."""
    # The file is streamed after the view has returned, when its language is no longer active.
    rows, getters, cache = iter(rows), [column.cell for column in columns], CellTexts()
    while batch := list(islice(rows, AT_A_TIME)):
        with translation.override(language):
            lines: list[list[Any]] = [
                [cell if type(cell := column(row)) in AS_IT_IS else cache.text(cell) for column in getters]
                for row in batch
            ]
        yield from lines


class CellTexts:
    """Cache of lazy texts in the active language: the same ones are in every row."""

    def __init__(self) -> None:
        self.texts: dict[int, tuple[object, str]] = {}

    def text(self, value: object) -> str:
        if id(value) not in self.texts:
            self.texts[id(value)] = value, str(value)  # holds a reference, so the id is not reused
        return self.texts[id(value)][1]


# Workbooks


def dashboard_workbook(rows: Iterable[DashboardRow], facts: Iterable[Fact], language: str) -> IO[bytes]:
    """Return an open Excel file of dashboard rows. `facts`: as for `workbook`."""
    with translation.override(language):
        name = pgettext("worksheet", "People")
    return workbook(name, DASHBOARD_COLUMNS, rows, facts, language)


def workbook(
    name: str, columns: Sequence[Column], rows: Iterable[Any], facts: Iterable[Fact], language: str
) -> IO[bytes]:
    """Return an open Excel file, which the caller closes. `name`: of the first worksheet; `rows`: what the columns
    expect, such as DashboardRow; `facts`: (label, text) pairs of the second worksheet.
    """
    import xlsxwriter  # takes 30 ms

    file = TemporaryFile()  # noqa: SIM115 - the response that sends it closes it
    options = {
        "constant_memory": True,
        "default_date_format": "yyyy-mm-dd",
        **dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False),
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        with translation.override(language):
            about_it = pgettext("worksheet", "About this file")
        worksheet, about = book.add_worksheet(name), book.add_worksheet(about_it)
        write_rows(
            worksheet, columns, headings(language, columns=columns), cells_of(rows, language, columns), bold, moment
        )
        write_about(about, facts, columns, language, bold)
    file.seek(0)
    return file


def write_rows(
    worksheet, columns: Sequence[Column], heading: Sequence[str], rows: Iterable[Sequence[Cell]], bold, moment
) -> None:
    for index, column in enumerate(columns):
        worksheet.set_column(index, index, WIDTHS.get(column.name, USUAL_WIDTH))
    worksheet.freeze_panes(1, 1)
    worksheet.write_row(0, 0, heading, bold)
    last = 0
    for last, cells in enumerate(rows, start=1):
        for index, cell in enumerate(cells):
            write(worksheet, last, index, cell, moment)
    worksheet.autofilter(0, 0, last, len(heading) - 1)


def write(worksheet, row: int, column: int, cell: Cell, moment) -> None:
    if isinstance(cell, datetime):  # Excel has no time zones: the second worksheet names it
        worksheet.write_datetime(row, column, site_time(cell).replace(tzinfo=None), moment)
    elif isinstance(cell, date):
        worksheet.write_datetime(row, column, cell)
    elif isinstance(cell, int):
        worksheet.write_number(row, column, cell)
    elif cell:  # guarded, because the file may be saved as CSV
        worksheet.write_string(row, column, escape_formula(cell))


def write_about(worksheet, facts: Iterable[Fact], columns: Sequence[Column], language: str, bold) -> None:
    worksheet.set_column(0, 0, 24)
    worksheet.set_column(1, 1, 80)
    with translation.override(language):
        names = [(str(column.heading), column.name) for column in columns]
        heading = gettext("Columns and their technical names")
    row = 0
    for row, (label, text) in enumerate(facts):
        worksheet.write_string(row, 0, label, bold)
        worksheet.write_string(row, 1, escape_formula(text))
    worksheet.write_string(row + 2, 0, heading, bold)
    for index, pair in enumerate(names, start=row + 3):
        worksheet.write_row(index, 0, pair)
