"""Threads wait here for each other by events, never for a clock."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from courseware.lib.web.request_queue import RequestQueue

LONG = 60  # seconds: a test that comes to wait for it has failed already


@pytest.fixture
def pool():
    with ThreadPoolExecutor(10) as pool:
        yield pool


def until(turns, happened):
    """Wait until `happened()` holds for the turns."""
    while True:
        with turns.changed:
            if happened():
                return
        threading.Event().wait(0.001)


def test_a_page_is_refused_at_once_where_no_place_and_no_room_is_left():
    turns = RequestQueue(places=2, room=0, patience=LONG)
    assert [turns.take(is_save=False) for _ in range(3)] == [True, True, False]
    assert (turns.at_work, turns.waiting) == (2, 0)
    turns.give_back()
    assert [turns.take(is_save=False) for _ in range(2)] == [True, False]


def test_a_page_that_found_room_gets_the_next_place(pool):
    turns = RequestQueue(places=1, room=1, patience=LONG)
    turns.take(is_save=False)
    waiting = pool.submit(turns.take, is_save=False)
    until(turns, lambda: turns.room == 0)
    assert turns.take(is_save=False) is False
    assert (turns.at_work, turns.waiting) == (1, 1)
    turns.give_back()
    assert waiting.result(LONG) is True
    assert (turns.room, turns.free) == (1, 0)


def test_a_page_that_waited_too_long_is_refused_and_leaves_its_room():
    turns = RequestQueue(places=1, room=1, patience=0)
    turns.take(is_save=True)
    assert turns.take(is_save=False) is False
    assert (turns.room, turns.free) == (1, 0)


def test_saves_wait_beyond_all_room_and_each_gets_its_place(pool):
    turns = RequestQueue(places=1, room=0, patience=0)
    turns.take(is_save=False)
    saves = [pool.submit(turns.take, is_save=True) for _ in range(5)]
    until(turns, lambda: turns.saves_waiting == 5)
    assert not any(save.done() for save in saves)
    for left in reversed(range(5)):
        turns.give_back()
        until(turns, lambda left=left: turns.saves_waiting == left and not turns.free)
    assert [save.result(LONG) for save in saves] == [True] * 5


def test_a_save_comes_before_a_page_that_waited_longer(pool):
    turns = RequestQueue(places=1, room=1, patience=LONG)
    turns.take(is_save=False)
    page = pool.submit(turns.take, is_save=False)
    until(turns, lambda: turns.room == 0)
    save = pool.submit(turns.take, is_save=True)
    until(turns, lambda: turns.saves_waiting == 1)
    turns.give_back()
    assert save.result(LONG) is True
    assert not page.done()
    turns.give_back()
    assert page.result(LONG) is True
