"""Database dumps: dump and restore with the tools of SQLite and PostgreSQL."""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.postgresql.client import DatabaseClient

from courseware.accounts.models import TrustedDevice
from courseware.project.maintenance import lift_timeouts

# Tables dumped without rows, because a stolen session gives access to an account.
LEFT_OUT = [*(model._meta.db_table for model in (Session, UserSession, TrustedDevice)), settings.CACHE_TABLE]
WAITS_AT_MOST = 30  # seconds for other writers to SQLite
SINCE_17 = b"SET transaction_timeout = 0;"  # pg_restore writes it also for older servers


class DumpFailed(Exception):
    """The message is that of the database or its program. Nothing was changed."""


@dataclass(frozen=True)
class Facts:
    database: str
    migrations: list[list[str]]
    events: int  # number in the audit log


def facts(database: str, ask: Callable[[str], list[tuple]]) -> Facts:
    """Return the product, the applied migrations, and the number of audit log events of a database. `database`: its
    product, "SQLite" or "PostgreSQL"; `ask`: runs SQL and returns the rows.
    """
    migrations = ask("SELECT app, name FROM django_migrations ORDER BY app, name")
    ((events,),) = ask("SELECT count(*) FROM audit_log_event")
    return Facts(database, [list(each) for each in migrations], events)


@contextmanager
def dumped(beside: Path) -> Iterator[tuple[IO[bytes], Facts]]:
    """Yield (stream of the dump, facts). Read the stream to its end. `beside`: free path for a temporary file,
    which only SQLite needs and which is deleted. Raise DumpFailed.
    """
    with dumped_postgresql() if connection.vendor == "postgresql" else dumped_sqlite(beside) as dump:
        yield dump


def restore_dump(file: Path) -> None:
    """Replace the content by a dump of the same product (not checked) or leave it unchanged. Raise DumpFailed."""
    (restore_postgresql if connection.vendor == "postgresql" else restore_sqlite)(file)


# SQLite --------------------------------------------------------------------------------------------------------------


def sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"]).resolve()


@contextmanager
def dumped_sqlite(beside: Path) -> Iterator[tuple[IO[bytes], Facts]]:
    try:
        try:
            with closing(sqlite3.connect(f"{sqlite_file().as_uri()}?mode=rw", WAITS_AT_MOST, uri=True)) as own:
                own.execute("VACUUM INTO ?", [str(beside)])
            with closing(sqlite3.connect(beside, isolation_level=None)) as copy:
                empty_what_is_left_out(copy)
                found = facts("SQLite", lambda sql: copy.execute(sql).fetchall())
        except sqlite3.Error as error:
            raise DumpFailed(str(error)) from error
        with beside.open("rb") as stream:
            yield stream, found
    finally:
        beside.unlink(missing_ok=True)


def empty_what_is_left_out(copy: sqlite3.Connection) -> None:
    """Delete the rows of LEFT_OUT from a copy, without traces in the file."""
    copy.execute("PRAGMA journal_mode = OFF")  # a journal file would hold the rows
    copy.execute("PRAGMA secure_delete = ON")  # otherwise the rows stay in free pages of the file
    there = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in there.intersection(LEFT_OUT):
        copy.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a constant


