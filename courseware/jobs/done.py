"""Past runs of tasks (`tidying` says for how many days)."""

from collections.abc import Iterator
from typing import Any

from django_tasks_db.models import DBTaskResult


def done_with(task: Any) -> Iterator[list[Any]]:
    """The arguments of each successful run of this task. Runs one query."""
    found = DBTaskResult.objects.successful().filter(task_path=task.module_path)
    for asked in found.order_by().values_list("args_kwargs", flat=True):
        yield asked["args"]


def newest_request(task: Any, arguments: list[Any]) -> DBTaskResult[..., Any] | None:
    """The newest run of this task with these arguments, in any state. Runs one query."""
    found = DBTaskResult.objects.filter(task_path=task.module_path, args_kwargs__args=arguments)
    return found.order_by("-enqueued_at").first()
