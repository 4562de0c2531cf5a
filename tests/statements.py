"""Which tests need not run on PostgreSQL, as others run the same statements: `.ci/run` runs each statement there once.

`make deep` runs all tests that use the database on PostgreSQL.

With `-p tests.statements --note-statements=FOLDER` each test that passes, and that `.ci/run` may run on PostgreSQL,
notes what it ran on SQLite. From that, `python -m tests.statements FOLDER` prints the tests that may be left out, and
`--without=FILE` leaves these out. (With the sign between: pytest takes a word by itself for a place of tests.)
"""

import inspect
import json
import re
import sys
from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import pytest

NOT_RUN = ("browser", "any_database", "postgres_in_deep", "deep")  # markers that `.ci/run` excludes on PostgreSQL
ENOUGH = 1  # test for each statement of each function; with other values in `make deep`
NAMES_AND_NUMBERS = re.compile(r"\bs\d+_x\d+\b|\d+")  # of savepoints, limits, aliases
REPEATED = re.compile(r"(%s|\([^()]*\))(?:, \1)+")  # values of a list, rows of an insert
NOTES = pytest.StashKey()


class Notes:
    """What a test asks of the database, for `connection.execute_wrapper`.

    Of a statement: the words without values, the function of the product that ran it, and the error that came of it.
    """

    def __init__(self):
        self.asked = set()

    def __call__(self, execute, sql, params, many, context):
        error = ""
        try:
            return execute(sql, params, many, context)
        except Exception as raised:
            error = type(raised).__name__
            raise
        finally:
            self.asked.add(digest(asking(sys._getframe(1)), sql, error))


def asking(frame):
    while frame and not frame.f_globals.get("__name__", "").startswith("courseware."):
        frame = frame.f_back
    return f"{frame.f_globals['__name__']}.{frame.f_code.co_qualname}" if frame else ""


@lru_cache(maxsize=100_000)
def digest(place, sql, error):
    shape = REPEATED.sub(r"\1", REPEATED.sub(r"\1", NAMES_AND_NUMBERS.sub("0", sql)))
    return blake2b(f"{place} {shape} {error}".encode(), digest_size=8).hexdigest()


def left_out(notes):
    """Tests of which each statement is run often enough without them; the slowest first."""
    running = Counter(statement for note in notes for statement in note["asked"])
    for note in sorted(notes, key=lambda note: note["seconds"], reverse=True):
        if not note["stays"] and all(running[statement] > ENOUGH for statement in note["asked"]):
            running.subtract(note["asked"])
            yield note["test"]


def is_noted(item):
    """Whether `.ci/run` may run the test on PostgreSQL. Statements of other tests are not run there."""
    return item.get_closest_marker("database") is not None and not any(map(item.get_closest_marker, NOT_RUN))


def stays(item):
    """Whether the test must run on PostgreSQL in any case: it commits or checks the database vendor."""
    return commits(item) or "connection.vendor" in inspect.getsource(item.function)


def commits(item):
    marker = item.get_closest_marker("django_db")
    is_marked = marker is not None and marker.kwargs.get("transaction", False)
    return is_marked or not {"transactional_db", "live_server"}.isdisjoint(item.fixturenames)


def pytest_addoption(parser):
    parser.addoption("--note-statements", metavar="FOLDER", help="note what each test asks of the database")
    parser.addoption("--without", metavar="FILE", help="leave out the tests that are named in this file")


def pytest_collection_modifyitems(config, items):
    if file := config.getoption("without"):
        named = set(Path(file).read_text(encoding="utf-8").splitlines())
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in named])
        items[:] = [item for item in items if item.nodeid not in named]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    from django.db import connection

    if not (item.config.getoption("note_statements") and is_noted(item)):
        return (yield)
    item.stash[NOTES] = Notes()
    with connection.execute_wrapper(item.stash[NOTES]):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call" and report.passed and NOTES in item.stash:
        asked = sorted(item.stash[NOTES].asked)
        note = {"test": item.nodeid, "seconds": report.duration, "stays": stays(item), "asked": asked}
        worker = getattr(item.config, "workerinput", {}).get("workerid", "alone")
        with open(Path(item.config.getoption("note_statements")) / f"{worker}.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(note) + "\n")
    return report


def main(folder):
    lines = (line for file in Path(folder).glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines())
    print(*left_out([json.loads(line) for line in lines]), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1])
