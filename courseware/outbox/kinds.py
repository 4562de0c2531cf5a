"""What can be told. A room that tells something names it in its `apps.py`; how it leaves is the same for all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from courseware.outbox.models import Message


@dataclass(frozen=True)
class MessageKind:
    """`template` is the text, its first line the subject. The two questions are asked when the message leaves."""

    words: str | Promise
    template: str
    still_wanted: Callable[[Message], str]  # "", or why it is not to leave any more
    context: Callable[[Message], dict[str, Any]]


MESSAGE_KINDS: dict[str, MessageKind] = {}


def register_kind(name: str, kind: MessageKind) -> None:
    MESSAGE_KINDS[name] = kind
