"""Email types. An app registers its own in `apps.py`; all are delivered in the same way."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar

from django.utils.functional import Promise

from courseware.notifications.models import TYPE_LABELS, Notification, OutgoingEmail
from courseware.notifications.wording.placeholders import Editable

Found = TypeVar("Found")
Ask = Callable[[Sequence[OutgoingEmail]], Mapping[int, Found]]  # what is said of each of several, by key


def one_by_one(ask: Callable[[OutgoingEmail], Found]) -> Ask[Found]:
    """For types of which few are sent at once."""
    return lambda messages: {message.pk: ask(message) for message in messages}


class EmailCategory(StrEnum):
    AT_ONCE = "at-once"  # asked for, or about safety: at any hour, never counted
    TRAINING = "training"  # about one's training
    SUBSCRIBED = "subscribed"  # subscribed, or by office


class Wait(NamedTuple):
    """How long an email is deferred, and why. It is checked again then."""

    until: datetime
    why: str


class NotificationText(NamedTuple):
    words: str
    address: str = ""


@dataclass(frozen=True)
class EmailType:
    """An email type; `why_unwanted` and `context` are asked at delivery, for several emails at once.

    `template`: the text; its first line is the subject. `lines`: notifications → text, without those that have none any
    more. `is_for`: whether a person can get a type that may be unsubscribed. `asked_for_on`: name of the URL on which
    people subscribe.
    """

    words: str | Promise
    template: str
    why_unwanted: Ask[str]  # "", or why it is not to leave any more
    context: Ask[dict[str, Any]]  # without those of which there is nothing to say any more, since a moment ago
    sort: EmailCategory = EmailCategory.AT_ONCE
    lines: Callable[[Sequence[Notification]], Mapping[int, NotificationText]] | None = None
    editable: Editable | None = None
    asked_for_on: str = ""
    is_for: Callable[[Any], bool] = lambda person: True


MESSAGE_KINDS: dict[str, EmailType] = {}


def register_kind(name: str, kind: EmailType) -> None:
    MESSAGE_KINDS[name] = kind
    TYPE_LABELS[name] = kind.words


class RecipientHours(Protocol):
    """Sending hours of one person; days are those of `zone`."""

    @property
    def zone(self) -> tzinfo: ...

    def opens_at(self, at: datetime) -> datetime:
        """The first instant from `at` on at which an email may be sent."""
        ...


# By the sort of letter, filled by the rooms above in their `apps.py`. People are asked about by their keys.
HOURS: dict[EmailCategory, Callable[[Collection[int]], Mapping[int, RecipientHours]]] = {}
WAITS: dict[EmailCategory, dict[str, Callable[[Collection[int]], Mapping[int, Wait]]]] = {}
BARS: dict[EmailCategory, dict[str, Callable[[OutgoingEmail], str]]] = {}


def register_hours(sort: EmailCategory, ask: Callable[[Collection[int]], Mapping[int, RecipientHours]]) -> None:
    """Limit emails of this sort to sending hours, and to the limits of `notifications.email.sending_limits`. `ask`
    knows everybody."""
    HOURS[sort] = ask


def register_precondition(sort: EmailCategory, name: str, ask: Callable[[Collection[int]], Mapping[int, Wait]]) -> None:
    """Defer emails of this sort to the people that `ask` returns."""
    WAITS.setdefault(sort, {})[name] = ask


def register_bar(sort: EmailCategory, name: str, ask: Callable[[OutgoingEmail], str]) -> None:
    """Never send an email of this sort for which `ask` returns a reason."""
    BARS.setdefault(sort, {})[name] = ask


def preconditions_of(people: Collection[int], sort: EmailCategory) -> dict[int, Wait]:
    found: dict[int, Wait] = {}
    for ask in WAITS.get(sort, {}).values():
        for person, wait in ask(people).items():
            found[person] = max(wait, found.get(person, wait))
    return found


def why_barred(message: OutgoingEmail, sort: EmailCategory) -> str:
    return next((reason for ask in BARS.get(sort, {}).values() if (reason := ask(message))), "")


def kinds_of_sort(sort: EmailCategory) -> list[str]:
    return [name for name, kind in MESSAGE_KINDS.items() if kind.sort == sort]
