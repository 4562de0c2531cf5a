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
    """Append one event and return it. It is committed with the caller's transaction.

    `subject` is what it happened to: a row, or the text that names it (see `subject_of`). `data` holds ids, dates,
    whole numbers and short codes: never names, addresses, answers or tokens, as nothing can be deleted from this log.
    Other writers wait until the caller's transaction ends, so call this after all other locks are taken.
    Raises TypeError for data with fractions: databases print those differently, and the hash would not match.
    """
    stored = as_stored(data or {})
    head, _ = ChainHead.objects.select_for_update(no_key=True).get_or_create(pk=ChainHead.ONLY)
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
    """How the log names a row: `kind:id`, where the kind is the model's name or its `logged_as`.

    With a model and a key, of a row that was not loaded. Raises ValueError where there is no key.
    """
    key = pk if isinstance(row, type) else row.pk
    if key is None:
        raise ValueError(f"{row} has no primary key yet")
    return f"{getattr(row, 'logged_as', row._meta.model_name)}:{key}"


def as_stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the database returns it: dates, UUIDs and keys as text."""
    stored: dict[str, Any] = json.loads(
        json.dumps(data, cls=DjangoJSONEncoder), parse_float=refuse_fraction, parse_constant=refuse_fraction
    )
    return stored


def refuse_fraction(literal: str) -> NoReturn:
    raise TypeError(f"event data holds whole numbers and text, got {literal}")
