"""Read many rows in chunks of limited size, so that memory does not grow with their number."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.models import QuerySet

Row = TypeVar("Row")


def chunks(rows: QuerySet[Any, Row], size: int) -> Iterator[list[Row]]:
    """Yield lists of 1 to `size` rows of one query. Do not write meanwhile: on PostgreSQL a transaction is open."""
    with open_cursor(rows.db):
        yield from batches(rows.iterator(chunk_size=size), size)


def batches(items: Iterable[Row], size: int) -> Iterator[list[Row]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def open_cursor(alias: str) -> AbstractContextManager[object]:
    # Outside a transaction PostgreSQL prepares all rows first. On SQLite a transaction blocks all writers.
    return transaction.atomic(using=alias) if connections[alias].vendor == "postgresql" else nullcontext()
