"""Compiled query: SQL compiled once per process and reused. Uses what Django does not document: `compiler.as_sql`."""

from collections.abc import Callable, Iterator
from copy import copy
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Expression, QuerySet
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row")
TYPES = (int, str, date, datetime, UUID)
EXPECTED = " or ".join(each.__name__ for each in TYPES)
LARGEST = 2**63 - 1  # the largest integer of a database column
SHAPES = 64  # compiled variants of one query: one for each combination of list lengths


class QueryParameter(Expression):
    """A placeholder for the value `name`, or for item `number` of the list `name`. `steps`: functions applied to it."""

    def __init__(self, name: str, number: int | None = None, steps: tuple[Callable[[Any], Any], ...] = ()):
        super().__init__()
        self.name, self.number, self.steps = name, number, steps

    def then(self, step: Callable[[Any], Any]) -> "QueryParameter":
        return QueryParameter(self.name, self.number, (*self.steps, step))

    def __add__(self, later: timedelta) -> "QueryParameter":  # type: ignore[override]
        return self.then(lambda value: value + later)

    def utcoffset(self) -> timedelta:
        return timedelta(0)  # marks it as an aware datetime

    def astimezone(self, zone: tzinfo) -> "QueryParameter":
        return self.then(lambda value: value.astimezone(zone))

    def date(self) -> "QueryParameter":
        return self.then(lambda value: value.date())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]

    def of(self, values: dict[str, Any]) -> Any:
        """Return the placeholder's value after all steps. `values`: name → value or list."""
        value = values[self.name] if self.number is None else values[self.name][self.number]
        for step in self.steps:
            value = step(value)
        return value


class CompiledQuery(Generic[Row]):
    """A query compiled at its first call: `BY = CompiledQuery(lambda author: Book.objects.filter(author=author))`.
    Call it with the values: `BY(author=author.pk)`. `build` gets a placeholder for each value, or a list of
    placeholders for each list, and returns a queryset. It may only pass them to `filter`, add a `timedelta` or convert
    them to a date. A lookup with a list must end in `pk__in`.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]):
        self.build = build
        self.built = lru_cache(SHAPES)(self._built)

    def __call__(self, **values: Any) -> list[Row]:
        """Run the query; return its rows. Each value, or each item of a list, has exactly one of TYPES, else TypeError.
        Integers beyond 64 bits find nothing. Raise TransactionManagementError to lock rows outside of a transaction.
        """
        for name, value in flat(values):
            if type(value) not in TYPES:  # other types need the conversion of their column
                raise TypeError(f"{name}: expected {EXPECTED}, got {type(value).__name__}")
            if type(value) is int and abs(value) > LARGEST:
                return []
        shape = tuple((name, len(value) if isinstance(value, list) else None) for name, value in values.items())
        queryset, compiler, sql, parameters = self.built(shape)
        own_compiler = copy(compiler)
        own_compiler.connection = connections[queryset.db]  # each thread has its own
        if queryset.query.select_for_update and not own_compiler.connection.in_atomic_block:
            raise TransactionManagementError("select_for_update outside of a transaction")
        bound = tuple(
            to_database_value(each.of(values), own_compiler.connection) if isinstance(each, QueryParameter) else each
            for each in parameters
        )
        own_compiler.as_sql = lambda *args, **options: (sql, bound)
        rows = queryset.all()
        rows.query.get_compiler = lambda *args, **options: own_compiler  # type: ignore[method-assign]  # for this call only
        return list(rows)

    def _built(self, shape: tuple[tuple[str, int | None], ...]) -> tuple[QuerySet[Any, Row], Any, str, Any]:
        placeholders = {
            name: QueryParameter(name) if length is None else [QueryParameter(name, number) for number in range(length)]
            for name, length in shape
        }
        queryset = self.build(**placeholders)
        compiler = queryset.query.get_compiler(queryset.db)
        try:
            sql, parameters = compiler.as_sql()
        except EmptyResultSet:  # an empty list; Django treats an empty statement in the same way
            sql, parameters = "", ()
        return queryset, compiler, sql, parameters


def to_database_value(value: Any, connection: Any) -> Any:
    """Return `value` (of one of TYPES) as the driver of `connection` expects it."""
    if type(value) is datetime:
        return connection.ops.adapt_datetimefield_value(value)
    if type(value) is date:
        return connection.ops.adapt_datefield_value(value)
    if type(value) is UUID and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def flat(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        for each in value if isinstance(value, list) else (value,):
            yield name, each
