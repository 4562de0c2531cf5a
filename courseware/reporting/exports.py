"""The board as a file: one table of columns, so that heading and cell cannot drift apart."""

from collections.abc import Iterable, Iterator

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from courseware.lib.csv_rows import encoded
from courseware.reporting.queries import BoardRow

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
    _("Next step"): lambda row: row.next_step.title if row.next_step else "",
}


def moment(at) -> str:
    """ISO 8601 with the offset of the site's zone, to the second; empty where there is none."""
    return timezone.localtime(at, timezone.get_default_timezone()).isoformat(timespec="seconds") if at else ""


def board_csv(rows: Iterable[BoardRow], language: str) -> Iterator[bytes]:
    return encoded(table(rows, language))


def table(rows: Iterable[BoardRow], language: str) -> Iterator[list[str]]:
    """Heading and rows as text. The file is made after the view has returned, so the language is named here."""
    with translation.override(language):
        heading = [str(name) for name in BOARD_COLUMNS]
    yield heading
    for row in rows:
        with translation.override(language):
            cells = [str(cell(row)) for cell in BOARD_COLUMNS.values()]
        yield cells
