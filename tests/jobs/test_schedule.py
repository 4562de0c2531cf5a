"""Scheduled jobs: times, and one queued run at a time."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from courseware.jobs import schedule as schedules
from courseware.jobs.models import Job, Outcome
from courseware.jobs.schedule import Daily, Every, command, enqueue_due, run_job, run_now, schedule

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def jobs(monkeypatch):
    """The empty schedule."""
    monkeypatch.setattr(schedules, "JOBS", {})
    return schedules.JOBS


@pytest.fixture
def tea(jobs, db, time_machine):
    """A job that runs every 10 minutes, first in 10 minutes, and the list of its runs. It is noon."""
    time_machine.move_to(NOON, tick=False)
    runs = []
    schedule("tea", "Make tea", lambda: runs.append("tea") or "two cups", Every(timedelta(minutes=10)))
    enqueue_due()
    return runs


def waiting():
    return [row.args_kwargs["args"] for row in DBTaskResult.objects.ready().order_by("enqueued_at")]


def run_waiting():
    for row in DBTaskResult.objects.ready():
        row.claim("worker")
        try:
            run_job.call(*row.args_kwargs["args"])
        except Exception as error:
            row.set_failed(error)
        else:
            row.set_successful(None)


@pytest.mark.parametrize(
    "zone, now, expected",
    [
        ("Asia/Shanghai", "2026-11-25T18:59:59+00:00", "2026-11-25T19:00:00+00:00"),
        ("Asia/Shanghai", "2026-11-25T19:00:00+00:00", "2026-11-26T19:00:00+00:00"),
        ("Europe/Berlin", "2026-03-28T02:00:00+00:00", "2026-03-29T01:00:00+00:00"),  # a day of 23 hours
        ("Europe/Berlin", "2026-03-29T01:00:00+00:00", "2026-03-30T01:00:00+00:00"),
        ("Europe/Berlin", "2026-10-24T01:00:00+00:00", "2026-10-25T02:00:00+00:00"),  # a day of 25 hours
        ("Europe/Berlin", "2026-10-25T02:00:00+00:00", "2026-10-26T02:00:00+00:00"),
    ],
)
def test_daily_job_runs_at_its_hour_in_site_time_zone(zone, now, expected, settings):
    settings.TIME_ZONE = zone
    assert Daily(time(3)).after(datetime.fromisoformat(now)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("hour", range(24))
def test_daily_job_runs_once_on_clock_change(hour, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    for day in ("2026-03-28", "2026-10-24"):
        now = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        met = []
        while now < datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=4):
            now = Daily(time(hour, 30)).after(now)
            met.append(now)
        assert all(timedelta(hours=22) < after - before < timedelta(hours=26) for before, after in pairwise(met))


def test_job_is_queued_when_due(tea, time_machine):
    assert waiting() == []
    time_machine.move_to(NOON + timedelta(minutes=10), tick=False)
    enqueue_due()
    enqueue_due()
    assert waiting() == [["tea"]]
    run_waiting()
    assert tea == ["tea"]


def test_missed_runs_are_queued_once(tea, time_machine):
    time_machine.move_to(NOON + timedelta(days=3), tick=False)
    enqueue_due()
    assert waiting() == [["tea"]]
    assert Job.objects.get().next_at == NOON + timedelta(days=3, minutes=10)


def test_waiting_run_is_not_queued_twice(tea, time_machine):
    for minutes in (10, 20, 30):
        time_machine.move_to(NOON + timedelta(minutes=minutes), tick=False)
        enqueue_due()
    run_now("tea")
    assert waiting() == [["tea"]]
    run_waiting()
    run_now("tea")
    assert waiting() == [["tea"]]


def test_postponed_run_starts_when_job_is_due_again(tea, time_machine):
    run_now("tea")
    DBTaskResult.objects.update(run_after=NOON + timedelta(hours=2))
    assert waiting() == []
    time_machine.move_to(NOON + timedelta(minutes=10), tick=False)
    enqueue_due()
    assert waiting() == [["tea"]]


def test_job_without_work_is_not_queued_but_marked_done(jobs, db, time_machine):
    time_machine.move_to(NOON, tick=False)
    cups, runs = [], []
    schedule("tea", "Make tea", lambda: runs.append("tea") or "two cups", Every(timedelta(minutes=10)), lambda: cups)
    enqueue_due()
    time_machine.move_to(NOON + timedelta(minutes=10), tick=False)
    enqueue_due()
    assert (DBTaskResult.objects.count(), runs) == (0, [])
    assert values(Job.objects.get()) == (NOON + timedelta(minutes=10), NOON + timedelta(minutes=10), "done", "")
    cups.append("cup")
    time_machine.move_to(NOON + timedelta(minutes=20), tick=False)
    enqueue_due()
    run_waiting()
    assert (DBTaskResult.objects.count(), runs) == (1, ["tea"])
    assert values(Job.objects.get()) == (NOON + timedelta(minutes=20), NOON + timedelta(minutes=20), "done", "two cups")


def test_running_job_is_not_marked_done(jobs, db, time_machine):
    time_machine.move_to(NOON, tick=False)
    schedule("tea", "Make tea", str, Every(timedelta(minutes=10)), lambda: False)
    enqueue_due()
    run_now("tea")
    DBTaskResult.objects.get().claim("worker")
    Job.objects.update(started_at=NOON)
    time_machine.move_to(NOON + timedelta(minutes=10), tick=False)
    enqueue_due()
    assert values(Job.objects.get()) == (NOON, None, "", "")


def values(job):
    return job.started_at, job.finished_at, job.outcome, job.said


def test_wrong_clock_does_not_postpone_job(tea, time_machine):
    time_machine.move_to(NOON + timedelta(days=365), tick=False)
    enqueue_due()
    run_waiting()
    time_machine.move_to(NOON, tick=False)
    enqueue_due()
    assert waiting() == []
    assert Job.objects.get().next_at == NOON + timedelta(minutes=10)


def test_job_stores_result_and_duration(tea):
    run_now("tea")
    run_waiting()
    job = Job.objects.get()
    assert (job.outcome, job.said, job.duration) == (Outcome.DONE, "two cups", timedelta(0))


def test_duration_is_never_negative(tea):
    job = Job(started_at=NOON, finished_at=NOON - timedelta(hours=1))
    assert job.duration == timedelta(0)
    assert Job(started_at=NOON).duration is None


def test_failed_run_stores_error_and_next_run_is_queued(jobs, db, time_machine):
    time_machine.move_to(NOON, tick=False)
    schedule("tea", "Make tea", lambda: 1 // 0, Every(timedelta(minutes=10)))
    enqueue_due()
    run_now("tea")
    run_waiting()
    job = Job.objects.get()
    assert (job.outcome, job.said) == (Outcome.FAILED, "ZeroDivisionError: integer division or modulo by zero")
    assert not DBTaskResult.objects.ready().exists()
    time_machine.move_to(job.next_at, tick=False)
    enqueue_due()
    assert waiting() == [["tea"]]


def test_unknown_job_fails(jobs, db):
    Job.objects.create(name="coffee", next_at=timezone.now())
    with pytest.raises(LookupError, match="coffee"):
        run_job.call("coffee")
    assert Job.objects.get().outcome == Outcome.FAILED


def test_command_job_returns_printed_text(db):
    assert (
        command("verify_audit_log")() == "The audit log is intact: 0 events in 0 chains.\nThere is no checkpoint yet."
    )


@pytest.mark.parametrize("number", [1, 3])
def test_nothing_due_takes_1_query(number, jobs, db, django_assert_num_queries):
    for index in range(number):
        schedule(f"tea-{index}", "Make tea", str, Every(timedelta(minutes=10)))
    enqueue_due()
    with django_assert_num_queries(1):
        enqueue_due()
