"""Create checkpoints of the audit log: checksums over the events of all hash chains."""

import hashlib
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from courseware.audit_log.models import Checkpoint, Event

CHUNK = 5000  # rows held in memory at a time
PATIENCE = 5  # seconds to wait for open transactions; the next checkpoint covers their events
PAUSE = 0.05  # seconds
OPEN_FOR_LONG = timedelta(minutes=1)  # longer than any page or command needs after it has written an event


class Span:
    """Number, last id and checksum of the events between two checkpoints; add them in the order of their ids."""

    def __init__(self) -> None:
        self.count, self.last, self._hash = 0, 0, hashlib.sha256()

    def add(self, event_id: int, digest: str) -> None:
        self.count, self.last = self.count + 1, event_id
        self._hash.update(f"{event_id} {digest}\n".encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def create_checkpoint() -> Checkpoint | None:
    """Create and return a checkpoint over the new events; None without any, or if blocked for PATIENCE seconds."""
    previous = newest() or Checkpoint(number=0, last_event=0, digest="")
    span = Span()
    new_events = Event.objects.filter(pk__gt=previous.last_event, pk__lte=last_settled_event_id()).order_by("pk")
    for row in new_events.values_list("pk", "digest").iterator(chunk_size=CHUNK):
        span.add(*row)
    if not span.count:
        return None
    new = Checkpoint(
        number=previous.number + 1,
        at=timezone.now(),
        last_event=span.last,
        count=span.count,
        events=span.digest,
        previous=previous.digest,
    )
    facts = {name: getattr(new, name) for name in ("at", "last_event", "count", "events", "previous")}
    # If two processes create it at once, the first one is used.
    checkpoint, _ = Checkpoint.objects.get_or_create(
        number=new.number, defaults=facts | {"digest": new.digest_of_content()}
    )
    return checkpoint


def newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def last_settled_event_id() -> int:
    """Return the newest event id once no lower id can still be committed; 0 if not within PATIENCE seconds."""
    # PostgreSQL assigns ids before the commit, so a transaction that is open now may commit a lower one.
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    writing = set(writers())
    until = time.monotonic() + PATIENCE
    while writing:
        if time.monotonic() > until:
            return 0
        time.sleep(PAUSE)
        writing.intersection_update(writers())
    return last


def events_without_checkpoint() -> QuerySet[Event]:
    """Return a queryset of the events since the newest checkpoint, in the order of their ids. Runs 1 query."""
    checkpoint = newest()
    return Event.objects.filter(pk__gt=checkpoint.last_event if checkpoint else 0).order_by("pk")


class Writer(NamedTuple):
    """An open transaction that has written events, as PostgreSQL shows it to this user."""

    process: int | None  # None: a prepared transaction, which has no process
    application: str | None
    since: datetime | None

    def in_words(self) -> str:
        """Return the problem as text. Raise TypeError if `since` is None."""
        return (
            f"process {self.process} of the database ({self.application}) has had a transaction open since "
            f"{self.since:%Y-%m-%d %H:%M:%S UTC}, and no checkpoint can be created until this "
            "transaction ends"
        )


def writers() -> dict[str, Writer]:
    """Return transaction id → writer, for open transactions of other processes that wrote events; {} on SQLite."""
    if connection.vendor != "postgresql":
        return {}  # SQLite has one writer at a time, which assigns ids only then
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction, pid, application_name, xact_start FROM pg_locks "
            "LEFT JOIN pg_stat_activity USING (pid) WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' "
            "AND relation = 'audit_log_event'::regclass AND pid IS DISTINCT FROM pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return {transaction: Writer(*columns) for transaction, *columns in cursor.fetchall()}


def blocking_writer(now: datetime) -> Writer | None:
    """Return the oldest transaction that blocks checkpoints and has been open for more than OPEN_FOR_LONG, or None."""
    started = {writer.since: writer for writer in writers().values() if writer.since}
    oldest = min(started, default=now)
    return started[oldest] if now - oldest > OPEN_FOR_LONG else None
