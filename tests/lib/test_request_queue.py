"""Limits of active and waiting requests. Threads wait for events, never for a clock."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from courseware.lib.web.request_queue import RequestQueue

LONG = 60  # seconds: a test that waits this long has failed


@pytest.fixture
def pool():
    with ThreadPoolExecutor(10) as pool:
        yield pool


def until(queue, happened):
    """Wait until `happened()` is true."""
    while True:
        with queue.changed:
            if happened():
                return
        threading.Event().wait(0.001)


def test_page_is_refused_if_queue_is_full():
    queue = RequestQueue(places=2, room=0, patience=LONG)
    assert [queue.take(is_save=False) for _ in range(3)] == [True, True, False]
    assert (queue.at_work, queue.waiting) == (2, 0)
    queue.give_back()
    assert [queue.take(is_save=False) for _ in range(2)] == [True, False]


def test_waiting_page_gets_next_slot(pool):
    queue = RequestQueue(places=1, room=1, patience=LONG)
    queue.take(is_save=False)
    waiting = pool.submit(queue.take, is_save=False)
    until(queue, lambda: queue.room == 0)
    assert queue.take(is_save=False) is False
    assert (queue.at_work, queue.waiting) == (1, 1)
    queue.give_back()
    assert waiting.result(LONG) is True
    assert (queue.room, queue.free) == (1, 0)


def test_page_is_refused_after_timeout():
    queue = RequestQueue(places=1, room=1, patience=0)
    queue.take(is_save=True)
    assert queue.take(is_save=False) is False
    assert (queue.room, queue.free) == (1, 0)


def test_saves_wait_without_limit(pool):
    queue = RequestQueue(places=1, room=0, patience=0)
    queue.take(is_save=False)
    saves = [pool.submit(queue.take, is_save=True) for _ in range(5)]
    until(queue, lambda: queue.saves_waiting == 5)
    assert not any(save.done() for save in saves)
    for left in reversed(range(5)):
        queue.give_back()
        until(queue, lambda left=left: queue.saves_waiting == left and not queue.free)
    assert [save.result(LONG) for save in saves] == [True] * 5


def test_save_precedes_waiting_page(pool):
    queue = RequestQueue(places=1, room=1, patience=LONG)
    queue.take(is_save=False)
    page = pool.submit(queue.take, is_save=False)
    until(queue, lambda: queue.room == 0)
    save = pool.submit(queue.take, is_save=True)
    until(queue, lambda: queue.saves_waiting == 1)
    queue.give_back()
    assert save.result(LONG) is True
    assert not page.done()
    queue.give_back()
    assert page.result(LONG) is True
