"""A prefix lookup, `column__begins`, that uses an index on SQLite and on PostgreSQL."""

import sys
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, Lookup
from django.db.models.sql.compiler import SQLCompiler

AFTER_ALL = chr(sys.maxunicode)


@CharField.register_lookup
class Begins(Lookup[str]):
    """Find rows by `column__begins="x"`, case-sensitive. PostgreSQL needs an index with `varchar_pattern_ops`."""

    lookup_name = "begins"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", [*params, f"{connection.ops.prep_for_like_query(self.rhs)}%"]

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        column, params = self.process_lhs(compiler, connection)
        return f"({column} >= %s AND {column} < %s)", [*params, self.rhs, *params, f"{self.rhs}{AFTER_ALL}"]
