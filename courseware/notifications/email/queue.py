"""Queue emails in the transaction of their cause, without contacting a mail server."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from courseware.lib.dates import now
from courseware.notifications.email.delivery import deliver
from courseware.notifications.email.email_types import MESSAGE_KINDS
from courseware.notifications.models import DeliveryState, Notification, OutgoingEmail

# Emails about an action with *Undo* wait this long, so that screen-reader users can reach the button.
HELD_FOR_UNDO = timedelta(minutes=2)
WAITS_AGAIN = {"state": DeliveryState.QUEUED, "why": "", "tries": 0, "ended_at": None}


@transaction.atomic(savepoint=False)
def tell(
    kind: str,
    person: AbstractBaseUser | None,
    *,
    address: str = "",
    language: str = "",
    key: str = "",
    data: dict[str, Any] | None = None,
) -> OutgoingEmail:
    """Queue an email to `person`, or to `address` if given; one with a known `key` is returned as it is.

    `data`: ids, codes and typed texts, never a token. Raises LookupError for an unknown type.
    """
    must_be_named(kind)
    fields: dict[str, Any] = {
        "kind": kind,
        "person": person,
        "address": address or getattr(person, "email", "") or "",
        "language": language or getattr(person, "language", ""),
        "data": data or {},
    }
    if key:
        message, is_new = OutgoingEmail.objects.get_or_create(key=key, defaults=fields)
        if not is_new:
            return message
    else:
        message = OutgoingEmail.objects.create(**fields)
    if person:
        add_notifications(kind, {person.pk: fields["data"]})
    deliver.enqueue()
    return message


@transaction.atomic(savepoint=False)
def queue_emails(
    kind: str,
    subjects: Mapping[AbstractBaseUser, list[Any]],
    *,
    data: dict[str, Any] | None = None,
    is_held: bool = False,
) -> None:
    """Queue one email per person about the subjects (keys, or JSON values), or add them to a waiting one.

    With `is_held` it is sent after HELD_FOR_UNDO at the earliest. Raises LookupError for an unknown type.
    """
    must_be_named(kind)
    add_notifications(kind, {person.pk: {**(data or {}), "subjects": rows} for person, rows in subjects.items()})
    people = {person.pk: person for person in subjects}
    leaves_at = timezone.now() + (HELD_FOR_UNDO if is_held else timedelta())
    # Locked in one order; whoever is about to send one waits, and then finds what was added.
    queued = OutgoingEmail.objects.filter(kind=kind, person__in=people, state=DeliveryState.QUEUED, tries=0)
    waiting = list(queued.select_for_update(no_key=True).order_by("pk"))
    for message in waiting:
        if person := people.pop(message.person_id, None):
            message.data["subjects"] += subjects[person]
            message.written_at = timezone.now()  # what was before has nothing to do with what it tells since
            message.next_at = max(message.next_at, leaves_at)
    if waiting:
        OutgoingEmail.objects.bulk_update(waiting, ["data", "written_at", "next_at"])
    new = OutgoingEmail.objects.bulk_create(
        email_to(person, kind, data={**(data or {}), "subjects": subjects[person]}, next_at=leaves_at)
        for person in people.values()
    )
    if new:
        deliver.enqueue()


def email_to(
    person: AbstractBaseUser, kind: str, *, next_at: datetime, key: str = "", data: dict[str, Any] | None = None
) -> OutgoingEmail:
    return OutgoingEmail(
        kind=kind,
        key=key,
        person=person,  # type: ignore[misc]  # which class a person is of, a room above says
        address=getattr(person, "email", "") or "",
        language=getattr(person, "language", ""),
        data=data or {},
        next_at=next_at,
    )


def add_notifications(kind: str, told: Mapping[int, dict[str, Any]]) -> None:
    """Add a notification for each person (key → its data) if the type has notifications."""
    if MESSAGE_KINDS[kind].lines:
        Notification.objects.bulk_create(
            Notification(kind=kind, person_id=person, data=data) for person, data in told.items()
        )


def must_be_named(kind: str) -> None:
    if kind not in MESSAGE_KINDS:
        raise LookupError(f"no room has named the letter {kind}")


def write_once(letters: Collection[OutgoingEmail], *, again: Collection[str] = ()) -> int:
    """Save emails that are due now and have new keys; requeue those skipped for a reason in `again`.

    Returns how many were saved or requeued. Runs 2 or 3 queries.
    """
    of_these = OutgoingEmail.objects.filter(key__in=[letter.key for letter in letters])
    known = set(of_these.values_list("key", flat=True))
    new = [letter for letter in letters if letter.key not in known]
    OutgoingEmail.objects.bulk_create(new, ignore_conflicts=True)  # another one may be writing them at this very moment
    return len(new) + (wait_again(of_these, again) if known and again else 0)


def wait_again(letters, reasons: Collection[str]) -> int:
    """Requeue emails skipped for one of `reasons`, except those included in another email. Returns how many."""
    skipped = letters.filter(state=DeliveryState.SKIPPED, why__in=reasons, combined_into=None)
    return skipped.update(**WAITS_AGAIN, next_at=now())
