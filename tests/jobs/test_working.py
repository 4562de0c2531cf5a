"""What `manage.py work` does with tasks: each once, none lost. Whole processes are killed in tests/faults."""

import io
import json
import logging
import signal
import sys
from datetime import timedelta
from functools import partial

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from courseware.jobs import working
from courseware.jobs.models import Worker
from courseware.jobs.working import Onlooker, WorkLoop
from courseware.lib.log_lines import JsonLines
from tests.jobs import doing

pytestmark = pytest.mark.django_db
NEVER_BEFORE = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def done():
    doing.done.clear()
    return doing.done


@pytest.fixture(autouse=True)
def tasks_alone_in_the_transaction_of_the_test(monkeypatch):
    monkeypatch.setattr(working, "enqueue_due", lambda: None)
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)


def work(resting=""):
    WorkLoop(lambda: resting).run(once=True)


def state(task):
    return DBTaskResult.objects.get(pk=task.id).status


def begun_by(worker, *, tries=1, task=doing.note, arguments=("tea",)):
    """A task that this worker had begun when it was last seen."""
    row = DBTaskResult.objects.get(pk=task.enqueue(*arguments).id)
    for _ in range(tries):
        row.claim(worker)
    return row


def seen(name, *, ago=timedelta(0)):
    Worker.objects.create(name=name, seen_at=timezone.now() - ago)
    return name


def test_what_was_enqueued_is_done_once_in_its_order(done):
    for what in ("tea", "milk", "sugar"):
        doing.note.enqueue(what)
    work()
    work()
    assert done == ["tea", "milk", "sugar"]


def test_what_was_enqueued_in_a_transaction_that_failed_is_never_done(done):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        doing.note.enqueue("tea")
        raise ZeroDivisionError
    work()
    assert done == []


def test_one_that_fails_stays_failed_with_its_reason_and_stops_no_other(done):
    failing = doing.fail.enqueue()
    doing.note.enqueue("tea")
    work()
    work()
    row = DBTaskResult.objects.get(pk=failing.id)
    assert (row.status, done) == ("FAILED", ["tea"])
    assert "nothing to be done" in row.traceback


def test_nothing_is_done_while_there_is_a_reason_to_rest(done):
    doing.note.enqueue("tea")
    work(resting="closed: manage.py upgrade is running")
    assert done == []


def test_a_task_whose_worker_died_is_begun_again_and_one_in_the_hands_of_the_living_is_not(done):
    lost, held = begun_by(seen("dead", ago=NEVER_BEFORE)), begun_by(seen("alive"), arguments=("milk",))
    unknown = begun_by("never-heard-of", arguments=("sugar",))
    work()
    assert sorted(done) == ["sugar", "tea"]
    assert [state(row) for row in (lost, held, unknown)] == ["SUCCESSFUL", "RUNNING", "SUCCESSFUL"]


def test_what_this_worker_left_running_as_the_database_was_away_is_begun_again(done):
    loop = WorkLoop(lambda: "")
    begun_by(loop.name)
    loop.run(once=True)
    assert done == ["tea"]


@pytest.mark.parametrize("tries, expected", [(working.TRIES - 1, ["tea"]), (working.TRIES, [])])
def test_a_task_that_kills_its_workers_is_given_up_after_some(tries, expected, done):
    row = begun_by("dead", tries=tries)
    work()
    assert done == expected
    if not expected:
        assert state(row) == "FAILED"
        assert "workers died" in DBTaskResult.objects.get(pk=row.pk).traceback


def test_a_task_that_another_worker_has_begun_again_meanwhile_is_left_to_it(monkeypatch):
    row = begun_by("dead")

    def dead_and_the_other_takes_it_only_now(*_, **__):
        row.claim("other")
        return {"dead"}

    monkeypatch.setattr(Onlooker, "dead", dead_and_the_other_takes_it_only_now)
    working.put_back_lost("me", Onlooker(), once=True)
    row.refresh_from_db()
    assert (row.status, row.worker_ids) == ("RUNNING", ["dead", "other"])


@pytest.mark.parametrize(
    "enqueue",
    [
        doing.wait_for_another_day.enqueue,
        partial(doing.ask_a_database_that_refuses.enqueue, "OperationalError"),
        partial(doing.ask_a_database_that_refuses.enqueue, "InterfaceError"),
    ],
    ids=["asks for later", "a deadlock or a lock", "a connection that was cut"],
)
def test_what_cannot_be_done_now_comes_back_after_pauses_that_grow_until_it_was_tried_often_enough(
    enqueue, time_machine
):
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
def test_what_the_database_will_never_take_stays_failed(name):
    row = doing.ask_a_database_that_refuses.enqueue(name)
    work()
    work()
    assert state(row) == "FAILED"


def test_a_task_that_hangs_is_ended_and_the_next_one_done(done):
    hanging = doing.hang.enqueue()
    doing.note.enqueue("tea")
    work()
    row = DBTaskResult.objects.get(pk=hanging.id)
    assert (row.status, row.exception_class_path) == ("FAILED", "courseware.jobs.working.TookTooLong")
    assert done == ["begun", "tea"]


def test_a_worker_goes_on_after_the_database_was_away(monkeypatch, done):
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


def test_what_a_signal_runs_takes_no_lock():
    """The signal may have come while the same thread holds it, and a second one in the middle of the first."""
    loop, modules = WorkLoop(lambda: ""), set()
    with loop.signals():
        sys.setprofile(lambda frame, _event, _argument: modules.add(frame.f_globals["__name__"]))
        loop.stop(signal.SIGTERM, None)
        sys.setprofile(None)
    assert "courseware.jobs.working" in modules
    assert "threading" not in modules


def test_a_worker_is_known_while_it_lives_and_leaves_no_row():
    known = []
    loop = WorkLoop(lambda: known.extend(Worker.objects.values_list("name", flat=True)) or "")
    loop.run(once=True)
    assert sorted(known) == [loop.name, f"{loop.name}:d"]
    assert not Worker.objects.exists()


@pytest.mark.parametrize("tasks", [1, 3])
def test_the_tasks_that_are_lost_are_found_in_two_statements_however_many_run(tasks, django_assert_num_queries):
    for _ in range(tasks):
        begun_by("alive")
    seen("alive")
    with django_assert_num_queries(2):
        working.put_back_lost("me", Onlooker(), once=True)


@pytest.fixture
def log():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logging.root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.root.removeHandler(handler)


def test_a_line_about_a_piece_of_work_says_which(log):
    works = [doing.fail.enqueue(), doing.fail.enqueue()]
    work()
    told = [(line["work"], line["name"], line["level"]) for line in log()]
    assert told == [(str(work.id), "tests.jobs.doing.fail", "ERROR") for work in works]
    # Of the error its kind; what it said may quote what somebody wrote.
    assert log()[0]["traceback"].splitlines()[-1] == "ValueError"


def test_between_two_pieces_of_work_lines_name_none(log):
    doing.fail.enqueue()
    work()
    logging.getLogger("courseware.jobs").warning("resting")
    assert "work" not in log()[-1]
