"""Run work of unknown cost in a separate process with limited time and memory. It is no sandbox.

Alternatives: `forkserver` loads the server's script again for each task, a new process needs a second to load the site,
and a process pool breaks as a whole when one of its processes is killed.
"""

import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

try:
    import resource
except ImportError:  # on Windows no system counts the seconds of a process: there the clock alone ends it
    resource = None  # type: ignore[assignment]

Answer = TypeVar("Answer")

STARTS_WITHIN = 20  # seconds
LENIENCE = 2  # seconds on the clock for each second of work: others use the machine, too
MEMORY = 512 * 1024 * 1024  # bytes of addresses; the site and the whole shipped course take a third of it
NICENESS = 5  # requests go first

CONTEXT = multiprocessing.get_context("spawn")  # a fork would copy the locks of a server's threads as they are


class NoAnswer(Exception):
    """The work was not done."""


class StillBusy(NoAnswer):
    """Other work has taken all the time that this one may wait."""


class OutOfTime(NoAnswer):
    """The work used up its processor time."""


class MachineBusy(NoAnswer):
    """The time on the clock ran out before the processor time did."""


class ProcessDied(NoAnswer):
    """The process ended during its work. An error is in the server's log."""


CLOCK_RAN_OUT = MachineBusy if resource else OutOfTime


class SideProcess:
    """`prepare`, a module-level function, is called once in each new process."""

    def __init__(self, prepare: Callable[[], object], niceness: int = NICENESS) -> None:
        self.prepare, self.niceness = prepare, niceness
        self.turn = threading.Lock()
        self.process: SpawnProcess | None = None
        self.connection: Connection

    @staticmethod
    def longest(seconds: int) -> int:
        """The most seconds after which `run` returns or raises."""
        return STARTS_WITHIN + 2 * LENIENCE * seconds

    def run(self, work: Callable[..., Answer], *arguments: Any, seconds: int) -> Answer:
        """The result of `work`, a module-level function, within `seconds` of processor time. Raises NoAnswer."""
        if not self.turn.acquire(timeout=LENIENCE * seconds):
            raise StillBusy
        try:
            return self._ask(work, arguments, seconds)
        finally:
            self.turn.release()

    def _ask(self, work: Callable[..., Answer], arguments: tuple[Any, ...], seconds: int) -> Answer:
        try:
            if self.process is None or not self.process.is_alive():
                self.end()
                self._start()
            self.connection.send(seconds)
            self.connection.send((work, arguments))
            if not self.connection.poll(LENIENCE * seconds):
                raise CLOCK_RAN_OUT
            answer: Answer = self.connection.recv()
            return answer
        except (EOFError, OSError):
            raise self._reason() from None
        except BaseException:
            self.end()
            raise

    def _start(self) -> None:
        self.connection, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(
            target=serve, args=(theirs, self.prepare, self.niceness), daemon=True, name="side process"
        )
        process.start()
        self.process = process
        theirs.close()  # else nobody would notice when the process is gone
        if not self.connection.poll(STARTS_WITHIN):
            raise MachineBusy
        self.connection.recv()

    def _reason(self) -> Exception:
        process = self.end()
        return OutOfTime() if process and process.exitcode == -getattr(signal, "SIGXCPU", 0) else ProcessDied()

    def end(self) -> SpawnProcess | None:
        process, self.process = self.process, None
        if process:
            process.kill()
            process.join()
            self.connection.close()
        return process


def serve(connection: Connection, prepare: Callable[[], object], niceness: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the server's, which then ends this process
    threading.Thread(target=end_with_server, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(niceness)
    prepare()
    limit_memory()
    connection.send("ready")
    while True:
        try:
            limit_processor(connection.recv())
        except EOFError:
            return
        work, arguments = connection.recv()
        connection.send(work(*arguments))


def end_with_server() -> None:
    if server := multiprocessing.parent_process():
        server.join()
        os._exit(0)


def limit_memory() -> None:
    """More memory raises MemoryError, which ends this process. Only Linux counts addresses reliably."""
    if resource and sys.platform == "linux":
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def limit_processor(seconds: int) -> None:
    if resource:
        _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, hard))
