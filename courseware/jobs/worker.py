"""The background worker of `manage.py run_worker`. Delivery has its own thread, so slow servers delay no other task."""

import contextlib
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import FrameType

from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.models import Q
from django.utils import timezone
from django_tasks_db.compat import TaskResultStatus
from django_tasks_db.management.commands.db_worker import Worker as LibraryWorker
from django_tasks_db.models import DBTaskResult, get_date_max

from courseware.jobs.models import Worker
from courseware.jobs.schedule import enqueue_due
from courseware.jobs.tasks import DELIVERY, RetryLater, stops
from courseware.lib.text.log_format import log_facts

BEAT_EVERY = 5  # seconds between two signs of life
ALIVE_FOR = timedelta(seconds=60)  # after the last sign; a busy machine misses some
LOOK_EVERY = 1.0  # seconds between two looks for work
AT_MOST = 60 * 60  # seconds for one task
TRIES = 5
PAUSES = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120)]  # after the first try, the second, …
logger = logging.getLogger(__name__)


class WorkersDied(Exception):
    """The workers of a task died repeatedly, probably because of the task."""


class TookTooLong(Exception):
    """A task was ended after AT_MOST seconds."""


def path_of(error: type[Exception]) -> str:
    return f"{error.__module__}.{error.__qualname__}"


# Errors after which a task is retried: it asked for that, or a lock or the connection to the database failed.
COMES_BACK = [path_of(error) for error in (RetryLater, OperationalError, InterfaceError)]


class TaskWorker(LibraryWorker):
    """A worker with a time limit per task: a signal in the main thread, `send_heartbeats` in the delivery thread."""

    def __init__(self, name: str, *, is_delivery: bool) -> None:
        super().__init__(
            queue_names=[DELIVERY] if is_delivery else ["*"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=name,
            excluded_queue_names=[] if is_delivery else [DELIVERY],
        )
        self.ends_at: float | None = None  # monotonic; read by the heartbeat thread
        self.is_delivery = is_delivery
        self.onlooker = DeadWorkerDetector()

    def look(self, *, once: bool) -> None:
        """Requeue tasks of dead workers (`once`: see `DeadWorkerDetector.dead`), then run the ready tasks."""
        requeue_lost(self.worker_id, self.onlooker, once=once)
        ready, queue = DBTaskResult.objects.ready(), Q(queue_name=DELIVERY)
        # Checked first, because the library takes SQLite's write lock even if nothing is ready.
        if ready.filter(queue if self.is_delivery else ~queue).exists():
            self.run()

    def run_task(self, db_task_result: DBTaskResult) -> None:
        self.ends_at = time.monotonic() + AT_MOST
        in_main = threading.current_thread() is threading.main_thread()
        if in_main:
            signal.setitimer(signal.ITIMER_REAL, AT_MOST)
        try:
            with log_facts(work=str(db_task_result.id), name=db_task_result.task_path):
                super().run_task(db_task_result)
        finally:
            if in_main:
                signal.setitimer(signal.ITIMER_REAL, 0)
            self.ends_at = None


class DeadWorkerDetector:
    """Detects dead workers without trusting clocks: no new sign of life while watching for two heartbeats."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[datetime | None, float]] = {}  # name → last sign, since when (monotonic)

    def dead(self, names: set[str], *, once: bool) -> set[str]:
        """Return dead workers among `names`. With `once`, a last sign older than ALIVE_FOR suffices. Runs 1 query."""
        signs: dict[str, datetime | None] = dict.fromkeys(names)
        signs.update(Worker.objects.filter(name__in=names).values_list("name", "seen_at"))
        now, monotonic, before = timezone.now(), time.monotonic(), self.seen
        self.seen = {
            name: before[name] if name in before and before[name][0] == sign else (sign, monotonic)
            for name, sign in signs.items()
        }
        return {
            name
            for name, (sign, since) in self.seen.items()
            if (sign is None or abs(now - sign) > ALIVE_FOR) and (once or monotonic - since > 2 * BEAT_EVERY)
        }


class WorkLoop:
    """The loop of the worker. `resting` returns why it must pause, such as "closed: … upgrade is running", or ""."""

    def __init__(self, resting: Callable[[], str]) -> None:
        self.resting = resting
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.tasks = TaskWorker(self.name, is_delivery=False)
        self.delivery = TaskWorker(f"{self.name}:d", is_delivery=True)
        self.names = [self.tasks.worker_id, self.delivery.worker_id]
        self.failure: BaseException | None = None  # an exception of the delivery thread
        self.stopping = False
        self.asking = threading.Lock()  # `resting` has state, so only one thread may call it at a time

    def run(self, *, once: bool = False) -> None:
        """Run until stopped by a signal; with `once`, a single `look`. Raise errors of the delivery thread."""
        with self.signals(), self.signs_of_life():
            if once:
                return self.look(once=True)
            with self.delivery_thread():
                self.repeat(lambda: self.look(once=False))
        if self.failure:
            raise self.failure
        return None

    def repeat(self, look: Callable[[], None]) -> None:
        """Call `look` every LOOK_EVERY seconds until the worker is stopped. Database errors are only logged."""
        while not self.stopping:
            try:
                look()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("the database is away or busy: %s", str(error).strip())
                connections.close_all()
            time.sleep(LOOK_EVERY)

    def look(self, *, once: bool) -> None:
        """Enqueue due jobs and run the ready tasks, with `once` also those of delivery. Do nothing while resting."""
        if reason := self.reason_to_rest():
            logger.info("%s", reason)
            return
        requeue_postponed()
        requeue_far_future()
        enqueue_due()
        self.tasks.look(once=once)
        if once:
            self.delivery.look(once=True)

    def reason_to_rest(self) -> str:
        with self.asking:
            return self.resting()

    @contextlib.contextmanager
    def delivery_thread(self) -> Iterator[None]:
        thread = threading.Thread(target=self.deliver_until_stopped, name="delivery")
        thread.start()
        try:
            yield
        finally:
            self.end()
            thread.join()

    def deliver_until_stopped(self) -> None:
        try:
            self.repeat(lambda: None if self.reason_to_rest() else self.delivery.look(once=False))
        except BaseException as error:  # end the process, so that its supervisor restarts it
            self.failure = error
            self.end()
        finally:
            connections.close_all()

    def end(self) -> None:
        """Ask both threads to stop. It takes no lock, because a signal handler calls it."""
        self.stopping = True
        self.tasks.running = self.delivery.running = False
        stops.append(os.getpid())

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Finish the current tasks, then end. A second signal kills the process; another worker repeats its tasks."""
        self.end()
        signal.signal(signum, signal.SIG_DFL)

    def end_task(self, signum: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"ended after {AT_MOST} seconds")

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        handlers = {signal.SIGTERM: self.stop, signal.SIGINT: self.stop, signal.SIGALRM: self.end_task}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def signs_of_life(self) -> Iterator[None]:
        ended = threading.Event()
        stops.clear()
        self.write_heartbeat()
        thread = threading.Thread(target=self.send_heartbeats, args=[ended], daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            stops.clear()
            with contextlib.suppress(DatabaseError, InterfaceError):
                Worker.objects.filter(name__in=self.names).delete()

    def send_heartbeats(self, ended: threading.Event) -> None:
        """Write a heartbeat every BEAT_EVERY seconds. Kill the process if a task ignores its time limit."""
        while not ended.wait(BEAT_EVERY):
            ends = [worker.ends_at for worker in (self.tasks, self.delivery) if worker.ends_at]
            if ends and time.monotonic() > min(ends) + BEAT_EVERY * 2:
                logger.critical("a task hangs where no signal reaches it: this worker ends")
                os._exit(1)
            self.write_heartbeat()
        connections.close_all()

    def write_heartbeat(self) -> None:
        """Write the signs of life. A database error is only logged, because the next heartbeat tries again."""
        try:
            for name in self.names:
                Worker.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})
        except (DatabaseError, InterfaceError) as error:
            logger.warning("no sign of life written: %s", str(error).strip())
            connections.close_all()


