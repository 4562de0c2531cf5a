"""The preview of a day's emails in a large company: a worker prepares it, and the page reads it from its task."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django_tasks_db.compat import TaskResultStatus

from courseware.accounts.models import User
from courseware.assignments.letter_rehearsal import Foreseen, rehearse_letters
from courseware.jobs.done import newest_request
from courseware.jobs.tasks import Later, is_stopping, task
from courseware.jobs.working import COMES_BACK
from courseware.lib.chunks import batches
from courseware.outbox.models import Message

SHOWN_FOR = timedelta(minutes=10)
PEOPLE_AT_ONCE = 200  # in memory

Row = Sequence[Any]  # the key of a person, the type of email, when it leaves or None, why not


class PreparedPreview(NamedTuple):
    at: datetime
    rows: Sequence[Row]

    def foreseen(self) -> Iterator[tuple[int, list[Foreseen]]]:
        """Yield each person's key with the expected emails, in key order. Leaves out people deleted since."""
        by_person = ((person, list(rows)) for person, rows in groupby(self.rows, key=itemgetter(0)))
        for some in batches(by_person, PEOPLE_AT_ONCE):
            people = User.objects.in_bulk([person for person, _rows in some])
            for key, rows in some:
                if person := people.get(key):
                    yield key, [foreseen_of(row, person) for row in rows]


class PreviewFailed(Exception):
    """The page is an error page, as for a preview that fails in the page itself."""


@task
def prepare_preview(day: str) -> list[Row]:
    rows: list[Row] = []
    for each in rehearse_letters(date.fromisoformat(day)):
        if is_stopping():
            raise Later
        leaves_at = each.leaves_at and each.leaves_at.isoformat()
        rows.append([each.message.person_id, each.message.kind, leaves_at, each.why_not])
    return rows


def prepared_preview(day: date) -> PreparedPreview | None:
    """None while a worker prepares it. Asks for one if there is none, or if the last one is older than `SHOWN_FOR`.

    Raises PreviewFailed for as long if the worker has given it up.
    """
    request = newest_request(prepare_preview, [str(day)])
    if request and (request.finished_at is None or request.finished_at > timezone.now() - SHOWN_FOR):
        if request.status == TaskResultStatus.FAILED and request.exception_class_path not in COMES_BACK:
            raise PreviewFailed(request.exception_class_path)
        rows = request.return_value
        return None if rows is None or request.finished_at is None else PreparedPreview(request.finished_at, rows)
    prepare_preview.enqueue(str(day))
    return None


def foreseen_of(row: Row, person: User) -> Foreseen:
    _key, kind, leaves_at, why_not = row
    return Foreseen(Message(kind=kind, person=person), leaves_at and parse_datetime(leaves_at), why_not)
