"""When jobs run, and that each run is enqueued once."""

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
    """The schedule, empty."""
    monkeypatch.setattr(schedules, "JOBS", {})
    return schedules.JOBS


@pytest.fixture
def tea(jobs, db, time_machine):
    """A job that comes every ten minutes, and the list of its runs. It is noon, and the job is ten minutes off."""
    time_machine.move_to(NOON, tick=False)
    runs = []
    schedule("tea", "Make tea", lambda: runs.append("tea") or "two cups", Every(timedelta(minutes=10)))
    enqueue_due()
    return runs


def waiting():
    return [row.args_kwargs["args"] for row in DBTaskResult.objects.ready().order_by("enqueued_at")]


def do_all():
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
        ("Europe/Berlin", "2026-03-28T02:00:00+00:00", "2026-03-29T01:00:00+00:00"),  # a night of 23 hours
        ("Europe/Berlin", "2026-03-29T01:00:00+00:00", "2026-03-30T01:00:00+00:00"),
        ("Europe/Berlin", "2026-10-24T01:00:00+00:00", "2026-10-25T02:00:00+00:00"),  # and one of 25
        ("Europe/Berlin", "2026-10-25T02:00:00+00:00", "2026-10-26T02:00:00+00:00"),
    ],
)
def test_a_daily_job_comes_at_its_hour_on_the_clock_of_the_site(zone, now, expected, settings):
    settings.TIME_ZONE = zone
    assert Daily(time(3)).after(datetime.fromisoformat(now)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("hour", range(24))
def test_no_hour_of_the_nights_that_change_the_clock_is_met_twice_or_never(hour, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    for day in ("2026-03-28", "2026-10-24"):
        now = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        met = []
        while now < datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=4):
            now = Daily(time(hour, 30)).after(now)
            met.append(now)
        assert all(timedelta(hours=22) < after - before < timedelta(hours=26) for before, after in pairwise(met))


def test_a_job_runs_when_its_time_has_come_and_not_before(tea, time_machine):
    assert waiting() == []
    time_machine.move_to(NOON + timedelta(minutes=10), tick=False)
    enqueue_due()
    enqueue_due()
    assert waiting() == [["tea"]]
    do_all()
    assert tea == ["tea"]


def test_runs_that_were_missed_are_one(tea, time_machine):
    time_machine.move_to(NOON + timedelta(days=3), tick=False)
    enqueue_due()
    assert waiting() == [["tea"]]
    assert Job.objects.get().next_at == NOON + timedelta(days=3, minutes=10)


def test_while_a_run_waits_there_is_no_second_one(tea, time_machine):
    for minutes in (10, 20, 30):
        time_machine.move_to(NOON + timedelta(minutes=minutes), tick=False)
        enqueue_due()
    run_now("tea")
    assert waiting() == [["tea"]]
    do_all()
    run_now("tea")
    assert waiting() == [["tea"]]


def test_a_run_that_waits_for_another_try_is_begun_when_its_time_has_come_again(tea, time_machine):
    run_now("tea")
    DBTaskResult.objects.update(run_after=NOON + timedelta(hours=2))
    assert waiting() == []
    time_machine.move_to(NOON + timedelta(minutes=10), tick=False)
    enqueue_due()
    assert waiting() == [["tea"]]


def test_a_run_that_would_do_nothing_leaves_no_row_and_the_job_says_when_it_was_looked_after(jobs, db, time_machine):
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
    do_all()
    assert (DBTaskResult.objects.count(), runs) == (1, ["tea"])
    assert values(Job.objects.get()) == (NOON + timedelta(minutes=20), NOON + timedelta(minutes=20), "done", "two cups")


def test_a_run_under_way_keeps_what_it_says_of_itself_where_nothing_more_is_to_be_done(jobs, db, time_machine):
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


def test_a_clock_that_was_wrong_does_not_put_a_job_off_for_a_year(tea, time_machine):
    time_machine.move_to(NOON + timedelta(days=365), tick=False)
    enqueue_due()
    do_all()
    time_machine.move_to(NOON, tick=False)
    enqueue_due()
    assert waiting() == []
    assert Job.objects.get().next_at == NOON + timedelta(minutes=10)


def test_what_a_run_said_and_how_long_it_took_is_kept(tea):
    run_now("tea")
    do_all()
    job = Job.objects.get()
    assert (job.outcome, job.said, job.duration) == (Outcome.DONE, "two cups", timedelta(0))


def test_a_duration_is_never_negative(tea):
    job = Job(started_at=NOON, finished_at=NOON - timedelta(hours=1))
    assert job.duration == timedelta(0)
    assert Job(started_at=NOON).duration is None


def test_a_run_that_fails_says_why_and_the_next_one_comes(jobs, db, time_machine):
    time_machine.move_to(NOON, tick=False)
    schedule("tea", "Make tea", lambda: 1 // 0, Every(timedelta(minutes=10)))
    enqueue_due()
    run_now("tea")
    do_all()
    job = Job.objects.get()
    assert (job.outcome, job.said) == (Outcome.FAILED, "ZeroDivisionError: integer division or modulo by zero")
    assert not DBTaskResult.objects.ready().exists()
    time_machine.move_to(job.next_at, tick=False)
    enqueue_due()
    assert waiting() == [["tea"]]


def test_a_job_that_this_version_does_not_know_any_more_fails_and_says_so(jobs, db):
    Job.objects.create(name="coffee", next_at=timezone.now())
    with pytest.raises(LookupError, match="coffee"):
        run_job.call("coffee")
    assert Job.objects.get().outcome == Outcome.FAILED


def test_a_command_says_what_it_prints(db):
    assert (
        command("verify_audit_log")() == "The audit log is intact: 0 events in 0 chains.\nThere is no checkpoint yet."
    )


@pytest.mark.parametrize("number", [1, 3])
def test_where_nothing_is_due_one_statement_is_run(number, jobs, db, django_assert_num_queries):
    for place in range(number):
        schedule(f"tea-{place}", "Make tea", str, Every(timedelta(minutes=10)))
    enqueue_due()
    with django_assert_num_queries(1):
        enqueue_due()
