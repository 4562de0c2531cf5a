"""What can be told. A room that tells something names it in its `apps.py`; how it leaves is the same for all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django.utils.functional import Promise

from courseware.outbox.models import Message


class LetterSort(StrEnum):
    AT_ONCE = "at-once"  # asked for, or about safety
    TRAINING = "training"  # about one's training


class Wait(NamedTuple):
    """Until when a message is laid by, and why: it is asked again then whether it is wanted."""

    until: datetime
    why: str


@dataclass(frozen=True)
class MessageKind:
    """`template` is the text, its first line the subject. The two questions are asked when the message leaves."""

    words: str | Promise
    template: str
    still_wanted: Callable[[Message], str]  # "", or why it is not to leave any more
    context: Callable[[Message], dict[str, Any]]
    sort: LetterSort = LetterSort.AT_ONCE


MESSAGE_KINDS: dict[str, MessageKind] = {}


def register_kind(name: str, kind: MessageKind) -> None:
    MESSAGE_KINDS[name] = kind


WAITS: dict[LetterSort, dict[str, Callable[[Message], Wait | None]]] = {}


def register_wait(sort: LetterSort, name: str, ask: Callable[[Message], Wait | None]) -> None:
    """Every message of this sort is laid by as long as `ask` says so."""
    WAITS.setdefault(sort, {})[name] = ask


def wait_of(message: Message, kind: MessageKind) -> Wait | None:
    """The longest of those that are asked for."""
    waits = (ask(message) for ask in WAITS.get(kind.sort, {}).values())
    return max((wait for wait in waits if wait), default=None)
