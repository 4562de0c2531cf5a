"""Functions for side process tests, in their own module because the side process imports it."""

import os
import resource
import signal
import threading
import time

PREPARED = []


def prepare():
    PREPARED.append(os.getpid())


def where():
    return os.getpid(), PREPARED


def add(one, other):
    return one + other


def spin():
    while True:
        pass


def wait_for_ever():
    threading.Event().wait()


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(0)


def fail():
    raise ValueError("of the work, not of the server")


def recurse():
    return recurse()


def take_memory(megabytes):
    return len(bytearray(megabytes * 1024 * 1024))


def grow_for_ever():
    kept = []
    while True:
        kept.append(bytearray(8 * 1024 * 1024))


def answer_what_cannot_be_sent():
    return lambda: None


def limit_after(burnt):
    """Return (CPU seconds used so far, CPU limit of the process), rounded up."""
    end = time.process_time() + burnt
    while time.process_time() < end:
        pass
    return time.process_time(), resource.getrlimit(resource.RLIMIT_CPU)[0]
