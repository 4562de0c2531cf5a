"""Tables as files. A column holds its name, heading and cell."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from courseware.assessment.grading import Score
from courseware.assessment.starting_point import StartingPoint
from courseware.learning.validity import Validity
from courseware.reporting.board_rows import BoardRow

AT_A_TIME = 100  # rows put into words before another request's language may be active

CERTIFIED: dict[Validity, str | Promise] = {
    Validity.ENDING: _("yes"),
    Validity.CERTIFIED: _("yes"),
    Validity.ENDED: _("no"),
    Validity.NEVER: "",
}
OUTSIDE = _("yes, trained elsewhere")

Cell = str | int | date | datetime | None
AS_IT_IS = frozenset({str, int, date, datetime, type(None)})  # a lazy text is put into words


class Column(NamedTuple):
    """`name` never changes: programs read it. `heading` may."""

    name: str
    heading: str | Promise
    cell: Callable[[Any], Cell | Promise]


BOARD_COLUMNS: tuple[Column, ...] = (  # of a BoardRow
    Column("name", _("Name"), lambda row: row.name),
    Column("email", _("E-mail"), lambda row: row.email),
    Column("team", _("Team"), lambda row: row.team),
    Column("course_title", _("Course"), lambda row: row.journey.outline.title),
    Column("state", _("State"), lambda row: row.state.label),
    Column("progress_percent", _("Progress (%)"), lambda row: row.journey.progress.percent),
    Column("steps_done", _("Done"), lambda row: row.journey.progress.done_count),
    Column("steps", _("Of"), lambda row: row.journey.progress.total),
    Column("due_on", _("Due on"), lambda row: row.enrollment.due_on),
    Column("away_until", _("Away until"), lambda row: row.away_until),
    Column("last_active_at", _("Last active"), lambda row: row.enrollment.last_active_at),
    Column("completed_at", _("Completed at"), lambda row: row.enrollment.completed_at),
    Column("certified", _("Certified"), lambda row: OUTSIDE if row.is_trained_outside else CERTIFIED[row.validity]),
    Column("score_before", _("Starting point"), lambda row: score(row.journey.starting_point.before)),
    Column("score_after", _("After the exam"), lambda row: score(row.journey.starting_point.after)),
    Column("gain_percent", _("Gain (%)"), lambda row: gain(row.journey.starting_point)),
    Column("next_act", _("Next step"), lambda row: row.journey.words),
    Column("course", _("Course id"), lambda row: row.journey.outline.course_id),  # stays when a title changes
    Column("has_left", _("Has left"), lambda row: gettext("yes") if row.has_left else ""),
    Column("certified_until", _("Certified until"), lambda row: last_day(row)),
    Column("excuse", _("Reason of the excuse"), lambda row: row.enrollment.waived_reason),
    Column("stuck", _("Stuck"), lambda row: row.stuck.words),
    Column("post", _("Post"), lambda row: row.post),
)


def last_day(row: BoardRow) -> date | str:
    if row.certificate_day:
        return row.certificate_day
    return gettext("no end") if row.validity.is_certified else ""


def score(found: Score | None) -> str:
    # A spreadsheet would read 5/6 as a date.
    return gettext("%(points)d of %(max_points)d") % vars(found) if found else ""


def gain(point: StartingPoint) -> int | str:
    # All was right before and after, so there is no number.
    if point.outcome == "kept":
        return pgettext("what was known before the course", "kept")
    return "" if point.gain is None else point.gain


def site_time(at: datetime) -> datetime:
    """The time in the site's zone, without microseconds."""
    return at.astimezone(timezone.get_default_timezone()).replace(microsecond=0)


def headings(language: str, *, named: bool = False, columns: Sequence[Column] = BOARD_COLUMNS) -> list[str]:
    with translation.override(language):
        return [column.name if named else str(column.heading) for column in columns]


def texts(
    rows: Iterable[Any], language: str, *, named: bool = False, columns: Sequence[Column] = BOARD_COLUMNS
) -> Iterator[Sequence[object]]:
    """The headings (names of the columns if `named`), then each row; times in ISO 8601 in the site's zone."""
    yield headings(language, named=named, columns=columns)
    for cells in cells_of(rows, language, columns):
        yield [site_time(cell).isoformat() if type(cell) is datetime else cell for cell in cells]


def cells_of(rows: Iterable[Any], language: str, columns: Sequence[Column] = BOARD_COLUMNS) -> Iterator[list[Cell]]:
    # The file is made after the view has returned and its language is no longer active.
    rows, asked, said = iter(rows), [column.cell for column in columns], CellTexts()
    while some := list(islice(rows, AT_A_TIME)):
        with translation.override(language):
            lines: list[list[Any]] = [
                [cell if type(cell := column(row)) in AS_IT_IS else said.text(cell) for column in asked] for row in some
            ]
        yield from lines


class CellTexts:
    """Lazy texts in the active language, each translated once: they are in every row."""

    def __init__(self) -> None:
        self.texts: dict[int, tuple[object, str]] = {}

    def text(self, value: object) -> str:
        if id(value) not in self.texts:
            self.texts[id(value)] = value, str(value)  # kept, so that no other one gets its id
        return self.texts[id(value)][1]
