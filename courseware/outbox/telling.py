"""Writing down what is to be told: in the transaction of the fact, which no mail server can hold up."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from courseware.outbox.delivering import deliver
from courseware.outbox.kinds import MESSAGE_KINDS
from courseware.outbox.models import Message


@transaction.atomic(savepoint=False)
def tell(
    kind: str,
    person: AbstractBaseUser | None,
    *,
    address: str = "",
    language: str = "",
    key: str = "",
    data: dict[str, Any] | None = None,
) -> Message:
    """Queue a message to `person`, or to `address` where that is another, and return it.

    `data` is for the database: ids, codes and what somebody wrote, never a token. With a `key`, what was told is not
    told again: the message of that key is returned, whatever became of it. Raises LookupError for a kind nobody named.
    """
    if kind not in MESSAGE_KINDS:
        raise LookupError(f"no room has named the letter {kind}")
    fields: dict[str, Any] = {
        "kind": kind,
        "person": person,
        "address": address or getattr(person, "email", "") or "",
        "language": language or getattr(person, "language", ""),
        "data": data or {},
    }
    if key:
        message, is_new = Message.objects.get_or_create(key=key, defaults=fields)
        if not is_new:
            return message
    else:
        message = Message.objects.create(**fields)
    deliver.enqueue([message.pk])
    return message
