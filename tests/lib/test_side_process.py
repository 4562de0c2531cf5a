"""Work in a side process: limits, crashes, waiting."""

import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from courseware.lib import side_process
from courseware.lib.side_process import MachineBusy, OutOfTime, ProcessDied, SideProcess, StillBusy
from tests.lib import side_process_work
from tests.lib.side_process_work import (
    add,
    answer_what_cannot_be_sent,
    fail,
    grow_for_ever,
    kill_itself,
    leave,
    limit_after,
    prepare,
    recurse,
    spin,
    take_memory,
    wait_for_ever,
    where,
)

pytestmark = pytest.mark.any_database  # no database is used

LONG = 60  # seconds: a test that waits this long has failed


@pytest.fixture
def process_runner():
    process = SideProcess(prepare)
    yield process
    process.end()


def test_work_runs_in_1_prepared_process(process_runner):
    assert process_runner.run(add, 1, 2, seconds=LONG) == 3
    (first, prepared), (second, _) = (process_runner.run(where, seconds=LONG) for _ in range(2))
    assert first == second == process_runner.process.pid != os.getpid()
    assert prepared == [first] and side_process_work.PREPARED == []


def test_process_has_lower_priority(process_runner):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    process_runner.run(add, 1, 2, seconds=LONG)
    assert os.getpriority(os.PRIO_PROCESS, process_runner.process.pid) == before + side_process.NICENESS


@pytest.mark.slow
def test_cpu_limit_is_per_call(process_runner):
    for _ in range(3):
        used, limit = process_runner.run(limit_after, 0.2, seconds=10)
        assert used < limit <= used + 11


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="no other system counts addresses reliably")
def test_memory_limit_applies_to_process_only(process_runner):
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert process_runner.run(take_memory, 100, seconds=LONG) == 100 * 1024 * 1024
    with pytest.raises(ProcessDied):
        process_runner.run(take_memory, side_process.MEMORY // 1024 // 1024, seconds=LONG)
    assert process_runner.run(add, 1, 2, seconds=LONG) == 3
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.faults
@pytest.mark.parametrize(
    "work, lenience, error", [(spin, LONG, OutOfTime), (wait_for_ever, 1, MachineBusy)], ids=["processor", "clock"]
)
def test_work_over_time_limit_is_ended(process_runner, monkeypatch, work, lenience, error):
    monkeypatch.setattr(side_process, "LENIENCE", lenience)
    with pytest.raises(error):
        process_runner.run(work, seconds=1)
    assert process_runner.process is None
    assert process_runner.run(add, 1, 2, seconds=LONG) == 3


def test_stopped_process_means_machine_busy(process_runner, monkeypatch):
    pid, _ = process_runner.run(where, seconds=LONG)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(side_process, "LENIENCE", 0.1)
    with pytest.raises(MachineBusy):
        process_runner.run(add, 1, 2, seconds=1)
    monkeypatch.undo()
    assert process_runner.run(add, 1, 2, seconds=LONG) == 3


def test_slow_start_means_machine_busy(process_runner, monkeypatch):
    monkeypatch.setattr(side_process, "STARTS_WITHIN", 0)
    with pytest.raises(MachineBusy):
        process_runner.run(add, 1, 2, seconds=LONG)


def test_process_without_niceness_has_server_priority():
    process = SideProcess(prepare, niceness=0)
    try:
        process.run(add, 1, 2, seconds=LONG)
        assert os.getpriority(os.PRIO_PROCESS, process.process.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        process.end()


@pytest.mark.faults
@pytest.mark.parametrize("work", [kill_itself, leave, fail, recurse, grow_for_ever, answer_what_cannot_be_sent])
def test_crash_is_reported_and_process_replaced(process_runner, work):
    with pytest.raises(ProcessDied):
        process_runner.run(work, seconds=LONG)
    assert process_runner.run(add, 1, 2, seconds=LONG) == 3


@pytest.mark.faults
def test_idle_crash_is_replaced_silently(process_runner):
    first, _ = process_runner.run(where, seconds=LONG)
    os.kill(first, signal.SIGKILL)
    process_runner.process.join()
    assert process_runner.run(where, seconds=LONG)[0] != first


@pytest.mark.faults
def test_failed_start_is_reported(monkeypatch, process_runner):
    def none_left(*_arguments, **_words):
        raise BlockingIOError("no process is left")

    with monkeypatch.context() as patch:
        patch.setattr(side_process.CONTEXT, "Process", none_left)
        with pytest.raises(ProcessDied):
            process_runner.run(add, 1, 2, seconds=LONG)
    assert process_runner.run(add, 1, 2, seconds=LONG) == 3


def test_calls_wait_for_each_other_up_to_limit(process_runner, monkeypatch):
    with ThreadPoolExecutor() as pool, process_runner.turn:
        waiting = pool.submit(process_runner.run, add, 1, 2, seconds=LONG)
        with pytest.raises(StillBusy):
            process_runner.run(add, 1, 2, seconds=0)
        assert not waiting.done()
    assert waiting.result() == 3


@pytest.mark.faults
@pytest.mark.parametrize("work", ["add, 1, 2", "spin", "wait_for_ever"], ids=["idle", "working", "waiting"])
def test_process_ends_with_killed_server(work):
    server = f"""if True:
        import threading
        from courseware.lib.side_process import SideProcess
        from tests.lib.side_process_work import *
        if __name__ == "__main__":
            beside = SideProcess(prepare)
            print(beside.run(where, seconds=1000)[0], flush=True)
            threading.Thread(target=beside.run, args=({work},), kwargs={{"seconds": 1000}}, daemon=True).start()
            threading.Event().wait()
    """
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True) as process:
        process_runner = int(process.stdout.readline())
        process.kill()
        try:
            process.communicate(timeout=LONG)  # the pipe closes with its last writer
        except subprocess.TimeoutExpired:
            os.kill(process_runner, signal.SIGKILL)
            raise
