"""Several workers under one false clock that jumps: no task is stuck or runs twice."""

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
JUMPS = [5 * MINUTE, 0 * DAY, 10 * DAY, 10 * DAY - 5 * MINUTE, -10 * DAY, 0 * DAY]  # after 14 days tasks are deleted
ZONE = ZoneInfo("Asia/Shanghai")  # of the settings
CUPS = 40


@pytest.fixture
def clock(tmp_path):
    return FalseClock(tmp_path)


@contextmanager
def several_workers(site, clock):
    # No worker is killed, and a busy machine delays heartbeats by more than 2 seconds.
    environment = clock.environment | {"ALIVE_FOR": "60"}
    workers = [site.start("-m", "tests.faults.fast_worker", "work", **environment) for _ in range(WORKERS)]
    try:
        wait_until(lambda: all(map(partial(has_begun, site), workers)), "a worker does not begin")
        yield
    finally:
        for worker in workers:
            worker.terminate()
            worker.communicate(timeout=PATIENCE)


def pour_cups(site):
    """Enqueue cups, due at once by the true clock, and wait until they are poured."""
    before = len(cups(site))
    assert site.run("-m", "tests.faults.fast_worker", "cups", str(CUPS), str(before)) == (0, "")
    wait_until(lambda: len(cups(site)) == before + CUPS, "not every cup is poured")


def job_runs(site):
    """Nightly job → how often it began."""
    rows = site.rows(
        "SELECT CAST(args_kwargs AS text), CAST(worker_ids AS text) FROM django_tasks_database_dbtaskresult "
        "WHERE task_path LIKE '%run_job'"
    )
    return Counter(
        name for name in NIGHTLY for text, workers in rows if f'"{name}"' in text for _ in workers.split(",")
    )


def last_job_time(site):
    """The latest next time of all jobs."""
    return max(
        datetime.fromisoformat(str(at)).replace(tzinfo=UTC) for (at,) in site.rows("SELECT next_at FROM jobs_job")
    )


@pytest.mark.minutes
def test_tasks_run_once_and_no_job_waits_for_wrong_date(site, clock):
    with several_workers(site, clock):
        for ahead in JUMPS:
            clock.set(ahead)
            pour_cups(site)
        wait_until(lambda: last_job_time(site) < clock.now() + DAY + MINUTE, "a job waits for a day of the wrong clock")
        wait_until(lambda: states(site)["SUCCESSFUL"] == CUPS * len(JUMPS), "not every task is done")
    begun = site.rows(
        "SELECT CAST(worker_ids AS text) FROM django_tasks_database_dbtaskresult WHERE task_path LIKE '%pour'"
    )
    retries = 2 * len(range(0, CUPS * len(JUMPS), EVERY))
    assert sum(names.count(",") + 1 for (names,) in begun) == CUPS * len(JUMPS) + retries
    assert set(cups(site).values()) == {1}


def test_repeated_night_runs_jobs_once(site, clock):
    """The clock is set back by less than an hour, as by a correction."""
    clock.set(next_time(12))
    with several_workers(site, clock):
        pour_cups(site)
        after_the_night = next_time(4) + DAY
        clock.set(after_the_night)
        wait_until(lambda: set(job_runs(site)) == set(NIGHTLY), "a job of the night did not come")
        wait_until(lambda: not running_jobs(site), "a job does not end")
        for ahead in (after_the_night - 55 * MINUTE, after_the_night):
            clock.set(ahead)
            pour_cups(site)
    assert job_runs(site) == Counter(NIGHTLY)


def next_time(hour):
    """Time until this hour of the site's clock, by the true clock."""
    now = datetime.now(ZONE)
    day = now.replace(hour=hour, minute=0, second=0)
    return (day if day > now else day + DAY) - now


def running_jobs(site):
    return site.count("django_tasks_database_dbtaskresult", "task_path LIKE '%run_job' AND status <> 'SUCCESSFUL'")
