"""Make seals: checkpoints over all chains, up to an event before which none can appear any more."""

import hashlib
import time
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from courseware.audit_log.models import Checkpoint, Event

CHUNK = 5000  # rows held in memory at a time
PATIENCE = 5  # seconds for those who are just writing; the next seal has what this one leaves
PAUSE = 0.05  # seconds
OPEN_FOR_LONG = timedelta(minutes=1)  # no page and no command of ours takes as long after it has written an event


class Span:
    """The events between two seals, hashed in their order."""

    def __init__(self) -> None:
        self.count, self.last, self._hash = 0, 0, hashlib.sha256()

    def add(self, key: int, digest: str) -> None:
        self.count, self.last = self.count + 1, key
        self._hash.update(f"{key} {digest}\n".encode())

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def seal() -> Checkpoint | None:
    """Seal the events since the last seal; None if there are none, or if a writer does not finish."""
    before = newest() or Checkpoint(number=0, last_event=0, digest="")
    span = Span()
    unsealed = Event.objects.filter(pk__gt=before.last_event, pk__lte=last_settled()).order_by("pk")
    for row in unsealed.values_list("pk", "digest").iterator(chunk_size=CHUNK):
        span.add(*row)
    if not span.count:
        return None
    new = Checkpoint(
        number=before.number + 1,
        at=timezone.now(),
        last_event=span.last,
        count=span.count,
        events=span.digest,
        previous=before.digest,
    )
    facts = {name: getattr(new, name) for name in ("at", "last_event", "count", "events", "previous")}
    # Of two who seal at once, the first one's stands.
    kept, _ = Checkpoint.objects.get_or_create(number=new.number, defaults=facts | {"digest": new.digest_of_content()})
    return kept


def newest() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-number").first()


def last_settled() -> int:
    """The key of an event before which none can appear any more; 0 if there is none.

    PostgreSQL assigns keys before the commit, so a lower key may appear later. Its writer holds a lock on the table,
    so this waits for the writers of this moment. No writer waits for this.
    """
    last = Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    writing = set(writers())
    until = time.monotonic() + PATIENCE
    while writing:
        if time.monotonic() > until:
            return 0
        time.sleep(PAUSE)
        writing.intersection_update(writers())
    return last


def unsealed() -> QuerySet[Event]:
    last = newest()
    return Event.objects.filter(pk__gt=last.last_event if last else 0).order_by("pk")


class Writer(NamedTuple):
    """A transaction that has written events and has not ended, as PostgreSQL shows it to this user."""

    process: int | None  # None: prepared, and no process has it any more
    application: str | None
    since: datetime | None

    def in_words(self) -> str:
        return (
            f"process {self.process} of the database ({self.application}) has had a transaction open since "
            f"{self.since:%Y-%m-%d %H:%M:%S UTC}, and nothing is sealed until it ends"
        )


def writers() -> dict[str, Writer]:
    """Open transactions of others that have written events."""
    if connection.vendor != "postgresql":
        return {}  # SQLite has one writer, and gives it its keys then
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction, pid, application_name, xact_start FROM pg_locks "
            "LEFT JOIN pg_stat_activity USING (pid) WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' "
            "AND relation = 'audit_log_event'::regclass AND pid IS DISTINCT FROM pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        return {transaction: Writer(*told) for transaction, *told in cursor.fetchall()}


def holding_up(now: datetime) -> Writer | None:
    """The oldest writer that has been open for longer than OPEN_FOR_LONG; no seal is made until it ends."""
    started = {writer.since: writer for writer in writers().values() if writer.since}
    first = min(started, default=now)
    return started[first] if now - first > OPEN_FOR_LONG else None
