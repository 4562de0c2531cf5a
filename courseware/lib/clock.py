"""The current time for delivery decisions. A preview replaces it by the previewed time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.utils import timezone

_previewed: ContextVar[datetime | None] = ContextVar("previewed", default=None)


def now() -> datetime:
    return _previewed.get() or timezone.now()


def is_preview() -> bool:
    return _previewed.get() is not None


@contextmanager
def at_time(at: datetime) -> Iterator[None]:
    """Within the block `now()` returns `at`, in this thread only. Roll back all writes made in the block."""
    token = _previewed.set(at)
    try:
        yield
    finally:
        _previewed.reset(token)
