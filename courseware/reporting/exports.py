"""The board as a file. One table has heading and cell of each column, so that they cannot differ."""

from collections.abc import Iterable, Iterator, Sequence

from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from courseware.assessment.grading import Score
from courseware.assessment.starting_point import StartingPoint
from courseware.lib.csv_rows import encoded
from courseware.reporting.board_rows import BoardRow

BOARD_COLUMNS = {
    _("Name"): lambda row: row.enrollment.learner.name,
    _("E-mail"): lambda row: row.enrollment.learner.email,
    _("Team"): lambda row: row.team,
    _("Course"): lambda row: row.outline.title,
    _("State"): lambda row: row.state.label,
    _("Progress (%)"): lambda row: row.progress.percent,
    _("Done"): lambda row: row.progress.done_count,
    _("Of"): lambda row: row.progress.total,
    _("Due on"): lambda row: row.due_on.isoformat() if row.due_on else "",
    _("Last active"): lambda row: moment(row.enrollment.last_active_at),
    _("Completed at"): lambda row: moment(row.enrollment.completed_at),
    _("Certified"): lambda row: certified(row),
    _("Starting point"): lambda row: score(row.starting_point.before),
    _("After the exam"): lambda row: score(row.starting_point.after),
    _("Gain (%)"): lambda row: gain(row.starting_point),
    _("Next step"): lambda row: row.next_act.words,
}


def certified(row: BoardRow) -> str:
    """Empty for who never had a certificate."""
    return {True: gettext("yes"), False: gettext("no"), None: ""}[row.is_certified]


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
    return timezone.localtime(at, timezone.get_default_timezone()).isoformat(timespec="seconds") if at else ""


def board_csv(rows: Iterable[BoardRow], language: str) -> Iterator[bytes]:
    return encoded(table(rows, language))


def table(rows: Iterable[BoardRow], language: str) -> Iterator[Sequence[str | int]]:
    # The file is made after the view has returned, when its language is no longer active.
    with translation.override(language):
        heading = [str(name) for name in BOARD_COLUMNS]
    yield heading
    for row in rows:
        with translation.override(language):
            cells = [as_cell(column(row)) for column in BOARD_COLUMNS.values()]
        yield cells


def as_cell(value) -> str | int:
    return value if isinstance(value, int) else str(value)  # lazy texts take the active language
