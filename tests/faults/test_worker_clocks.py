"""Several workers under one false clock that jumps while they work: nothing is stuck, and nothing is done twice."""

from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from tests.faults.fast_worker import EVERY
from tests.faults.sites import wait_until
from tests.faults.test_clocks import LIBRARY, FalseClock
from tests.faults.test_workers import WORKERS, cups, has_begun, states
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="workers need a false clock: apt-get install libfaketime")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NIGHTLY = ("verify-audit-log", "check-records", "clear-sessions", "delete-old-tasks", "delete-emails-without-account")
JUMPS = [5 * MINUTE, 0 * DAY, 10 * DAY, 10 * DAY - 5 * MINUTE, -10 * DAY, 0 * DAY]  # by fourteen days work is forgotten
ZONE = ZoneInfo("Asia/Shanghai")  # of the settings
CUPS = 40


@pytest.fixture
def clock(tmp_path):
    return FalseClock(tmp_path)


@contextmanager
def several_workers(site, clock):
    # Nobody is killed, and a busy machine delays the beat of a worker by more than two seconds.
    environment = clock.environment | {"ALIVE_FOR": "60"}
    workers = [site.start("-m", "tests.faults.fast_worker", "work", **environment) for _ in range(WORKERS)]
    try:
        wait_until(lambda: all(map(partial(has_begun, site), workers)), "a worker does not begin")
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.communicate(timeout=PATIENCE)


def do_something(site):
    """Cups that are enqueued now and by the true clock, and wait for nothing but a worker."""
    before = len(cups(site))
    assert site.run("-m", "tests.faults.fast_worker", "cups", str(CUPS), str(before)) == (0, "")
    wait_until(lambda: len(cups(site)) == before + CUPS, "not every cup is poured")


def runs(site):
    """Job of the night → how often it was begun."""
    rows = site.rows(
        "SELECT CAST(args_kwargs AS text), CAST(worker_ids AS text) FROM django_tasks_database_dbtaskresult "
        "WHERE task_path LIKE '%run_job'"
    )
    return Counter(
        name for name in NIGHTLY for text, workers in rows if f'"{name}"' in text for _ in workers.split(",")
    )


def farthest(site):
    """When the last of all jobs comes next."""
    return max(
        datetime.fromisoformat(str(at)).replace(tzinfo=UTC) for (at,) in site.rows("SELECT next_at FROM jobs_job")
    )


def test_work_is_begun_once_and_none_waits_for_a_day_that_the_clock_never_meant(site, clock):
    with several_workers(site, clock):
        for ahead in JUMPS:
            clock.set(ahead)
            do_something(site)
        wait_until(lambda: farthest(site) < clock.now() + DAY + MINUTE, "a job waits for a day of the wrong clock")
        wait_until(lambda: states(site)["SUCCESSFUL"] == CUPS * len(JUMPS), "not every task is done")
    begun = site.rows(
        "SELECT CAST(worker_ids AS text) FROM django_tasks_database_dbtaskresult WHERE task_path LIKE '%pour'"
    )
    laters = 2 * len(range(0, CUPS * len(JUMPS), EVERY))
    assert sum(names.count(",") + 1 for (names,) in begun) == CUPS * len(JUMPS) + laters
    assert set(cups(site).values()) == {1}


def test_a_night_that_comes_twice_brings_its_jobs_once(site, clock):
    """The clock is set back over it by less than an hour, as one that is put right."""
    clock.set(next_time(12))
    with several_workers(site, clock):
        do_something(site)
        after_the_night = next_time(4) + DAY
        clock.set(after_the_night)
        wait_until(lambda: set(runs(site)) == set(NIGHTLY), "a job of the night did not come")
        wait_until(lambda: not running_jobs(site), "a job does not end")
        for ahead in (after_the_night - 55 * MINUTE, after_the_night):
            clock.set(ahead)
            do_something(site)
    assert runs(site) == Counter(NIGHTLY)


def next_time(hour):
    """How far off it is by the true clock, on the clock of the site."""
    now = datetime.now(ZONE)
    day = now.replace(hour=hour, minute=0, second=0)
    return (day if day > now else day + DAY) - now


def running_jobs(site):
    return site.count("django_tasks_database_dbtaskresult", "task_path LIKE '%run_job' AND status <> 'SUCCESSFUL'")
