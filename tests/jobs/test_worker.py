"""`manage.py run_worker`: each task runs once, none is lost. tests/faults kills whole processes."""

import io
import json
import logging
import signal
import sys
from datetime import UTC, datetime, time, timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from courseware.jobs import schedule as schedules
from courseware.jobs import worker as working
from courseware.jobs.models import Job, Worker
from courseware.jobs.schedule import Daily, enqueue_due, schedule
from courseware.jobs.tasks import is_stopping
from courseware.jobs.worker import BEAT_EVERY, DeadWorkerDetector, WorkLoop
from courseware.lib.text.log_format import JsonFormatter
from courseware.notifications.models import OutgoingEmail
from tests.jobs import sample_tasks

pytestmark = pytest.mark.django_db
NEVER_BEFORE = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def done():
    sample_tasks.done.clear()
    return sample_tasks.done


@pytest.fixture(autouse=True)
def tasks_in_test_transaction(monkeypatch):
    monkeypatch.setattr(working, "enqueue_due", lambda: None)
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)


def work(resting=""):
    WorkLoop(lambda: resting).run(once=True)


def state(task):
    return DBTaskResult.objects.get(pk=task.id).status


def started_by(worker, *, tries=1, task=sample_tasks.note, arguments=("tea",)):
    """A task that this worker had begun."""
    row = DBTaskResult.objects.get(pk=task.enqueue(*arguments).id)
    for _ in range(tries):
        row.claim(worker)
    return row


def seen(name, *, ago=timedelta(0)):
    Worker.objects.create(name=name, seen_at=timezone.now() - ago)
    return name


def test_worker_runs_although_its_first_heartbeat_fails(done, monkeypatch, caplog):
    def fail(**fields):
        raise OperationalError("database is locked")

    monkeypatch.setattr(Worker.objects, "update_or_create", fail)
    monkeypatch.setattr(working, "connections", SimpleNamespace(close_all=lambda: None))
    sample_tasks.note.enqueue("tea")
    work()
    assert done == ["tea"]
    assert "no sign of life written: database is locked" in caplog.text


def test_tasks_run_once_in_order(done):
    for what in ("tea", "milk", "sugar"):
        sample_tasks.note.enqueue(what)
    work()
    work()
    assert done == ["tea", "milk", "sugar"]


def test_rolled_back_task_never_runs(done):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sample_tasks.note.enqueue("tea")
        raise ZeroDivisionError
    work()
    assert done == []


def test_failed_task_stores_error_and_stops_no_other(done):
    failing = sample_tasks.fail.enqueue()
    sample_tasks.note.enqueue("tea")
    work()
    work()
    row = DBTaskResult.objects.get(pk=failing.id)
    assert (row.status, done) == ("FAILED", ["tea"])
    assert "nothing to be done" in row.traceback


def test_resting_worker_runs_nothing(done):
    sample_tasks.note.enqueue("tea")
    work(resting="closed: manage.py upgrade is running")
    assert done == []


def test_only_tasks_of_dead_workers_are_restarted(done):
    lost, held = started_by(seen("dead", ago=NEVER_BEFORE)), started_by(seen("alive"), arguments=("milk",))
    unknown = started_by("never-heard-of", arguments=("sugar",))
    work()
    assert sorted(done) == ["sugar", "tea"]
    assert [state(row) for row in (lost, held, unknown)] == ["SUCCESSFUL", "RUNNING", "SUCCESSFUL"]


def test_own_task_is_restarted_after_database_failure(done):
    loop = WorkLoop(lambda: "")
    started_by(loop.name)
    loop.run(once=True)
    assert done == ["tea"]


@pytest.mark.parametrize("tries, expected", [(working.TRIES - 1, ["tea"]), (working.TRIES, [])])
def test_task_that_kills_workers_fails_after_limit(tries, expected, done):
    row = started_by("dead", tries=tries)
    work()
    assert done == expected
    if not expected:
        assert state(row) == "FAILED"
        assert "workers died" in DBTaskResult.objects.get(pk=row.pk).traceback


def test_task_restarted_by_other_worker_is_left_to_it(monkeypatch):
    row = started_by("dead")

    def dead_and_the_other_takes_it_only_now(*_, **__):
        row.claim("other")
        return {"dead"}

    monkeypatch.setattr(DeadWorkerDetector, "dead", dead_and_the_other_takes_it_only_now)
    working.requeue_lost("me", DeadWorkerDetector(), once=True)
    row.refresh_from_db()
    assert (row.status, row.worker_ids) == ("RUNNING", ["dead", "other"])