def requeue_lost(mine: str, onlooker: DeadWorkerDetector, *, once: bool) -> None:
    """Requeue tasks of dead workers and of the worker `mine` (name), which runs none now. A task that TRIES workers
    have started fails instead. `once`: see `DeadWorkerDetector.dead`.
    """
    running = list(DBTaskResult.objects.running().only("status", "started_at", "worker_ids"))
    if not running:
        return
    dead = onlooker.dead({task.worker_ids[-1] for task in running} - {mine}, once=once) | {mine}
    for task in running:
        if task.worker_ids[-1] not in dead:
            continue
        # Another worker may have requeued and started it in the meantime.
        unchanged = DBTaskResult.objects.running().filter(pk=task.pk, started_at=task.started_at)
        if len(task.worker_ids) < TRIES:
            if unchanged.update(status=TaskResultStatus.READY):
                logger.warning("task %s is begun again: its worker died", task.pk)
        else:
            reason = f"{path_of(WorkersDied)}: {len(task.worker_ids)} workers died while they did it"
            unchanged.update(
                status=TaskResultStatus.FAILED,
                finished_at=timezone.now(),
                exception_class_path=path_of(WorkersDied),
                traceback=reason,
            )
            logger.error("task %s is given up: %s", task.pk, reason)


def requeue_postponed() -> None:
    """Requeue failed tasks that raised one of COMES_BACK, after a pause. Tasks with TRIES tries stay failed."""
    failed = DBTaskResult.objects.failed().filter(exception_class_path__in=COMES_BACK)
    for task in failed.only("status", "finished_at", "worker_ids"):
        if (tries := len(task.worker_ids)) < TRIES:
            # The pause starts now, because `finished_at` may come from a wrong clock.
            failed.filter(pk=task.pk, finished_at=task.finished_at).update(
                status=TaskResultStatus.READY, run_after=timezone.now() + PAUSES[tries - 1]
            )


def requeue_far_future() -> None:
    """Make tasks due now that are deferred for longer than any pause, which comes from a wrong clock."""
    now = timezone.now()
    far_ahead = DBTaskResult.objects.filter(
        status=TaskResultStatus.READY, run_after__gt=now + PAUSES[-1], run_after__lt=get_date_max()
    )
    if far_ahead.exists():  # even an empty UPDATE takes SQLite's write lock
        far_ahead.update(run_after=now)
