"""Appending to the log. One verb, called inside the transaction that records the fact itself."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from courseware.evidence.models import ChainHead, Event


@transaction.atomic(savepoint=False)
def record(
    verb: str,
    *,
    actor: AbstractBaseUser | None = None,
    subject: Model | str,
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Event:
    """Append one event and return it; it is kept if, and only if, the caller's transaction is.

    `subject` is what it happened to: a row, or the text that names it (see `subject_of`). `data` holds ids, dates,
    whole numbers and short codes: never names, addresses, answers or tokens, for a log that cannot be changed could
    not forget them.
    Writers wait for each other from here to the end of their transaction, so call this after all other locks are taken.
    Raises TypeError for data with fractions: databases print those differently, and the hash would not hold.
    """
    stored = as_stored(data or {})
    head, _ = ChainHead.objects.select_for_update().get_or_create(pk=ChainHead.ONLY)
    event = Event(
        number=head.number + 1,
        at=at or timezone.now(),
        actor=actor,  # type: ignore[misc]  # which class a person is of, a room above says
        verb=verb,
        subject=subject if isinstance(subject, str) else subject_of(subject),
        data=stored,
        previous=head.digest,
    )
    event.digest = event.digest_of_content()
    event.save(force_insert=True)
    head.number, head.digest = event.number, event.digest
    head.save(update_fields=["number", "digest"])
    return event


def subject_of(row: Model | type[Model], pk: object = None) -> str:
    """How the log names a row, for ever: `kind:id`. A model with a key names one that is not at hand.

    The kind is the model's name; `logged_as` on the model stands for another.
    """
    return f"{getattr(row, 'logged_as', row._meta.model_name)}:{row.pk if pk is None else pk}"


def as_stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the database gives it back: dates and UUIDs as text, keys as text."""
    stored: dict[str, Any] = json.loads(
        json.dumps(data, cls=DjangoJSONEncoder), parse_float=refuse_fraction, parse_constant=refuse_fraction
    )
    return stored


def refuse_fraction(literal: str) -> NoReturn:
    raise TypeError(f"event data holds whole numbers and text, got {literal}")
