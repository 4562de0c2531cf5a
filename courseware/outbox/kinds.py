"""What can be told. A room that tells something names it in its `apps.py`; how it leaves is the same for all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar

from django.utils.functional import Promise

from courseware.outbox.models import TYPE_LABELS, Message
from courseware.outbox.placeholders import Editable
from courseware.outbox.tray_lines import TrayLine

Found = TypeVar("Found")
Ask = Callable[[Sequence[Message]], Mapping[int, Found]]  # what is said of each of several, by key


def one_by_one(ask: Callable[[Message], Found]) -> Ask[Found]:
    """For kinds of which few leave at once: one is asked for after the other."""
    return lambda messages: {message.pk: ask(message) for message in messages}


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
    """`template` is the text, its first line the subject. The two questions are asked when messages leave: of several
    at once, from as many queries as for one where many leave together, and else `one_by_one`.

    `lines`, of a kind that stands in the tray, too: of several lines what each says, by key, from as many queries as
    for one. Left out is what it has no words for any more.

    `is_for`, of a kind that its reader may stop, says whether a person can get it at all.

    `asked_for_on`, of a kind that only who wants it gets, is the name of the address where one says so.
    """

    words: str | Promise
    template: str
    why_unwanted: Ask[str]  # "", or why it is not to leave any more
    context: Ask[dict[str, Any]]  # without those of which there is nothing to say any more, since a moment ago
    sort: LetterSort = LetterSort.AT_ONCE
    lines: Callable[[Sequence[TrayLine]], Mapping[int, LineWords]] | None = None
    editable: Editable | None = None
    asked_for_on: str = ""
    is_for: Callable[[Any], bool] = lambda person: True


MESSAGE_KINDS: dict[str, MessageKind] = {}


def register_kind(name: str, kind: MessageKind) -> None:
    MESSAGE_KINDS[name] = kind
    TYPE_LABELS[name] = kind.words


class ReaderHours(Protocol):
    """When letters may leave for one person; days are those of `zone`."""

    @property
    def zone(self) -> tzinfo: ...

    def opens_at(self, at: datetime) -> datetime:
        """The first instant from `at` on at which one may leave."""
        ...


# By the sort of letter, filled by the rooms above in their `apps.py`. People are asked about by their keys.
HOURS: dict[LetterSort, Callable[[Collection[int]], Mapping[int, ReaderHours]]] = {}
WAITS: dict[LetterSort, dict[str, Callable[[Collection[int]], Mapping[int, Wait]]]] = {}
BARS: dict[LetterSort, dict[str, Callable[[Message], str]]] = {}


def register_hours(sort: LetterSort, ask: Callable[[Collection[int]], Mapping[int, ReaderHours]]) -> None:
    """Messages of this sort leave in these hours only, and take turns: see `outbox.letter_days`. `ask` knows those of
    everybody."""
    HOURS[sort] = ask


def register_wait(sort: LetterSort, name: str, ask: Callable[[Collection[int]], Mapping[int, Wait]]) -> None:
    """Every message of this sort to whom `ask` names is laid by."""
    WAITS.setdefault(sort, {})[name] = ask


def register_bar(sort: LetterSort, name: str, ask: Callable[[Message], str]) -> None:
    """A message of this sort for which `ask` gives a reason does not leave at all."""
    BARS.setdefault(sort, {})[name] = ask


def waits_of(people: Collection[int], sort: LetterSort) -> dict[int, Wait]:
    """Who is to wait, and until when: the longest of those that are asked for."""
    found: dict[int, Wait] = {}
    for ask in WAITS.get(sort, {}).values():
        for person, wait in ask(people).items():
            found[person] = max(wait, found.get(person, wait))
    return found


def why_barred(message: Message, sort: LetterSort) -> str:
    """Why no message of the sort is to leave for its reader; "" where one is."""
    return next((reason for ask in BARS.get(sort, {}).values() if (reason := ask(message))), "")


def kinds_of_sort(sort: LetterSort) -> list[str]:
    """Of the kinds of this sort."""
    return [name for name, kind in MESSAGE_KINDS.items() if kind.sort == sort]
