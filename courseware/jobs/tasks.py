"""Background tasks. Enqueue one in the transaction of its cause; it may be started twice, so it must be repeatable."""

from collections.abc import Iterator
from typing import Any

import django
from django_tasks_db.models import DBTaskResult

if django.VERSION >= (6, 0):
    # The type stubs are of Django 5.2, which lacks this module.
    from django.tasks import task  # type: ignore[import-not-found,import-untyped,unused-ignore]
else:
    from django_tasks import task

__all__ = ["DEFAULT_QUEUE", "DELIVERY", "RetryLater", "drop_waiting", "is_stopping", "task"]

DEFAULT_QUEUE = "default"
DELIVERY = "delivery"  # for tasks that call external servers, which may hang; `worker` runs them in a thread
stops: list[int] = []  # not an Event, because a signal handler sets it and must not take a lock


def is_stopping() -> bool:
    """Return whether this worker is stopping. A long task may leave the rest to the next worker."""
    return bool(stops)


def drop_waiting(task: Any) -> None:
    """Delete waiting calls of `task`, except deferred retries; the caller must then do their work itself."""
    waiting = DBTaskResult.objects.ready().filter(task_path=task.module_path)
    if waiting.exists():  # even an empty DELETE takes SQLite's write lock
        waiting.order_by().delete()


class RetryLater(Exception):
    """Raised by a task that cannot do its work now. It is retried with growing pauses, and fails after 5 tries."""


def done_with(task: Any) -> Iterator[list[Any]]:
    """Yield the list of positional arguments of each successful call of this task in the last 14 days. Runs 1 query."""
    found = DBTaskResult.objects.successful().filter(task_path=task.module_path)
    for call in found.order_by().values_list("args_kwargs", flat=True):
        yield call["args"]


def newest_request(task: Any, arguments: list[Any]) -> DBTaskResult[..., Any] | None:
    """Return the newest call of this task with these positional arguments, in any state, or None. Runs 1 query."""
    found = DBTaskResult.objects.filter(task_path=task.module_path, args_kwargs__args=arguments)
    return found.order_by("-enqueued_at").first()
