"""How much one person may send within a minute of what is kept for good."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

MINUTE = timedelta(minutes=1)


class TooFast(Exception):
    """The person has sent as much within a minute as is taken."""


def refuse_too_many(own: QuerySet, instant: str, at: datetime) -> None:
    """`own` are the person's rows, whatever the run; `instant` is their field. Raises TooFast. Runs one query."""
    # What a clock that was set back has left in the future does not count.
    within = {f"{instant}__gt": at - MINUTE, f"{instant}__lte": at}
    if own.filter(**within).count() >= settings.ANSWERS_A_MINUTE:
        raise TooFast(instant)
