"""The board as a file. One table has heading and cell of each column, so that they cannot differ."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from courseware.assessment.grading import Score
from courseware.assessment.starting_point import StartingPoint
from courseware.learning.validity import Validity
from courseware.lib.csv_rows import encoded
from courseware.reporting.board_rows import BoardRow

AT_A_TIME = 100  # rows put into words before another request's language may be active

CERTIFIED = {Validity.ENDING: _("yes"), Validity.CERTIFIED: _("yes"), Validity.ENDED: _("no"), Validity.NEVER: ""}
OUTSIDE = _("yes, trained elsewhere")

BOARD_COLUMNS = {
    _("Name"): lambda row: row.name,
    _("E-mail"): lambda row: row.email,
    _("Team"): lambda row: row.team,
    _("Course"): lambda row: row.outline.title,
    _("State"): lambda row: row.state.label,
    _("Progress (%)"): lambda row: row.progress.percent,
    _("Done"): lambda row: row.progress.done_count,
    _("Of"): lambda row: row.progress.total,
    _("Due on"): lambda row: day.isoformat() if (day := row.due_on) else "",
    _("Away until"): lambda row: day.isoformat() if (day := row.away_until) else "",
    _("Last active"): lambda row: moment(row.enrollment.last_active_at),
    _("Completed at"): lambda row: moment(row.enrollment.completed_at),
    _("Certified"): lambda row: OUTSIDE if row.is_trained_outside else CERTIFIED[row.validity],
    _("Starting point"): lambda row: score(row.starting_point.before),
    _("After the exam"): lambda row: score(row.starting_point.after),
    _("Gain (%)"): lambda row: gain(row.starting_point),
    _("Next step"): lambda row: row.next_act.words,
    _("Course id"): lambda row: row.outline.course_id,  # stays when a title changes
    _("Has left"): lambda row: gettext("yes") if row.has_left else "",
    _("Certified until"): lambda row: last_day(row),
    _("Reason of the excuse"): lambda row: row.enrollment.waived_reason,
}


def last_day(row: BoardRow) -> str:
    """Of the certificate, also of one that has ended."""
    if row.certificate_day:
        return row.certificate_day.isoformat()
    return gettext("no end") if row.validity.is_certified else ""


def score(found: Score | None) -> str:
    # In words: a spreadsheet would read 5/6 as a date.
    return gettext("%(points)d of %(max_points)d") % vars(found) if found else ""


def gain(point: StartingPoint) -> int | str:
    # All was right before and after, so there is no number.
    if point.outcome == "kept":
        return pgettext("what was known before the course", "kept")
    return "" if point.gain is None else point.gain


def moment(at) -> str:
    """ISO 8601 in the site's zone with its offset, to the second; "" for None."""
    return at.astimezone(timezone.get_default_timezone()).isoformat(timespec="seconds") if at else ""


def board_csv(rows: Iterable[BoardRow], language: str) -> Iterator[bytes]:
    return encoded(table(rows, language))


def table(rows: Iterable[BoardRow], language: str) -> Iterator[Sequence[str | int]]:
    # The file is made after the view has returned, when its language is no longer active.
    with translation.override(language):
        heading = [str(name) for name in BOARD_COLUMNS]
    yield heading
    rows, said, columns = iter(rows), CellTexts(), BOARD_COLUMNS.values()
    while some := list(islice(rows, AT_A_TIME)):
        with translation.override(language):
            lines = [
                [cell if isinstance(cell := column(row), (str, int)) else said.text(cell) for column in columns]
                for row in some
            ]
        yield from lines


class CellTexts:
    """What lazy texts say in the language that is active; each is asked once, for they stand in every row."""

    def __init__(self) -> None:
        self.texts: dict[int, tuple[object, str]] = {}

    def text(self, value) -> str:
        if id(value) not in self.texts:
            self.texts[id(value)] = value, str(value)  # kept, so that no other one gets its id
        return self.texts[id(value)][1]
