"""Dates: conversion between due dates and instants, and the current time, which a preview replaces."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils import timezone


def due_instant(day: date, zone: tzinfo) -> datetime:
    """Return the first instant after `day` in `zone`, in UTC. A change of clocks does not shift it.

    >>> from zoneinfo import ZoneInfo
    >>> due_instant(date(2026, 11, 27), ZoneInfo("Asia/Shanghai")).isoformat()
    '2026-11-27T16:00:00+00:00'
    """
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone).astimezone(UTC)


def due_date(due_at: datetime, zone: tzinfo) -> date:
    """Return the date in `zone` that ends at the instant `due_at` (aware): the inverse of `due_instant`."""
    # Subtracted before the conversion: if a change of clocks skips midnight, the next day begins at 1:00.
    return (due_at.astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()


def days_between(first: date, last: date) -> list[date]:
    """Return all dates from `first` to `last`, both included; an empty list if `last` is earlier.

    >>> [day.day for day in days_between(date(2026, 2, 27), date(2026, 3, 1))]
    [27, 28, 1]
    """
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def site_day(at: datetime | None = None) -> date:
    """Return the date in the site's time zone at the aware datetime `at` (default: now)."""
    return timezone.localdate(at or now(), timezone.get_default_timezone())


_previewed: ContextVar[datetime | None] = ContextVar("previewed", default=None)


def now() -> datetime:
    """Return the current instant as an aware datetime; within `at_time`, the instant of the preview."""
    return _previewed.get() or timezone.now()


def is_preview() -> bool:
    """Return whether the code runs within `at_time`."""
    return _previewed.get() is not None


@contextmanager
def at_time(at: datetime) -> Iterator[None]:
    """Make `now()` return `at` (aware) in the block, in this thread only. The caller must roll back all writes."""
    token = _previewed.set(at)
    try:
        yield
    finally:
        _previewed.reset(token)
