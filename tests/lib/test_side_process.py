"""Work beside the server. What takes too long here never stops, or waits for what never comes."""

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

pytestmark = pytest.mark.any_database  # none is asked

LONG = 60  # seconds: a test that comes to wait for it has failed already


@pytest.fixture
def beside():
    process = SideProcess(prepare)
    yield process
    process.end()


def test_work_is_done_in_one_other_process_that_was_prepared_once(beside):
    assert beside.run(add, 1, 2, seconds=LONG) == 3
    (first, prepared), (second, _) = (beside.run(where, seconds=LONG) for _ in range(2))
    assert first == second == beside.process.pid != os.getpid()
    assert prepared == [first] and side_process_work.PREPARED == []


def test_it_gives_way_to_the_server(beside):
    before = os.getpriority(os.PRIO_PROCESS, 0)
    beside.run(add, 1, 2, seconds=LONG)
    assert os.getpriority(os.PRIO_PROCESS, beside.process.pid) == before + side_process.NICENESS


def test_each_piece_of_work_has_a_limit_of_its_own(beside):
    for _ in range(3):
        used, limit = beside.run(limit_after, 0.2, seconds=10)
        assert used < limit <= used + 11


@pytest.mark.skipif(sys.platform != "linux", reason="no other system counts addresses reliably")
def test_the_memory_of_the_process_is_bounded_and_that_of_the_server_is_not(beside):
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert beside.run(take_memory, 100, seconds=LONG) == 100 * 1024 * 1024
    with pytest.raises(ProcessDied):
        beside.run(take_memory, side_process.MEMORY // 1024 // 1024, seconds=LONG)
    assert beside.run(add, 1, 2, seconds=LONG) == 3
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.faults
@pytest.mark.parametrize(
    "work, lenience, error", [(spin, LONG, OutOfTime), (wait_for_ever, 1, MachineBusy)], ids=["processor", "clock"]
)
def test_what_takes_too_long_is_ended_and_the_next_is_served(beside, monkeypatch, work, lenience, error):
    monkeypatch.setattr(side_process, "LENIENCE", lenience)
    with pytest.raises(error):
        beside.run(work, seconds=1)
    assert beside.process is None
    assert beside.run(add, 1, 2, seconds=LONG) == 3


def test_a_process_that_does_not_get_the_processor_is_told_apart_from_one_that_computes_too_long(beside, monkeypatch):
    pid, _ = beside.run(where, seconds=LONG)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(side_process, "LENIENCE", 0.1)
    with pytest.raises(MachineBusy):
        beside.run(add, 1, 2, seconds=1)
    monkeypatch.undo()
    assert beside.run(add, 1, 2, seconds=LONG) == 3


def test_a_process_that_does_not_start_in_time_says_that_the_machine_is_busy(beside, monkeypatch):
    monkeypatch.setattr(side_process, "STARTS_WITHIN", 0)
    with pytest.raises(MachineBusy):
        beside.run(add, 1, 2, seconds=LONG)


def test_a_process_without_niceness_waits_for_no_request():
    process = SideProcess(prepare, niceness=0)
    try:
        process.run(add, 1, 2, seconds=LONG)
        assert os.getpriority(os.PRIO_PROCESS, process.process.pid) == os.getpriority(os.PRIO_PROCESS, 0)
    finally:
        process.end()


@pytest.mark.faults
@pytest.mark.parametrize("work", [kill_itself, leave, fail, recurse, grow_for_ever, answer_what_cannot_be_sent])
def test_a_process_that_dies_at_work_is_told_and_the_next_is_served(beside, work):
    with pytest.raises(ProcessDied):
        beside.run(work, seconds=LONG)
    assert beside.run(add, 1, 2, seconds=LONG) == 3


@pytest.mark.faults
def test_a_process_that_died_between_two_pieces_is_replaced_in_silence(beside):
    first, _ = beside.run(where, seconds=LONG)
    os.kill(first, signal.SIGKILL)
    beside.process.join()
    assert beside.run(where, seconds=LONG)[0] != first


@pytest.mark.faults
def test_one_that_cannot_be_started_is_told(monkeypatch, beside):
    def none_left(*_arguments, **_words):
        raise BlockingIOError("no process is left")

    with monkeypatch.context() as patch:
        patch.setattr(side_process.CONTEXT, "Process", none_left)
        with pytest.raises(ProcessDied):
            beside.run(add, 1, 2, seconds=LONG)
    assert beside.run(add, 1, 2, seconds=LONG) == 3


def test_one_piece_at_a_time_and_the_others_wait_for_their_turn_but_not_for_ever(beside, monkeypatch):
    with ThreadPoolExecutor() as pool, beside.turn:
        waiting = pool.submit(beside.run, add, 1, 2, seconds=LONG)
        with pytest.raises(StillBusy):
            beside.run(add, 1, 2, seconds=0)
        assert not waiting.done()
    assert waiting.result() == 3


@pytest.mark.faults
@pytest.mark.parametrize("work", ["add, 1, 2", "spin", "wait_for_ever"], ids=["idle", "working", "waiting"])
def test_it_ends_with_its_server_however_that_ends(work):
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
        beside = int(process.stdout.readline())
        process.kill()
        try:
            process.communicate(timeout=LONG)  # it writes to the same pipe, which ends with the last who can
        except subprocess.TimeoutExpired:
            os.kill(beside, signal.SIGKILL)
            raise
