"""What tests let a side process do. In a module of its own, for that process loads what its work is written in."""

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
    """(seconds of processor used so far, seconds at which the system ends this process), rounded up."""
    end = time.process_time() + burnt
    while time.process_time() < end:
        pass
    return time.process_time(), resource.getrlimit(resource.RLIMIT_CPU)[0]
