"""What one visit of a page costs: CPU of Python and of the database, statements, buffers, weight.

Pages are asked for in this process, without a server before them: what grows with the firm is behind it. CPU and
buffers stay comparable on a busy machine; the time on the clock does not.
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
LONG = 5  # seconds: a page that takes as long is visited once more, not five times
CSV_ROWS = 20_000  # that are read of a file at most


@dataclass(frozen=True)
class Figures:
    cpu: float  # milliseconds, of Python and of PostgreSQL
    wall: float  # milliseconds on the clock
    statements: int = 0
    buffers: int = 0  # of 8 kB, that PostgreSQL touched for them
    kilobytes: float = 0.0  # before compression


@dataclass(frozen=True)
class Look:
    """A page as `client` sees it. `bar` is how many times the cost at the first size it may have at any other, None of
    what grows with those it is about; `few` buffers more than that are no growth."""

    name: str
    client: Client
    path: str
    bar: float | None = 2
    few: int = 60  # an index that is a step deeper
    more_statements: int = 0
    form: Callable | None = None  # makes what is sent
    max_kilobytes: int | None = None

    def ask(self):
        if self.form:
            self.client.cookies.clear()  # a sign-in is of somebody who is not signed in yet
        return self.client.post(self.path, self.form()) if self.form else self.client.get(self.path)

    def answer(self):
        """The whole page."""
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
    """A program that brings this key of the API along."""
    return Client(SERVER_NAME="127.0.0.1", headers={"accept-language": "en", "authorization": f"Bearer {key}"})


class Stopwatch:
    """CPU of this process and of the one of PostgreSQL that works for it, in milliseconds; and the time."""

    def __init__(self):
        self.backend = None
        connection.ensure_connection()
        connection.close_at = None  # as with the pool of a server: a request does not open one of its own
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Further processes would end with their statement, and what they used would be seen by nobody.
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
        """(CPU, time) since the start."""
        return self.cpu() - self.began[0], (time.perf_counter() - self.began[1]) * 1000


@contextmanager
def statements_kept():
    """A list of the statements that are run meanwhile, each with its values."""
    kept = []

    def keep(execute, sql, params, many, context):
        kept.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield kept


def plans_of(statements):
    """What PostgreSQL does for each SELECT, which is run once more."""
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
    """The first visit fills what the process keeps, and is not counted."""
    watch, times = Stopwatch(), []
    began = time.perf_counter()
    look.answer()
    rounds = 1 if time.perf_counter() - began > LONG else ROUNDS
    for _ in range(rounds):
        watch.start()
        look.answer()
        times.append(watch.so_far())
    # The session is written every five minutes: of two visits one does not.
    statements, content = min((statements_of(look) for _ in range(2)), key=lambda found: len(found[0]))
    cpu, wall = (statistics.median(each) for each in zip(*times, strict=True))
    return Figures(cpu, wall, len(statements), buffers_of(statements), len(content) / 1000)


def read_file(look):
    """(to its first line, for a thousand more lines) of a CSV."""
    watch = Stopwatch()
    # If the response stayed open, the garbage collector would end its transaction later, inside another transaction.
    with closing(look.ask()) as response:
        pieces = iter(response.streaming_content)
        next(pieces)
        first, rows = watch.so_far(), 0
        watch.start()
        while rows < CSV_ROWS and (piece := next(pieces, b"")):
            rows += piece.count(b"\n")
    a_thousand = (each * 1000 / rows for each in watch.so_far())
    return Figures(*first), Figures(*a_thousand)
