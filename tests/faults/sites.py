"""A separate site for each test: its database, commands, and a server process that may be killed.

`.ci/deployment` imports this module without Django, so product imports are inside functions.
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.visitors import Visitor
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SECRET = "for-the-tests-of-faults-" * 3
SESSION_TABLES = {"django_session", "cache"}


@dataclass
class Site:
    """`database_url`: the site's own database; `told`: what prepare.py printed about its learner."""

    folder: Path
    database_url: str
    told: dict = field(default_factory=dict)
    environment: dict = field(default_factory=dict)

    @property
    def is_postgres(self):
        return self.database_url.startswith("postgres")

    @property
    def file(self):
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def pause_file(self):
        return self.folder / "pause"

    def env(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "PYTEST_"))}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": self.database_url,
            "DATA_DIR": str(self.folder),
            "SECRET_KEY": SECRET,
            "PLAIN_HTTP": "1",
            "PAUSE_FILE": str(self.pause_file),
            "PATH": os.pathsep.join(filter(None, [os.environ.get("PG_BIN"), os.environ["PATH"]])),  # pg_dump
            **self.environment,
            **more,
        }

    def start(self, *arguments, **more):
        """Start Python with these arguments, as a process to kill or to wait for."""
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=self.env(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, *arguments, **more):
        """(exit status, output followed by errors)."""
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, (out + err).decode()

    def manage(self, *arguments, **more):
        return self.run("-m", "tests.faults.manage", *arguments, **more)

    def assert_records_agree(self):
        """In this process if possible, because starting another one is slow."""
        from django.core.management import call_command
        from django.db import connection

        if self.environment or not self.is_beside(connection):
            status, printed = self.manage("check_records")
            assert (status, printed) == (0, "0 differences\n"), printed
            return
        with self.opened_here():
            call_command("check_records")

    def is_beside(self, connection):
        """Whether this process can open the database: another file, or on the same server."""
        if not self.is_postgres:
            return connection.vendor == "sqlite"
        server, own = urlsplit(self.database_url), connection.settings_dict
        return connection.vendor == "postgresql" and (server.hostname, server.port) == (own["HOST"], int(own["PORT"]))

    @contextmanager
    def opened_here(self):
        """Switch the database of this process to that of the site."""
        from django.db import connection

        from courseware.content.rendering import store
        from tests.making import use_database

        name = urlsplit(self.database_url).path[1:] if self.is_postgres else self.file
        own = connection.settings_dict["NAME"]
        try:
            use_database(name)
            yield
        finally:
            use_database(own)
            store.clear_caches()

    @contextmanager
    def served(self, *, workers=2, **more):
        """Run gunicorn with this many workers; yield a Visitor who is not signed in."""
        port = free_port()
        server = self.start_server(port, workers=workers, **more)
        try:
            yield Visitor(port)
        finally:
            server.terminate()
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()

    def start_server(self, port, *, workers=2, **more):
        """gunicorn as a process in its own group, already listening."""
        options = [f"--workers={workers}", "--log-level=warning"]  # all else is as served: gunicorn.conf.py
        with (self.folder / "server.log").open("ab") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "tests.faults.wsgi", *options, f"--bind=127.0.0.1:{port}"],
                cwd=ROOT, env=self.env(**more), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            wait_until(lambda: is_listening(port), "the server does not listen")
        except AssertionError:
            server.kill()
            raise
        return server

    def rows(self, sql):
        """Rows of a query past the product, as tuples."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def connect(self):
        if not self.is_postgres:
            return sqlite3.connect(self.file)
        import psycopg

        return psycopg.connect(self.database_url, autocommit=True)

    def count(self, table, condition="1 = 1"):
        return self.rows(f"SELECT count(*) FROM {table} WHERE {condition}")[0][0]

    def tables(self):
        if self.is_postgres:
            found = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        else:
            found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return sorted(name for (name,) in found)

    def content(self):
        """Table → (its columns, its rows in some fixed order), all but sessions and caches."""
        return {
            table: (self.columns(table), sorted(map(repr, self.rows(f'SELECT * FROM "{table}"'))))
            for table in self.tables()
            if table not in SESSION_TABLES
        }

    def columns(self, table):
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(f'SELECT * FROM "{table}" WHERE 1 = 0')
            return [column[0] for column in cursor.description]


def prepared(folder, database_url, *, by="tests.faults.prepare"):
    """A site on an empty database, filled by the module `by`."""
    site = Site(folder, database_url)
    status, printed = site.run("-m", by)
    assert status == 0, printed
    site.told = json.loads(printed.splitlines()[-1])
    return site


def copy_of(site, folder):
    """A copy of the site, which a test may break."""
    if not site.is_postgres:
        copy = Site(folder, f"sqlite:///{folder / 'courseware.sqlite3'}", site.told)
        with closing(site.connect()) as source, closing(copy.connect()) as target:
            source.backup(target)  # also what is still in the write-ahead log
        return copy
    return Site(folder, new_postgres(site.database_url, template=urlsplit(site.database_url).path[1:]), site.told)


def new_postgres(server_url, template=""):
    """The address of a new database on the same server."""
    import psycopg

    name = f"faults_{uuid.uuid4().hex}"
    place = urlsplit(server_url)
    with closing(psycopg.connect(place._replace(path="/postgres").geturl(), autocommit=True)) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return place._replace(path=f"/{name}").geturl()


def free_port():
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def is_listening(port, address="127.0.0.1"):
    with closing(socket.socket()) as tried:
        return tried.connect_ex((address, port)) == 0


def wait_until(happened, otherwise, within=PATIENCE):
    """The result of `happened`, once it is true."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if found := happened():
            return found
        time.sleep(0.05)
    raise AssertionError(otherwise)
