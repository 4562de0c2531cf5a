"""Appending to the log, one event or many: called inside the transaction that records the fact itself."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from courseware.audit_log.models import Event, HashChain


@dataclass(frozen=True)
class NewEvent:
    """An event to record; the fields are those of `record`."""

    verb: str
    subject: Model | str
    actor: AbstractBaseUser | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None


def record(
    verb: str,
    *,
    actor: AbstractBaseUser | None = None,
    subject: Model | str,
    data: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Event:
    """Append one event and return it. It is committed with the caller's transaction.

    `subject` is a row, or its name (see `subject_of`). `data` holds ids, dates, whole numbers and short codes; never
    names, addresses, answers or tokens, as nothing can be deleted from this log. Call it after all other locks are
    taken: other writers of the subject wait until the transaction ends. For several subjects use `record_many`.
    Raises TypeError for data with fractions: databases print those differently, and the hash would not match.
    """
    [event] = record_many([NewEvent(verb, subject, actor, data or {}, at)])
    return event


@transaction.atomic(savepoint=False)
def record_many(entries: Iterable[NewEvent]) -> list[Event]:
    """Append these events in their order, as `record` does, in three queries for about a hundred of them."""
    entries = [replace(entry, data=as_stored(entry.data)) for entry in entries]
    if not entries:
        return []
    subjects = [one.subject if isinstance(one.subject, str) else subject_of(one.subject) for one in entries]
    chains = lock_chains(subjects)
    events = []
    for entry, subject in zip(entries, subjects, strict=True):
        chain = chains[subject]
        event = Event(
            chain=chain.name,
            place=chain.length + 1,
            at=entry.at or timezone.now(),
            actor=entry.actor,  # type: ignore[misc]  # which class a person is of, a room above says
            verb=entry.verb,
            subject=subject,
            data=entry.data,
            previous=chain.digest,
        )
        event.digest = event.digest_of_content()
        chain.length, chain.digest = event.place, event.digest
        events.append(event)
    Event.objects.bulk_create(events)
    HashChain.objects.bulk_create(
        chains.values(), update_conflicts=True, unique_fields=["name"], update_fields=["length", "digest"]
    )
    return events


def lock_chains(names: Iterable[str]) -> dict[str, HashChain]:
    """The chains of these names, created if missing, locked until the transaction ends.

    One statement takes all locks in the order of the names, so writers cannot deadlock. The update that changes nothing
    locks a row that exists.
    """
    wanted = sorted(set(names))
    rows = ", ".join(["(%s, 0, '')"] * len(wanted))
    chains = HashChain.objects.raw(
        f"INSERT INTO audit_log_hashchain (name, length, digest) VALUES {rows} "  # noqa: S608 - of marks only
        "ON CONFLICT (name) DO UPDATE SET length = audit_log_hashchain.length RETURNING name, length, digest",
        wanted,
    )
    return {chain.name: chain for chain in chains}


def subject_of(row: Model | type[Model], pk: object = None) -> str:
    """Name of a row (or of a model and a key) in the log: `kind:id`, such as `exam-attempt:12`.

    The kind is the model's name in lower case with hyphens, or its `logged_as`.

    Raises ValueError without a key.
    """
    key = pk if isinstance(row, type) else row.pk
    if key is None:
        raise ValueError(f"{row} has no primary key yet")
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", row._meta.label.partition(".")[2]).lower()
    return f"{getattr(row, 'logged_as', kind)}:{key}"


def as_stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the database returns it: dates, UUIDs and keys as text."""
    stored: dict[str, Any] = json.loads(
        json.dumps(data, cls=DjangoJSONEncoder), parse_float=refuse_fraction, parse_constant=refuse_fraction
    )
    return stored


def refuse_fraction(literal: str) -> NoReturn:
    raise TypeError(f"event data holds whole numbers and text, got {literal}")