def restore_sqlite(file: Path) -> None:
    """Copy the database page by page, so that open connections see either the old or the new content."""
    try:
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(sqlite_file())) as target:
            if (problems := source.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                raise DumpFailed(f"the database in it is damaged: {problems[0][0]}")
            target.execute(f"PRAGMA busy_timeout = {WAITS_AT_MOST * 1000}")
            target.execute("BEGIN IMMEDIATE")  # fails if another process writes; `backup` would wait for ever
            target.rollback()
            source.backup(target)
    except sqlite3.Error as error:
        raise DumpFailed(f"{sqlite_file()}: {error}") from error


# PostgreSQL ----------------------------------------------------------------------------------------------------------


def program(name: str) -> str:
    """Return the path of a PostgreSQL program. Raise DumpFailed if it is missing or older than the server."""
    with connection.cursor():
        server = connection.pg_version // 10000  # type: ignore[attr-defined]  # PostgreSQL only
    needed = f"{name} of PostgreSQL {server} or newer is needed (package postgresql-client)"
    path = shutil.which(name)
    if path is None:
        raise DumpFailed(f"{needed}; there is none")
    command = [path, "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a path from PATH
    version = re.search(r"\) (\d+)", output)
    if version is None or int(version[1]) < server:
        raise DumpFailed(f"{needed}; {path} is {output.strip() or 'none'}")
    return path


class Client:
    """A running PostgreSQL program; errors go to a file: pipes may fill up. `connects`: pass the connection options."""

    def __init__(
        self, name: str, *arguments: str, connects: bool = True, stdin: int | None = None, stdout: int | None = None
    ) -> None:
        command, secrets = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, list(arguments))
        # The password is passed in the environment, because other users can see command lines.
        command = [program(name), *(command[1:] if connects else arguments)]
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        environment = os.environ | (secrets or {})
        self.process = subprocess.Popen(  # noqa: S603 - constants and settings, without a shell
            command, env=environment, stdin=stdin, stdout=stdout, stderr=self.errors
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_error: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    @property
    def output(self) -> IO[bytes]:
        assert self.process.stdout  # noqa: S101 - a pipe was requested
        return self.process.stdout

    @property
    def input(self) -> IO[bytes]:
        assert self.process.stdin  # noqa: S101 - same reason
        return self.process.stdin

    def come_to_an_end(self) -> None:
        """Wait for the end. Raise DumpFailed with the program's errors if it failed."""
        if self.process.wait():
            self.errors.seek(0)
            errors = " ".join(self.errors.read().decode(errors="replace").split())
            raise DumpFailed(errors or f"a program of PostgreSQL ended with {self.process.returncode}")


@contextmanager
def dumped_postgresql() -> Iterator[tuple[IO[bytes], Facts]]:
    holder = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        lift_timeouts(holder)
        holder.set_autocommit(False)
        with holder.cursor() as cursor:

            def ask(sql: str) -> list[tuple]:
                cursor.execute(sql)
                return cursor.fetchall()

            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            found = facts("PostgreSQL", ask)
            ((snapshot,),) = ask("SELECT pg_export_snapshot()")
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
            options += [f"--exclude-table-data={table}" for table in LEFT_OUT]
            with Client("pg_dump", *options, stdout=subprocess.PIPE) as dumping:
                yield dumping.output, found
                dumping.come_to_an_end()
    finally:
        holder.close()


def restore_postgresql(file: Path) -> None:
    tables = ", ".join(map(connection.ops.quote_name, connection.introspection.table_names()))
    read = ["--no-owner", "--no-privileges", "--file=-", str(file)]
    write = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with (
        Client("pg_restore", *read, connects=False, stdout=subprocess.PIPE) as reading,
        Client("psql", *write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as writing,
    ):
        try:
            # If psql ends before COMMIT, it rolls back.
            writing.input.write(f"BEGIN;\n{f'DROP TABLE {tables} CASCADE;' if tables else ''}\n".encode())
            pass_on_settings(reading.output, writing.input)
            shutil.copyfileobj(reading.output, writing.input)
            reading.come_to_an_end()
            writing.input.write(b"\nCOMMIT;\n")
            writing.input.close()
        except BrokenPipeError:
            pass  # psql has ended; `come_to_an_end` reports its error
        writing.come_to_an_end()


def pass_on_settings(script: IO[bytes], to: IO[bytes]) -> None:
    """Copy lines of `script` to `to` up to the line that sets the encoding, without SINCE_17 for an older server."""
    is_known = connection.pg_version >= 170000  # type: ignore[attr-defined]  # PostgreSQL only
    for line in script:
        if is_known or line.strip() != SINCE_17:
            to.write(line)
        if line.startswith(b"SET client_encoding"):
            return
