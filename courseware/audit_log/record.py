"""Record events in the audit log. Call it in the transaction that makes the change itself."""

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
    """An event to record; the fields are the arguments of `record`."""

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
    """Append one event and return it. It is committed with the caller's transaction. `verb`: type such as "signed-in".
    `actor`: the user who acts; None for the system. `subject`: a saved row, or its name by `subject_of`. `data`: ids,
    dates, whole numbers and short codes, never names, addresses, answers or tokens, because events cannot be deleted.
    `at`: default now. Take all other locks before: writers of the same subject wait until the transaction ends. For
    several subjects, call `record_many`. Raise TypeError for fractions in `data`, and ValueError for an unsaved row.
    """
    [event] = record_many([NewEvent(verb, subject, actor, data or {}, at)])
    return event


@transaction.atomic(savepoint=False)
def record_many(entries: Iterable[NewEvent]) -> list[Event]:
    """Append the events in their order and return them; see `record`. Runs 3 queries for about 100 events."""
    entries = [replace(entry, data=as_stored(entry.data)) for entry in entries]
    if not entries:
        return []
    subjects = [each.subject if isinstance(each.subject, str) else subject_of(each.subject) for each in entries]
    chains = lock_chains(subjects)
    events = []
    for entry, subject in zip(entries, subjects, strict=True):
        chain = chains[subject]
        event = Event(
            chain=chain.name,
            place=chain.length + 1,
            at=entry.at or timezone.now(),
            actor=entry.actor,  # type: ignore[misc]  # the user model is defined in a higher package
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
    """Return name → hash chain, created if missing and locked until the transaction ends. `names`: at least 1."""
    unique_names = sorted(set(names))
    rows = ", ".join(["(%s, 0, '')"] * len(unique_names))
    chains = HashChain.objects.raw(
        f"INSERT INTO audit_log_hashchain (name, length, digest) VALUES {rows} "  # noqa: S608 - placeholders only
        "ON CONFLICT (name) DO UPDATE SET length = audit_log_hashchain.length RETURNING name, length, digest",
        unique_names,
    )
    return {chain.name: chain for chain in chains}


def subject_of(row: Model | type[Model], pk: object = None) -> str:
    """Return the log's name of a saved row, or of a model and `pk`: `exam-attempt:12`. Raise ValueError if unsaved."""
    key = pk if isinstance(row, type) else row.pk
    if key is None:
        raise ValueError(f"{row} has no primary key yet")
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", row._meta.label.partition(".")[2]).lower()
    return f"{getattr(row, 'logged_as', kind)}:{key}"


def as_stored(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return `data` as the database returns it: dates and UUIDs as text. Raise TypeError for fractions."""
    stored: dict[str, Any] = json.loads(
        json.dumps(data, cls=DjangoJSONEncoder), parse_float=refuse_fraction, parse_constant=refuse_fraction
    )
    return stored


def refuse_fraction(literal: str) -> NoReturn:
    raise TypeError(f"event data holds whole numbers and text, got {literal}")
