"""Work that is done beside the pages: the one place that knows where Django keeps its tasks.

A task is enqueued inside the transaction of the fact that asks for it, so both are kept or neither. It may be begun
again after its worker died or the database was busy, so whoever writes one makes it harmless when repeated.
"""

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
DELIVERY = "delivery"  # the queue of what talks to servers of others, which may hang; `working` has a thread for it
stops: list[int] = []  # no Event: to set one takes a lock, which a signal may find in its own hands


def is_stopping() -> bool:
    """Whether this worker was told to stop: a long task may leave the rest to the next worker."""
    return bool(stops)


def drop_waiting(task: Any) -> None:
    """Drop the runs of this task that wait. Whoever asks for what they were enqueued for afterwards finds it, as it was
    committed with them."""
    waiting = DBTaskResult.objects.ready().filter(task_path=task.module_path)
    if waiting.exists():  # to delete nothing takes SQLite's lock for writing, too
        waiting.order_by().delete()


class Later(Exception):
    """Raised by a task that cannot do its work now: it is begun again after a pause that grows with each try."""
