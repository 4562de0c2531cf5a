"""Rate limit of answers and simulation decisions per minute."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from courseware.lib.db.compiled_query import CompiledQuery

MINUTE = timedelta(minutes=1)


class TooFast(Exception):
    """The person has sent ANSWERS_PER_MINUTE forms within a minute."""


def sent_by(rows: QuerySet, *, owner: str, instant: str) -> CompiledQuery:
    """Return a query of (pk,) of a person's rows, with parameters `learner` (id), `after` (excluded) and `until`
    (instants). `owner`: lookup of the person; `instant`: name of the time field.
    """
    return CompiledQuery(
        lambda learner, after, until: (
            rows.filter(**{owner: learner, f"{instant}__gt": after, f"{instant}__lte": until})
            .order_by()
            .values_list("pk")
        )
    )


def refuse_too_many(sent: CompiledQuery, learner: int, at: datetime) -> None:
    """Raise `TooFast` if the limit is reached at `at`. `sent`: from `sent_by`. `learner`: user id. Runs one query."""
    # Rows in the future, left by a clock that was set back, do not count.
    if len(sent(learner=learner, after=at - MINUTE, until=at)) >= settings.ANSWERS_PER_MINUTE:
        raise TooFast(learner)
