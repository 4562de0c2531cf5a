"""Work that is done beside the pages: the one place that knows where Django keeps its tasks.

A task is enqueued inside the transaction of the fact that asks for it, so both are kept or neither. It may be begun
again after its worker died or the database was busy, so whoever writes one makes it harmless when repeated.
"""

import django

if django.VERSION >= (6, 0):
    # The stubs are those of 5.2, which has no such module.
    from django.tasks import task  # type: ignore[import-not-found,import-untyped,unused-ignore]
else:
    from django_tasks import task

__all__ = ["Later", "task"]


class Later(Exception):
    """Raised by a task that cannot do its work now: it is begun again after a pause that grows with each try."""
