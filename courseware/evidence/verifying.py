"""Check the log: every row is as it was recorded, and none is missing."""

from collections.abc import Iterator

from django.db.models import QuerySet, Subquery
from django.db.models.functions import Coalesce

from courseware.evidence.models import ChainHead, Event

CHUNK = 1000  # rows held in memory at a time


def verify() -> list[str]:
    """One line per changed, replaced, missing or added row."""
    return list(altered_events())


def altered_events() -> Iterator[str]:
    """The lines of `verify`. Events recorded in the meantime do not disturb it."""
    head = ChainHead.objects.first() or ChainHead(number=0, digest="")
    number, digest = 0, ""
    for event in Event.objects.filter(number__lte=head.number).order_by("number").iterator(chunk_size=CHUNK):
        if event.number > number + 1:
            yield missing(number + 1, event.number - 1)
        elif event.previous != digest:
            yield replaced(number, f"event {event.number}")
        if event.digest != event.digest_of_content():
            yield f"event {event.number}: changed since it was recorded"
        number, digest = event.number, event.digest
    if number < head.number:
        yield missing(number + 1, head.number)
    elif digest != head.digest:
        yield replaced(number, "the head of the log")
    yield from (f"event {number}: added past the head of the log" for number in numbers_past_the_head())


def missing(first: int, last: int) -> str:
    return f"event {first}: missing" if first == last else f"events {first} to {last}: missing"


def replaced(number: int, witness: str) -> str:
    return (
        f"event {number}: replaced, {witness} remembers another" if number else f"{witness}: an event before it is gone"
    )


def numbers_past_the_head() -> QuerySet[Event, int]:
    # One statement: an event recorded at this moment is seen together with its head, or not at all.
    head = Coalesce(Subquery(ChainHead.objects.values("number")[:1]), 0)
    return Event.objects.filter(number__gt=head).order_by("number").values_list("number", flat=True)
