"""Workers of `manage.py run_worker` are killed at random: each task is done, once.

A small size by default; FAULTS=full is larger.
"""

import json
import random
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from functools import partial

import pytest

from tests.faults.conftest import IN_FULL, IS_POSTGRES
from tests.faults.fast_worker import EVERY
from tests.faults.sites import wait_until
from tests.notifications.sinks import BUSY, DROPS, HANGS, mail_server
from tests.patience import PATIENCE

TASKS, KILLS, WORKERS = (600, 50, 3) if IN_FULL else (60, 4, 3)


def cups(site):
    """Cup → how often it was poured."""
    return Counter(subject for (subject,) in site.rows("SELECT subject FROM audit_log_event WHERE verb = 'poured'"))


def poured(site):
    return len(cups(site))


def states(site):
    """Of the cups; scheduled jobs run beside them."""
    pouring = "SELECT status FROM django_tasks_database_dbtaskresult WHERE task_path LIKE '%pour'"
    return Counter(status for (status,) in site.rows(pouring))


@contextmanager
def killed_workers(site, done, chance, disturb=lambda: None, **environment):
    """Several workers, one of which is killed and restarted at each of KILLS random moments of `done()`.

    `disturb` is called at each of these moments, too.
    """
    begin = partial(site.start, "-m", "tests.faults.fast_worker", "work", **environment)
    workers = [begin() for _ in range(WORKERS)]
    try:
        for moment in sorted(chance.sample(range(TASKS - TASKS // EVERY - WORKERS), KILLS)):
            wait_until(lambda moment=moment: done() >= moment, f"{moment} were not done")
            disturb()
            index = chance.randrange(WORKERS)
            workers[index].kill()
            workers[index].communicate()
            workers[index] = begin()
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
            worker.communicate(timeout=PATIENCE)


def has_begun(site, worker):
    return site.count("jobs_worker", f"name LIKE '%:{worker.pid}:%'")


@pytest.mark.minutes
def test_each_task_runs_once_despite_kills(site, record_property):
    assert site.run("-m", "tests.faults.fast_worker", "cups", str(TASKS)) == (0, "")
    seed, began = random.randrange(10**6), time.monotonic()
    with killed_workers(site, partial(poured, site), random.Random(seed)) as workers:
        wait_until(lambda: states(site)["SUCCESSFUL"] == TASKS, "not every task is done")
        wait_until(lambda: all(map(partial(has_begun, site), workers)), "a worker does not begin again")
    endings = [worker.returncode for worker in workers]
    workers_of_each = site.rows(
        "SELECT CAST(worker_ids AS text) FROM django_tasks_database_dbtaskresult WHERE task_path LIKE '%pour'"
    )
    begun = sum(len(json.loads(names)) for (names,) in workers_of_each) - 2 * len(range(0, TASKS, EVERY))
    name = "PostgreSQL" if IS_POSTGRES else "SQLite"
    record_property(
        "figures",
        f"{name}, {KILLS} kills of {WORKERS} workers: {TASKS} tasks done, 0 lost, 0 twice, "
        f"{begun - TASKS} begun again; {time.monotonic() - began:.0f} s, seed {seed}",
    )
    assert cups(site) == Counter(f"cup:{number}" for number in range(TASKS))
    assert endings == [0] * WORKERS, "told to stop, a worker finishes what it has in hand and ends"


MISBEHAVIOUR = [BUSY, HANGS, DROPS, DROPS]


@pytest.mark.minutes
def test_each_email_is_sent_despite_kills_and_bad_mail_server(site, record_property):
    """A worker killed after the server's reply and before its own record sends an email again. So does a server that
    accepts an email and hangs up. The repeated email has the same Message-ID."""
    assert site.run("-m", "tests.faults.fast_worker", "letters", str(TASKS)) == (0, "")
    seed, began = random.randrange(10**6), time.monotonic()
    chance = random.Random(seed)
    with mail_server() as (sink, port):
        sink.knows_nobody = True

        def misbehave():
            sink.manner, sink.spell = chance.choice(MISBEHAVIOUR), 3

        smtp = {"EMAIL_URL": f"smtp://127.0.0.1:{port}"}
        with killed_workers(site, lambda: len({*sink.taken}), chance, misbehave, **smtp):
            wait_until(
                lambda: not site.count("notifications_outgoingemail", "state = 'queued'"),
                "not every letter left",
                within=120,
            )
    names = Counter(name for _, name in sink.taken)
    twice = len(sink.taken) - len(names)
    record_property(
        "figures",
        f"{'PostgreSQL' if IS_POSTGRES else 'SQLite'}, {KILLS} kills, as often a server that is busy, hangs or drops: "
        f"{TASKS} letters, {len(names)} taken, {TASKS - len(names)} refused for good, 0 lost, {twice} handed over "
        f"twice under one Message-ID ({sink.taken_in_silence} taken in silence); "
        f"{time.monotonic() - began:.0f} s, seed {seed}",
    )
    rows = site.rows("SELECT number, state, why FROM notifications_outgoingemail WHERE kind = 'invitation'")
    sent = {str(uuid.UUID(str(number))) for number, state, _ in rows if state == "sent"}
    assert {name.strip("<>").partition("@")[0] for name in names} == sent
    assert Counter(state for _, state, _ in rows) == {"sent": TASKS - TASKS // EVERY, "refused": TASKS // EVERY}
    assert {why for _, state, why in rows if state == "refused"} == {"550 5.1.1 no such mailbox"}


def test_worker_survives_database_locked_beyond_timeout(site):
    """SQLite only, which has one lock for all writers."""
    if site.is_postgres:
        return
    worker = site.start("-m", "tests.faults.fast_worker", "work")
    try:
        wait_until(lambda: site.count("jobs_worker"), "the worker does not begin")
        writer = site.connect()
        writer.isolation_level = None
        writer.execute("BEGIN EXCLUSIVE")
        time.sleep(7)
        writer.execute("ROLLBACK")
        writer.close()
        assert site.run("-m", "tests.faults.fast_worker", "cups", "3") == (0, "")
        wait_until(lambda: poured(site) == 3, "the worker does not go on")
    finally:
        worker.kill()
        worker.communicate()