@pytest.mark.parametrize(
    "enqueue",
    [
        sample_tasks.wait_for_another_day.enqueue,
        partial(sample_tasks.ask_a_database_that_refuses.enqueue, "OperationalError"),
        partial(sample_tasks.ask_a_database_that_refuses.enqueue, "InterfaceError"),
    ],
    ids=["asks for later", "a deadlock or a lock", "a connection that was cut"],
)
def test_temporary_failure_is_retried_with_backoff(enqueue, time_machine):
    now = timezone.now().replace(microsecond=0)
    time_machine.move_to(now, tick=False)
    row = enqueue()
    waited = []
    for _ in range(working.TRIES):
        work()
        work()
        task = DBTaskResult.objects.get(pk=row.id)
        if task.status == "READY":
            waited.append(task.run_after - now)
            now = task.run_after
            time_machine.move_to(now - timedelta(seconds=1), tick=False)
            work()
            assert len(DBTaskResult.objects.get(pk=row.id).worker_ids) == len(waited), "begun before its time"
            time_machine.move_to(now, tick=False)
    assert [pause.total_seconds() for pause in waited] == [60, 300, 1800, 7200]
    assert DBTaskResult.objects.get(pk=row.id).status == "FAILED"


@pytest.mark.parametrize("name", ["IntegrityError", "ProgrammingError", "DataError"])
def test_permanent_database_error_is_not_retried(name):
    row = sample_tasks.ask_a_database_that_refuses.enqueue(name)
    work()
    work()
    assert state(row) == "FAILED"


def test_hanging_task_is_ended(done):
    hanging = sample_tasks.hang.enqueue()
    sample_tasks.note.enqueue("tea")
    work()
    row = DBTaskResult.objects.get(pk=hanging.id)
    assert (row.status, row.exception_class_path) == ("FAILED", "courseware.jobs.worker.TookTooLong")
    assert done == ["begun", "tea"]


def test_worker_continues_after_database_failure(monkeypatch, done):
    loop = WorkLoop(lambda: "")
    looked = []

    def away_at_first(*, once):
        looked.append(1)
        if len(looked) == 1:
            raise OperationalError("database is locked")
        loop.stopping = True

    monkeypatch.setattr(loop, "look", away_at_first)
    monkeypatch.setattr(working, "LOOK_EVERY", 0)
    monkeypatch.setattr(working.connections, "close_all", lambda: None)
    loop.run()
    assert len(looked) == 2
    assert not is_stopping(), "tasks of this process would still end early"


def test_signal_handler_takes_no_lock(monkeypatch):
    """The signal may interrupt the thread that holds the lock, or another signal handler."""
    monkeypatch.setattr(working, "stops", [])  # `run` clears it; here nothing runs
    loop, modules = WorkLoop(lambda: ""), set()
    with loop.signals():
        sys.setprofile(lambda frame, _event, _argument: modules.add(frame.f_globals["__name__"]))
        loop.stop(signal.SIGTERM, None)
        sys.setprofile(None)
    assert "courseware.jobs.worker" in modules
    assert "threading" not in modules


def test_worker_row_exists_only_while_running():
    known = []
    loop = WorkLoop(lambda: known.extend(Worker.objects.values_list("name", flat=True)) or "")
    loop.run(once=True)
    assert sorted(known) == [loop.name, f"{loop.name}:d"]
    assert not Worker.objects.exists()


@pytest.mark.parametrize("tasks", [1, 3])
def test_lost_tasks_are_found_in_2_queries(tasks, django_assert_num_queries):
    for _ in range(tasks):
        started_by("alive")
    seen("alive")
    with django_assert_num_queries(2):
        working.requeue_lost("me", DeadWorkerDetector(), once=True)


@pytest.fixture
def log():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.root.removeHandler(handler)


def test_log_line_names_task(log):
    tasks = [sample_tasks.fail.enqueue(), sample_tasks.fail.enqueue()]
    work()
    logged = [(line["work"], line["name"], line["level"]) for line in log()]
    assert logged == [(str(work.id), "tests.jobs.sample_tasks.fail", "ERROR") for work in tasks]
    # Only the type of the error: its message may quote user input.
    assert log()[0]["traceback"].splitlines()[-1] == "ValueError"


def test_log_line_between_tasks_names_none(log):
    sample_tasks.fail.enqueue()
    work()
    logging.getLogger("courseware.jobs").warning("resting")
    assert "work" not in log()[-1]


