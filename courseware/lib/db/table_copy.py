"""Copy all rows of a table to another database, unchanged. The caller opens a transaction on both databases."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.db import DataError, IntegrityError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, Max, Model

from courseware.lib.db.chunks import batches
from courseware.lib.text.names import NameField

CHUNK = 500  # rows held in memory at a time
EVERY_DIGEST = 2**256
INSERT_ERRORS = (DataError, IntegrityError, ValueError)  # ValueError: half a surrogate pair, which UTF-8 cannot encode

AnyModel = type[Model]
Row = tuple[Any, ...]


class RowRefused(Exception):
    """The target database refuses a row. The message names the table, the primary key and the reason."""


@dataclass(frozen=True)
class Contents:
    """Number of rows of a table and the sum of their checksums, which does not depend on their order."""

    rows: int = 0
    digest: int = 0

    def with_rows(self, rows: Iterable[Row]) -> "Contents":
        digests = [digest_of(row) for row in rows]
        return Contents(self.rows + len(digests), (self.digest + sum(digests)) % EVERY_DIGEST)


def digest_of(row: Row) -> int:
    """Return the SHA-256 of a row as a number."""
    # Sorted, because PostgreSQL reorders the keys of a JSON object.
    text = json.dumps(row, sort_keys=True, default=as_text)
    return int.from_bytes(sha256(text.encode()).digest(), "big")


def as_text(value: object) -> str:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) and value.tzinfo else str(value)


def columns_of(model: AnyModel) -> list["Field[Any, Any]"]:
    """Return the fields to copy, without generated columns, which the target database computes itself."""
    return [field for field in model._meta.local_concrete_fields if not field.generated]


def chunks_of(model: AnyModel, alias: str) -> Iterator[list[Row]]:
    """Yield lists of at most CHUNK rows of the database `alias`; values in the order of `columns_of`."""
    names = [field.attname for field in columns_of(model)]
    rows = model._base_manager.using(alias).order_by().values_list(*names)
    return batches(rows.iterator(chunk_size=CHUNK), CHUNK)


def contents_of(model: AnyModel, alias: str) -> Contents:
    """Read the whole table of `model` in the database `alias`; return its number of rows and checksum."""
    contents = Contents()
    for chunk in chunks_of(model, alias):
        contents = contents.with_rows(chunk)
    return contents


def copy_rows(model: AnyModel, source: str, target: str) -> Iterator[Contents]:
    """Copy rows between two databases (aliases); after each chunk, yield the contents so far. Raise RowRefused."""
    contents = Contents()
    for chunk in chunks_of(model, source):
        try:
            insert(model, chunk, target)
        except INSERT_ERRORS:
            raise_for_refused_row(model, chunk, target)
            raise
        contents = contents.with_rows(chunk)
        yield contents


def insert(model: AnyModel, rows: list[Row], alias: str) -> None:
    """Insert rows (values by `columns_of`) with their timestamps as they are. Raise one of INSERT_ERRORS."""
    connection, columns = connections[alias], columns_of(model)
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in columns)
    marks = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})"  # noqa: S608 - names of models, and marks
    stored = [[prepared(field, value, connection) for field, value in zip(columns, row, strict=True)] for row in rows]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.executemany(statement, stored)


def prepared(field: "Field[Any, Any]", value: Any, connection: BaseDatabaseWrapper) -> Any:
    """Return `value` as `connection` expects it. A NameField is copied as stored, without its cleaning."""
    return value if isinstance(field, NameField) else field.get_db_prep_save(value, connection)


def raise_for_refused_row(model: AnyModel, rows: list[Row], alias: str) -> None:
    """Insert the rows one by one; raise RowRefused at the first refused one. The accepted ones stay inserted."""
    key_index = [field.primary_key for field in columns_of(model)].index(True)
    for row in rows:
        try:
            insert(model, [row], alias)
        except INSERT_ERRORS as error:
            reason = str(error).strip().splitlines()[0]
            raise RowRefused(f"{model._meta.db_table}, row {row[key_index]}: {reason}") from error


def delete_rows(model: AnyModel, alias: str) -> None:
    connection = connections[alias]
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - a name of a model


def continue_key_sequence(model: AnyModel, source: str, target: str) -> None:
    """Let new keys in the database `target` continue after the highest ever given in `source`, also to rows deleted
    since (`source`, `target`: aliases). `model` must have an automatic primary key.
    """
    highest = model._base_manager.using(target).aggregate(highest=Max("pk"))["highest"] or 0
    with connections[source].cursor() as cursor:
        last = last_key(model, connections[source], cursor)
    with connections[target].cursor() as cursor:
        set_last_key(model, connections[target], cursor, max(last, highest))


def sequence_of(model: AnyModel, cursor: CursorWrapper) -> str:
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', model._meta.pk.column])
    return str(cursor.fetchone()[0])


def last_key(model: AnyModel, connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> int:
    """Return the last primary key that the database gave to a row of the table; 0 for none."""
    if connection.vendor == "postgresql":
        sequence = sequence_of(model, cursor)
        cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608 - PostgreSQL's
    else:
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
    found = cursor.fetchone()
    return int(found[0]) if found else 0


def set_last_key(model: AnyModel, connection: BaseDatabaseWrapper, cursor: CursorWrapper, last: int) -> None:
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        cursor.execute("SELECT setval(%s, %s, %s)", [sequence_of(model, cursor), max(last, 1), last > 0])
    else:
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
        cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
