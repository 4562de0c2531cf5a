"""What can be told. A room that tells something names it in its `apps.py`; how it leaves is the same for all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from django.utils.functional import Promise

from courseware.outbox.models import Message
from courseware.outbox.tray_lines import TrayLine


class LetterSort(StrEnum):
    AT_ONCE = "at-once"  # asked for, or about safety: at any hour, never counted
    TRAINING = "training"  # about one's training
    SUBSCRIBED = "subscribed"  # subscribed, or by office


class Wait(NamedTuple):
    """Until when a message is laid by, and why: it is asked again then whether it is wanted."""

    until: datetime
    why: str


class LineWords(NamedTuple):
    """A line of the tray in the reader's language, and where it leads; "" for nowhere."""

    words: str
    address: str = ""


@dataclass(frozen=True)
class MessageKind:
    """`template` is the text, its first line the subject. The two questions are asked when the message leaves.

    `lines`, of a kind that stands in the tray, too: of several lines what each says, by key, from as many queries as
    for one. Left out is what it has no words for any more.
    """

    words: str | Promise
    template: str
    still_wanted: Callable[[Message], str]  # "", or why it is not to leave any more
    context: Callable[[Message], dict[str, Any]]
    sort: LetterSort = LetterSort.AT_ONCE
    lines: Callable[[Sequence[TrayLine]], Mapping[int, LineWords]] | None = None


MESSAGE_KINDS: dict[str, MessageKind] = {}


def register_kind(name: str, kind: MessageKind) -> None:
    MESSAGE_KINDS[name] = kind


class ReaderHours(Protocol):
    """When letters may leave for one person; days are those of `zone`."""

    @property
    def zone(self) -> tzinfo: ...

    def opens_at(self, at: datetime) -> datetime:
        """The first instant from `at` on at which one may leave."""
        ...


# By the sort of letter, filled by the rooms above in their `apps.py`.
HOURS: dict[LetterSort, Callable[[Message], ReaderHours]] = {}
WAITS: dict[LetterSort, dict[str, Callable[[Message], Wait | None]]] = {}
BARS: dict[LetterSort, dict[str, Callable[[Message], str]]] = {}


def register_hours(sort: LetterSort, ask: Callable[[Message], ReaderHours]) -> None:
    """Messages of this sort leave in these hours only, and take turns: see `outbox.letter_days`."""
    HOURS[sort] = ask


def register_wait(sort: LetterSort, name: str, ask: Callable[[Message], Wait | None]) -> None:
    """Every message of this sort is laid by as long as `ask` says so."""
    WAITS.setdefault(sort, {})[name] = ask


def register_bar(sort: LetterSort, name: str, ask: Callable[[Message], str]) -> None:
    """A message of this sort for which `ask` gives a reason does not leave at all."""
    BARS.setdefault(sort, {})[name] = ask


def wait_of(message: Message, kind: MessageKind) -> Wait | None:
    """The longest of those that are asked for."""
    waits = (ask(message) for ask in WAITS.get(kind.sort, {}).values())
    return max((wait for wait in waits if wait), default=None)


def why_skipped(message: Message, kind: MessageKind) -> str:
    """Why it is not to leave any more, by itself or by its sort; "" where it is."""
    asked = (kind.still_wanted, *BARS.get(kind.sort, {}).values())
    return next((reason for ask in asked if (reason := ask(message))), "")
