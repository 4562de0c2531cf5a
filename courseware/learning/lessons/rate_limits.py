from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from courseware.lib.db.compiled_query import CompiledQuery

MINUTE = timedelta(minutes=1)


class TooFast(Exception):
    """The person has sent ANSWERS_PER_MINUTE submissions."""


def sent_by(rows: QuerySet, *, owner: str, instant: str) -> CompiledQuery:
    """Rows of a person in a time span; `owner` is the lookup of the person, `instant` the field."""
    return CompiledQuery(
        lambda learner, after, until: (
            rows.filter(**{owner: learner, f"{instant}__gt": after, f"{instant}__lte": until})
            .order_by()
            .values_list("pk")
        )
    )


def refuse_too_many(sent: CompiledQuery, learner: int, at: datetime) -> None:
    """`sent` is from `sent_by`. Raises TooFast. Runs one query."""
    # What a clock that was set back has left in the future does not count.
    if len(sent(learner=learner, after=at - MINUTE, until=at)) >= settings.ANSWERS_PER_MINUTE:
        raise TooFast(learner)
