"""Workers of `manage.py work` are killed at random while they work: each task is done, and once.

A small size by default; with FAULTS=full that of the promises.
"""

import json
import random
import time
from collections import Counter
from functools import partial

from tests.faults.busy import EVERY
from tests.faults.conftest import IN_FULL, IS_POSTGRES
from tests.faults.sites import wait_until

TASKS, KILLS, WORKERS = (600, 50, 3) if IN_FULL else (60, 4, 3)


def cups(site):
    """Cup → how often it was poured."""
    return Counter(subject for (subject,) in site.rows("SELECT subject FROM evidence_event WHERE verb = 'poured'"))


def states(site):
    return Counter(status for (status,) in site.rows("SELECT status FROM django_tasks_database_dbtaskresult"))


def has_begun(site, worker):
    return site.count("jobs_worker", f"name LIKE '%:{worker.pid}:%'")


def test_each_task_is_done_once_though_its_workers_are_killed(site, record_property):
    assert site.run("-m", "tests.faults.busy", str(TASKS)) == (0, "")
    seed, began = random.randrange(10**6), time.monotonic()
    chance = random.Random(seed)
    workers = [site.start("-m", "tests.faults.busy", "work") for _ in range(WORKERS)]
    try:
        for moment in sorted(chance.sample(range(TASKS - WORKERS), KILLS)):
            wait_until(lambda moment=moment: len(cups(site)) >= moment, "the tasks are not done", within=120)
            place = chance.randrange(WORKERS)
            workers[place].kill()
            workers[place].communicate()
            workers[place] = site.start("-m", "tests.faults.busy", "work")
        wait_until(lambda: states(site)["SUCCESSFUL"] == TASKS, "not every task is done", within=120)
        wait_until(lambda: all(map(partial(has_begun, site), workers)), "a worker does not begin again")
    finally:
        for worker in workers:
            worker.terminate()
    endings = [worker.wait(timeout=20) for worker in workers]
    workers_of_each = site.rows("SELECT CAST(worker_ids AS text) FROM django_tasks_database_dbtaskresult")
    begun = sum(len(json.loads(names)) for (names,) in workers_of_each) - 2 * len(range(0, TASKS, EVERY))
    name = "PostgreSQL" if IS_POSTGRES else "SQLite"
    record_property(
        "figures",
        f"{name}, {KILLS} kills of {WORKERS} workers: {TASKS} tasks done, 0 lost, 0 twice, "
        f"{begun - TASKS} begun again; {time.monotonic() - began:.0f} s, seed {seed}",
    )
    assert cups(site) == Counter(f"cup:{number}" for number in range(TASKS))
    assert endings == [0] * WORKERS, "told to stop, a worker finishes what it has in hand and ends"


def test_a_worker_lives_through_a_database_that_is_locked_longer_than_it_waits(site):
    """SQLite only: whoever writes holds the one lock. The worker says so, and goes on."""
    if site.is_postgres:
        return
    worker = site.start("-m", "tests.faults.busy", "work")
    try:
        wait_until(lambda: site.count("jobs_worker"), "the worker does not begin")
        writer = site.connect()
        writer.isolation_level = None
        writer.execute("BEGIN EXCLUSIVE")
        time.sleep(7)
        writer.execute("ROLLBACK")
        writer.close()
        assert site.run("-m", "tests.faults.busy", "3") == (0, "")
        wait_until(lambda: len(cups(site)) == 2, "the worker does not go on")
    finally:
        worker.kill()
        worker.communicate()
