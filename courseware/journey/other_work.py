"""What waits for somebody beside the own courses: rooms above have it said on the first page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class OtherWork:
    words: str
    address: str


_asked: list[Callable[[HttpRequest], OtherWork | None]] = []


def register_other_work(ask: Callable[[HttpRequest], OtherWork | None]) -> None:
    """`ask` is called when somebody opens the first page; None where nothing waits for such a person."""
    _asked.append(ask)


def other_work(request: HttpRequest) -> Iterator[OtherWork]:
    return filter(None, (ask(request) for ask in _asked))
