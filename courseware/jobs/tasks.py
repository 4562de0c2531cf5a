"""Background tasks, enqueued in the transaction of their cause. Each may be started again, so it must tolerate that."""

from collections.abc import Iterator
from typing import Any

import django
from django_tasks_db.models import DBTaskResult

if django.VERSION >= (6, 0):
    # The stubs are those of 5.2, which has no such module.
    from django.tasks import task  # type: ignore[import-not-found,import-untyped,unused-ignore]
else:
    from django_tasks import task

__all__ = ["DEFAULT_QUEUE", "DELIVERY", "Later", "drop_waiting", "is_stopping", "task"]

DEFAULT_QUEUE = "default"
DELIVERY = "delivery"  # tasks that talk to external servers, which may hang; `working` runs them in a thread
stops: list[int] = []  # not an Event: setting one takes a lock, which the interrupted code may hold


def is_stopping() -> bool:
    """Whether this worker was told to stop: a long task may leave the rest to the next worker."""
    return bool(stops)


def drop_waiting(task: Any) -> None:
    """Delete waiting runs of this task. The caller then finds the rows that were committed with them."""
    waiting = DBTaskResult.objects.ready().filter(task_path=task.module_path)
    if waiting.exists():  # an empty DELETE takes SQLite's write lock, too
        waiting.order_by().delete()


class Later(Exception):
    """Raised by a task that cannot do its work now: it is retried with growing pauses."""


def done_with(task: Any) -> Iterator[list[Any]]:
    """The arguments of each successful run of this task. Runs one query."""
    found = DBTaskResult.objects.successful().filter(task_path=task.module_path)
    for asked in found.order_by().values_list("args_kwargs", flat=True):
        yield asked["args"]


def newest_request(task: Any, arguments: list[Any]) -> DBTaskResult[..., Any] | None:
    """The newest run of this task with these arguments, in any state. Runs one query."""
    found = DBTaskResult.objects.filter(task_path=task.module_path, args_kwargs__args=arguments)
    return found.order_by("-enqueued_at").first()
