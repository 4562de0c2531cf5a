"""Many rows a few at a time, so that memory does not grow with their number."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def chunks(rows: QuerySet[Row], size: int) -> Iterator[list[Row]]:
    """Runs one query for all of them."""
    iterator = rows.iterator(chunk_size=size)
    while chunk := list(islice(iterator, size)):
        yield chunk
