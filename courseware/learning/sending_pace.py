"""How much one person may send within a minute of what is kept for good."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from courseware.lib.kept_query import KeptQuery

MINUTE = timedelta(minutes=1)


class TooFast(Exception):
    """The person has sent as much within a minute as is taken."""


def sent_by(rows: QuerySet, *, owner: str, instant: str) -> KeptQuery:
    """Which of `rows` a person has sent within some time; `owner` leads to the person, `instant` is the row's field."""
    return KeptQuery(
        lambda learner, after, until: (
            rows.filter(**{owner: learner, f"{instant}__gt": after, f"{instant}__lte": until})
            .order_by()
            .values_list("pk")
        )
    )


def refuse_too_many(sent: KeptQuery, learner: int, at: datetime) -> None:
    """`sent` is of `sent_by`, and knows nothing of runs: they all count. Raises TooFast. Runs one query."""
    # What a clock that was set back has left in the future does not count.
    if len(sent(learner=learner, after=at - MINUTE, until=at)) >= settings.ANSWERS_A_MINUTE:
        raise TooFast(learner)
