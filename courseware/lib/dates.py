"""Due dates: instants for comparing, days for people; and the current time, which a preview replaces."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils import timezone


def due_instant(day: date, zone: tzinfo) -> datetime:
    """The first instant after `day` in `zone`, in UTC. Days are counted, so a clock change moves nothing.

    >>> from zoneinfo import ZoneInfo
    >>> due_instant(date(2026, 11, 27), ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-11-27T16:00:00+00:00'
    """
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)


def due_day(due_at: datetime, zone: tzinfo) -> date:
    """The day that ends at `due_at`."""
    # Subtracted before: where a change of clocks leaves out midnight, the day after begins at one.
    return (due_at.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()


def days_between(first: date, last: date) -> list[date]:
    """Both included; empty if `last` is earlier.

    >>> [day.day for day in days_between(date(2026, 2, 27), date(2026, 3, 1))]
    [27, 28, 1]
    """
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def site_day(at: datetime | None = None) -> date:
    """The day in the time zone of the site at `at` (default: now)."""
    return timezone.localdate(at or now(), timezone.get_default_timezone())


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
