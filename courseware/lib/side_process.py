"""Side process: run work of unknown cost separately, with limited time and memory. It is not a sandbox."""

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
except ImportError:  # Windows has no limit of processor time, so only the wall-clock limit applies
    resource = None  # type: ignore[assignment]

Answer = TypeVar("Answer")

STARTS_WITHIN = 20  # seconds
LENIENCE = 2  # wall-clock seconds for each second of processor time, because the machine is shared
MEMORY = 512 * 1024 * 1024  # bytes of address space; the site with the shipped course needs a third of it
NICENESS = 5  # lower priority than requests

CONTEXT = multiprocessing.get_context("spawn")  # a fork would copy locks that threads of the server hold


class WorkNotDone(Exception):
    """The work was not done; the subclasses give the reason."""


class StillBusy(WorkNotDone):
    """Other work occupied the process for the whole waiting time."""


class OutOfTime(WorkNotDone):
    """The work used up its processor time."""


class MachineBusy(WorkNotDone):
    """The wall-clock limit was reached before the limit of processor time."""


class ProcessDied(WorkNotDone):
    """The process ended during its work, also by an exception in it. The server's log has the error."""


CLOCK_RAN_OUT = MachineBusy if resource else OutOfTime


class SideProcess:
    """A process for one piece of work at a time. `prepare`: module-level function that each new process calls first."""

    def __init__(self, prepare: Callable[[], object], niceness: int = NICENESS) -> None:
        self.prepare, self.niceness = prepare, niceness
        self.turn = threading.Lock()
        self.process: SpawnProcess | None = None
        self.connection: Connection

    @staticmethod
    def longest(seconds: int) -> int:
        """Return the maximum time in seconds until `run` returns or raises, for work of `seconds` processor time."""
        return STARTS_WITHIN + 2 * LENIENCE * seconds

    def run(self, work: Callable[..., Answer], *arguments: Any, seconds: int) -> Answer:
        """Return the result of `work` (module-level function) within `seconds` of processor time. Arguments and result
        are pickled. Raise WorkNotDone, also for an exception in `work`.
        """
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
        theirs.close()  # else reading does not fail when the process dies
        if not self.connection.poll(STARTS_WITHIN):
            raise MachineBusy
        self.connection.recv()

    def _reason(self) -> Exception:
        process = self.end()
        return OutOfTime() if process and process.exitcode == -getattr(signal, "SIGXCPU", 0) else ProcessDied()

    def end(self) -> SpawnProcess | None:
        """Kill the process, if there is one, and return it."""
        process, self.process = self.process, None
        if process:
            process.kill()
            process.join()
            self.connection.close()
        return process


def serve(connection: Connection, prepare: Callable[[], object], niceness: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C ends the server, and the server ends this process
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
    """On Linux, limit the address space to MEMORY. Exceeding it raises MemoryError, which ends this process."""
    if resource and sys.platform == "linux":
        _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def limit_processor(seconds: int) -> None:
    """Let the system end this process after `seconds` more of processor time; no effect on Windows."""
    if resource:
        _soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, hard))
