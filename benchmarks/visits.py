"""Cost of one visit of a page: CPU time of Python and of the database, queries, buffers, size.

Pages are requested in this process, without a server. CPU time and buffers are comparable on a busy machine; elapsed
time is not.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import Client

ROUNDS = 5
LONG = 5  # seconds: a slower page is measured once, not five times
CSV_ROWS = 20_000  # read of a file at most


@dataclass(frozen=True)
class Figures:
    cpu: float  # milliseconds, of Python and of PostgreSQL
    wall: float  # milliseconds elapsed
    statements: int = 0
    buffers: int = 0  # of 8 kB, that PostgreSQL accessed
    kilobytes: float = 0.0  # before compression


@dataclass(frozen=True)
class Look:
    """A page as `client` sees it.

    `bar`: limit of the cost, as a multiple of that at the first size; None: unlimited. `few`: number of additional
    buffers that is ignored.
    """

    name: str
    client: Client
    path: str
    bar: float | None = 2
    few: int = 60  # one more index level
    more_statements: int = 0
    form: Callable | None = None  # returns the form data
    max_kilobytes: int | None = None

    def ask(self):
        if self.form:
            self.client.cookies.clear()  # sign-in needs a client that is not signed in
        return self.client.post(self.path, self.form()) if self.form else self.client.get(self.path)

    def answer(self):
        """Return the whole page as bytes; exit on an unexpected status."""
        response = self.ask()
        if response.status_code != (302 if self.form else 200):
            raise SystemExit(f"{self.path}: {response.status_code} {response.headers.get('Location', '')}")
        return response.content


def client_of(person=None):
    client = Client(SERVER_NAME="127.0.0.1", headers={"accept-language": "en"})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    if person:
        client.force_login(person)
    return client


def client_with(key):
    """Return a client that sends this API key."""
    return Client(SERVER_NAME="127.0.0.1", headers={"accept-language": "en", "authorization": f"Bearer {key}"})


class Stopwatch:
    """Measures elapsed time, and CPU time of this process and its PostgreSQL backend, in milliseconds."""

    def __init__(self):
        self.backend = None
        connection.ensure_connection()
        connection.close_at = None  # stays open, as in the pool of a server
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # The CPU time of parallel processes would not be measured.
                cursor.execute("SET max_parallel_workers_per_gather = 0")
                cursor.execute("SELECT pg_backend_pid()")
                self.backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
        self.start()

    def start(self):
        self.began = self.cpu(), time.perf_counter()

    def cpu(self):
        of_database = int(self.backend.read_text().split()[0]) / 1_000_000 if self.backend else 0
        return time.process_time() * 1000 + of_database

    def so_far(self):
        """Return (CPU time, elapsed time) since the start."""
        return self.cpu() - self.began[0], (time.perf_counter() - self.began[1]) * 1000


@contextmanager
def statements_kept():
    """Yield a list that collects (SQL, parameters) of the queries in the block."""
    statements = []

    def keep(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield statements


def plans_of(statements):
    """Run each SELECT again and yield its plan."""
    with connection.cursor() as cursor:
        for sql, params in statements:
            if sql.startswith("SELECT"):
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params)
                [[[found]]] = cursor.fetchall()
                yield found["Plan"]


def buffers_of(statements):
    if connection.vendor != "postgresql":
        return 0
    return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans_of(statements))


def statements_of(look):
    with statements_kept() as statements:
        return statements, look.answer()


def visit(look):
    """Return the cost of a page. The first visit fills caches and is not counted."""
    watch, times = Stopwatch(), []
    began = time.perf_counter()
    look.answer()
    rounds = 1 if time.perf_counter() - began > LONG else ROUNDS
    for _ in range(rounds):
        watch.start()
        look.answer()
        times.append(watch.so_far())
    # The session is saved every five minutes, so at least one of two visits does not save it.
    statements, content = min((statements_of(look) for _ in range(2)), key=lambda found: len(found[0]))
    cpu, wall = (statistics.median(each) for each in zip(*times, strict=True))
    return Figures(cpu, wall, len(statements), buffers_of(statements), len(content) / 1000)


def read_file(look):
    """Return the cost of a CSV file (up to its first line, per 1,000 further lines)."""
    watch = Stopwatch()
    # Closed here, or the garbage collector would end its transaction later, inside another one.
    with closing(look.ask()) as response:
        pieces = iter(response.streaming_content)
        next(pieces)
        first, rows = watch.so_far(), 0
        watch.start()
        while rows < CSV_ROWS and (piece := next(pieces, b"")):
            rows += piece.count(b"\n")
    a_thousand = (each * 1000 / rows for each in watch.so_far())
    return Figures(*first), Figures(*a_thousand)
