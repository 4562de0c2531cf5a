"""Verify the audit log: find events and checkpoints that were changed, replaced, removed or added later."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from courseware.audit_log.checkpoints import Span
from courseware.audit_log.models import Checkpoint, Event, HashChain

CHUNK = 1000  # rows held in memory at a time


def verify() -> list[str]:
    """Return lines about changed, replaced, missing or added events and checkpoints; [] if the log is intact."""
    return list(alterations())


def alterations() -> Iterator[str]:
    """Yield the lines of `verify`. Events and checkpoints that are added in the meantime cause no lines."""
    yield from altered_events()
    yield from altered_checkpoints()


def altered_events() -> Iterator[str]:
    # One statement reads events and chains, so that it sees a concurrent event together with its chain's new head.
    for name, events in groupby(events_with_heads().iterator(chunk_size=CHUNK), lambda event: event.chain):
        yield from altered_in_chain(name, events)
    for chain in HashChain.objects.filter(
        ~Exists(Event.objects.filter(chain=OuterRef("name"))), length__gt=0
    ).iterator():
        yield missing(f"{chain.name}, event", 1, chain.length)


def events_with_heads() -> QuerySet[Event]:
    head = HashChain.objects.filter(name=OuterRef("chain"))
    return Event.objects.annotate(
        length_of_chain=Subquery(head.values("length")), digest_of_chain=Subquery(head.values("digest"))
    ).order_by("chain", "place")


def altered_in_chain(name: str, events: Iterable[Event]) -> Iterator[str]:
    """Yield the lines about the hash chain `name`. `events`: its rows of `events_with_heads`, in order."""
    place, digest = 0, ""
    length: int | None = None
    head = ""
    for event in events:
        length, head = event.length_of_chain, event.digest_of_chain  # type: ignore[attr-defined]  # annotations
        if length is not None and event.place > length:
            yield f"{name}, event {event.place}: added past the head of its chain"
            continue
        if event.place > place + 1:
            yield missing(f"{name}, event", place + 1, event.place - 1)
        elif event.previous != digest:
            yield replaced(name, place, f"{name}, event {event.place}")
        if event.digest != event.digest_of_content():
            yield f"{name}, event {event.place}: changed since it was recorded"
        place, digest = event.place, event.digest
    if length is None:
        yield f"{name}: its head is gone"
    elif place < length:
        yield missing(f"{name}, event", place + 1, length)
    elif digest != head:
        yield replaced(name, place, "the head of its chain")


def altered_checkpoints() -> Iterator[str]:
    number, digest = 0, ""
    rows = iter(Event.objects.order_by("pk").values_list("pk", "digest").iterator(chunk_size=CHUNK))
    row: tuple[int, str] | None = None
    for checkpoint in Checkpoint.objects.order_by("number").iterator(chunk_size=CHUNK):
        # Read after the checkpoint, so that all its events are visible.
        span, row = Span(), row or next(rows, None)
        while row and row[0] <= checkpoint.last_event:
            span.add(*row)
            row = next(rows, None)
        if checkpoint.number > number + 1:
            yield missing("checkpoint", number + 1, checkpoint.number - 1)
        else:
            if checkpoint.previous != digest:
                yield f"checkpoint {number}: replaced, checkpoint {checkpoint.number} names another one before it"
            yield from differing(checkpoint, span)
        if checkpoint.digest != checkpoint.digest_of_content():
            yield f"checkpoint {checkpoint.number}: changed after it was created"
        number, digest = checkpoint.number, checkpoint.digest


def differing(checkpoint: Checkpoint, span: Span) -> Iterator[str]:
    """Yield a line if `span` (of the events that the checkpoint covers) differs from the checkpoint."""
    prefix = f"checkpoint {checkpoint.number}: of its {checkpoint.count} events up to {checkpoint.last_event}"
    if span.count < checkpoint.count:
        yield f"{prefix}, gone: {checkpoint.count - span.count}"
    elif span.count > checkpoint.count:
        yield f"{prefix}, added: {span.count - checkpoint.count}"
    elif span.digest != checkpoint.events:
        yield f"{prefix}, some were replaced"


def missing(label: str, first: int, last: int) -> str:
    """Return a line about missing rows. `first`, `last`: their numbers, inclusive."""
    return f"{label} {first}: missing" if first == last else f"{label}s {first} to {last}: missing"


def replaced(chain: str, place: int, witness: str) -> str:
    """Return a line: `witness` stores another checksum than that of event `place` (0: before the first)."""
    if place:
        return f"{chain}, event {place}: replaced, {witness} names another one before it"
    return f"{witness}: an event before it is gone"