MORNING = datetime(2026, 11, 25, 3, 20, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY, YEAR = (timedelta(seconds=n) for n in (1, 60, 3600, 86400, 365 * 86400))
JUMPS = [-YEAR, -DAY, -2 * MINUTE, 2 * MINUTE, DAY, YEAR]
LONG = 2 * BEAT_EVERY + 1  # seconds, long enough for a second look


@pytest.fixture
def clock(time_machine, monkeypatch):
    """`set(to)` moves the wall clock; `pass_(seconds)` also moves the monotonic clock."""
    stop_watch = SimpleNamespace(now=100.0)
    monkeypatch.setattr(working, "time", SimpleNamespace(monotonic=lambda: stop_watch.now))

    def move(to):
        time_machine.move_to(to, tick=False)

    def pass_(seconds):
        stop_watch.now += seconds
        move(timezone.now() + timedelta(seconds=seconds))

    move(MORNING)
    return SimpleNamespace(set=move, pass_=pass_)


def heartbeat_of(name):
    Worker.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def dead(detector, *names, once=False):
    return detector.dead(set(names), once=once)


@pytest.mark.parametrize("jump", JUMPS)
def test_clock_jump_does_not_make_worker_dead(clock, jump):
    detector = DeadWorkerDetector()
    for _ in range(3):
        heartbeat_of("alive")
        assert dead(detector, "alive") == set()
        clock.pass_(BEAT_EVERY)
    clock.set(MORNING + jump)
    assert dead(detector, "alive") == set()
    clock.pass_(BEAT_EVERY)
    heartbeat_of("alive")
    for _ in range(5):
        assert dead(detector, "alive") == set()
        clock.pass_(BEAT_EVERY)


@pytest.mark.parametrize("jump", [timedelta(0), *JUMPS])
def test_dead_worker_is_found_within_4_minutes(clock, jump):
    detector = DeadWorkerDetector()
    heartbeat_of("killed")
    clock.set(MORNING + jump)
    for _ in range(240 // BEAT_EVERY):
        found = dead(detector, "killed")
        clock.pass_(BEAT_EVERY)
    assert found == {"killed"}


def test_recent_heartbeat_means_alive(clock):
    detector = DeadWorkerDetector()
    heartbeat_of("slow")
    for _ in range(59 // BEAT_EVERY):
        assert dead(detector, "slow") == set()
        clock.pass_(BEAT_EVERY)


def test_missing_row_means_dead_after_2_beats(clock):
    detector = DeadWorkerDetector()
    assert dead(detector, "gone") == set()
    clock.pass_(LONG)
    assert dead(detector, "gone") == {"gone"}
    heartbeat_of("gone")
    assert dead(detector, "gone") == set()


def test_single_check_trusts_wall_clock(clock):
    for name, ago in (("dead", 2 * MINUTE), ("alive", SECOND)):
        Worker.objects.create(name=name, seen_at=MORNING - ago)
    assert dead(DeadWorkerDetector(), "dead", "alive", "gone", once=True) == {"dead", "gone"}


def test_workers_outside_1_day_are_deleted(clock):
    for name, off in (("old", -2 * DAY), ("ahead", 2 * DAY), ("yesterday", -23 * HOUR), ("now", 0 * HOUR)):
        Worker.objects.create(name=name, seen_at=MORNING + off)
    Worker.objects.all().forget_dead()
    assert set(Worker.objects.values_list("name", flat=True)) == {"yesterday", "now"}


@pytest.mark.parametrize("ahead, waits", [(HOUR, True), (2 * HOUR, True), (3 * HOUR, False), (YEAR, False)])
def test_task_far_in_future_runs_now(clock, ahead, waits):
    later = sample_tasks.note.enqueue("tea")
    at_once = sample_tasks.note.enqueue("milk")
    DBTaskResult.objects.filter(pk=later.id).update(run_after=MORNING + ahead)
    working.requeue_far_future()
    ready = {str(pk) for pk in DBTaskResult.objects.ready().values_list("pk", flat=True)}
    assert ready == {at_once.id} | (set() if waits else {later.id})


def test_retry_time_follows_corrected_clock(clock):
    row = DBTaskResult.objects.get(pk=sample_tasks.wait_for_another_day.enqueue().id)
    row.claim("me")
    clock.set(MORNING + YEAR)
    row.set_failed(working.RetryLater("not now"))
    clock.set(MORNING)
    working.requeue_postponed()
    row.refresh_from_db()
    assert row.run_after == MORNING + working.PAUSES[0]


@pytest.mark.parametrize("ahead, is_due", [(MINUTE, False), (DAY, False), (DAY + MINUTE, True), (YEAR, True)])
def test_email_far_in_future_is_due_now(clock, ahead, is_due):
    OutgoingEmail.objects.create(kind="note", address="tea@example.com", next_at=MORNING + ahead)
    assert OutgoingEmail.objects.due(MORNING).exists() == is_due


@pytest.mark.parametrize(
    "back, comes_again",
    [
        (SECOND, MORNING + DAY),
        (HOUR - MINUTE, MORNING + DAY),
        (2 * HOUR, MORNING),
        (YEAR, MORNING - YEAR + DAY),
    ],
)
def test_clock_correction_neither_repeats_nor_stops_daily_job(clock, monkeypatch, settings, back, comes_again):
    settings.TIME_ZONE = "UTC"
    monkeypatch.setattr(schedules, "JOBS", {})
    schedule("tea", "Make tea", str, Daily(time(3, 20)))
    clock.set(MORNING - MINUTE)
    enqueue_due()
    clock.set(MORNING)
    enqueue_due()
    assert DBTaskResult.objects.count() == 1
    Job.objects.update(started_at=MORNING + SECOND / 2, task=None)
    clock.set(MORNING + SECOND - back)
    enqueue_due()
    assert Job.objects.get().next_at == comes_again
    assert DBTaskResult.objects.count() == 1
