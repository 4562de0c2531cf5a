"""Email types, categories and sending hours. Each app registers its own in `apps.py`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeVar

from django.utils.functional import Promise

from courseware.notifications.models import TYPE_LABELS, Notification, OutgoingEmail
from courseware.notifications.wording.placeholders import Editable

Found = TypeVar("Found")
Ask = Callable[[Sequence[OutgoingEmail]], Mapping[int, Found]]  # emails → email id → answer


def one_by_one(ask: Callable[[OutgoingEmail], Found]) -> Ask[Found]:
    """Return an `Ask` that calls `ask` for each email."""
    return lambda emails: {email.pk: ask(email) for email in emails}


class EmailCategory(StrEnum):
    IMMEDIATE = "at-once"  # requested, or about security: at any hour, without limit
    TRAINING = "training"  # about the recipient's training
    SUBSCRIBED = "subscribed"  # subscribed by the recipient, or sent because of a role


class Wait(NamedTuple):
    """Until when an email is deferred, and why. Afterwards the email is checked again."""

    until: datetime
    why: str


class NotificationText(NamedTuple):
    words: str
    address: str = ""


@dataclass(frozen=True)
class EmailType:
    """An email type, labelled `words`; `why_unwanted` and `context` are called at delivery, for several emails at once.
    `template`: path; its first line is the subject. `lines`: notifications → notification id → text, without those
    whose data was deleted. `is_for`: user → whether the user can get the type; only SUBSCRIBED types are asked.
    `asked_for_on`: URL name of the page to subscribe on.
    """

    words: str | Promise
    template: str
    why_unwanted: Ask[str]  # "", or the reason not to send the email any more
    context: Ask[dict[str, Any]]  # without emails whose data was deleted meanwhile
    sort: EmailCategory = EmailCategory.IMMEDIATE
    lines: Callable[[Sequence[Notification]], Mapping[int, NotificationText]] | None = None
    editable: Editable | None = None
    asked_for_on: str = ""
    is_for: Callable[[Any], bool] = lambda person: True


EMAIL_TYPES: dict[str, EmailType] = {}


def register_email_type(name: str, email_type: EmailType) -> None:
    EMAIL_TYPES[name] = email_type
    TYPE_LABELS[name] = email_type.words


class RecipientHours(Protocol):
    """Sending hours of one person, in the time zone `zone`."""

    @property
    def zone(self) -> tzinfo: ...

    def opens_at(self, at: datetime) -> datetime:
        """Return the first instant from `at` on at which an email may be sent."""
        ...


# By category, filled by `apps.py` of higher packages. The functions get ids of people.
HOURS: dict[EmailCategory, Callable[[Collection[int]], Mapping[int, RecipientHours]]] = {}
WAITS: dict[EmailCategory, dict[str, Callable[[Collection[int]], Mapping[int, Wait]]]] = {}
BARS: dict[EmailCategory, dict[str, Callable[[OutgoingEmail], str]]] = {}


def register_hours(category: EmailCategory, ask: Callable[[Collection[int]], Mapping[int, RecipientHours]]) -> None:
    """Limit a category to hours and to its (required) LIMITS entry. `ask`: ids of people → {id: hours}, for all ids."""
    HOURS[category] = ask


def register_precondition(
    category: EmailCategory, name: str, ask: Callable[[Collection[int]], Mapping[int, Wait]]
) -> None:
    """Defer a category's emails to some people. `ask`: ids of people → {id: wait}, only for people who must wait. An
    `ask` with the same `name` is replaced.
    """
    WAITS.setdefault(category, {})[name] = ask


def register_bar(category: EmailCategory, name: str, ask: Callable[[OutgoingEmail], str]) -> None:
    """Never send an email of a category for which `ask` returns a reason, not "". The same `name` replaces an `ask`."""
    BARS.setdefault(category, {})[name] = ask


def preconditions_of(person_ids: Collection[int], category: EmailCategory) -> dict[int, Wait]:
    """Return person id → the longest wait, only for those among `person_ids` whose emails of a category must wait."""
    found: dict[int, Wait] = {}
    for ask in WAITS.get(category, {}).values():
        for person_id, wait in ask(person_ids).items():
            found[person_id] = max(wait, found.get(person_id, wait))
    return found


def why_barred(email: OutgoingEmail, category: EmailCategory) -> str:
    """Return the reason never to send this email, or ""."""
    return next((reason for ask in BARS.get(category, {}).values() if (reason := ask(email))), "")


def email_types_of(category: EmailCategory) -> list[str]:
    return [name for name, email_type in EMAIL_TYPES.items() if email_type.sort == category]
