"""Queue emails in the transaction of their cause, without contacting a mail server."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from courseware.lib.dates import now
from courseware.notifications.email.delivery import deliver
from courseware.notifications.email.email_types import EMAIL_TYPES
from courseware.notifications.models import DeliveryState, Notification, OutgoingEmail

# Emails about an action with *Undo* wait this long: screen-reader users need time to reach the button.
HELD_FOR_UNDO = timedelta(minutes=2)
WAITS_AGAIN = {"state": DeliveryState.QUEUED, "why": "", "tries": 0, "ended_at": None}


@transaction.atomic(savepoint=False)
def queue_email(
    kind: str,
    person: AbstractBaseUser | None,
    *,
    address: str = "",
    language: str = "",
    key: str = "",
    data: dict[str, Any] | None = None,
) -> OutgoingEmail:
    """Queue and return an email to `address`, by default that of `person`, who also gets a notification: see
    `add_notifications`. If an email with this `key` exists, only return it. `language`: default is the person's.
    `data`: ids, codes and typed texts, never a token. Raise LookupError for an unregistered `kind`.
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
        email, is_new = OutgoingEmail.objects.get_or_create(key=key, defaults=fields)
        if not is_new:
            return email
    else:
        email = OutgoingEmail.objects.create(**fields)
    if person:
        add_notifications(kind, {person.pk: fields["data"]})
    deliver.enqueue()
    return email


@transaction.atomic(savepoint=False)
def queue_emails(
    kind: str,
    subjects: Mapping[AbstractBaseUser, list[Any]],
    *,
    data: dict[str, Any] | None = None,
    is_held: bool = False,
) -> None:
    """Queue one email per person about the subjects, or add them to a waiting one; add notifications.
    `subjects`: person → list of ids or other JSON values. `data`: other data of new emails, not added to a waiting
    one. `is_held`: send after HELD_FOR_UNDO. Raise LookupError for an unregistered `kind`.
    """
    must_be_named(kind)
    add_notifications(kind, {person.pk: {**(data or {}), "subjects": rows} for person, rows in subjects.items()})
    people = {person.pk: person for person in subjects}
    send_at = timezone.now() + (HELD_FOR_UNDO if is_held else timedelta())
    # Locked in the order of ids, so that a worker that is about to send one waits and then sends the additions, too.
    queued = OutgoingEmail.objects.filter(kind=kind, person__in=people, state=DeliveryState.QUEUED, tries=0)
    waiting = list(queued.select_for_update(no_key=True).order_by("pk"))
    for email in waiting:
        if person := people.pop(email.person_id, None):
            email.data["subjects"] += subjects[person]
            email.written_at = timezone.now()  # as if all subjects had been queued now
            email.next_at = max(email.next_at, send_at)
    if waiting:
        OutgoingEmail.objects.bulk_update(waiting, ["data", "written_at", "next_at"])
    new = OutgoingEmail.objects.bulk_create(
        email_to(person, kind, data={**(data or {}), "subjects": subjects[person]}, next_at=send_at)
        for person in people.values()
    )
    if new:
        deliver.enqueue()


def email_to(
    person: AbstractBaseUser, kind: str, *, next_at: datetime, key: str = "", data: dict[str, Any] | None = None
) -> OutgoingEmail:
    """Return an unsaved email in the language of `person`. `kind`: not checked. `next_at`: when it is due."""
    return OutgoingEmail(
        kind=kind,
        key=key,
        person=person,  # type: ignore[misc]  # the user model is defined in a higher package
        address=getattr(person, "email", "") or "",
        language=getattr(person, "language", ""),
        data=data or {},
        next_at=next_at,
    )


def add_notifications(kind: str, data_by_person: Mapping[int, dict[str, Any]]) -> None:
    """Add a notification for each person (id → data) if the email type `kind` has `lines`. KeyError if unregistered."""
    if EMAIL_TYPES[kind].lines:
        Notification.objects.bulk_create(
            Notification(kind=kind, person_id=person_id, data=data) for person_id, data in data_by_person.items()
        )


def must_be_named(kind: str) -> None:
    """Raise LookupError unless an app has registered the email type `kind`."""
    if kind not in EMAIL_TYPES:
        raise LookupError(f"no app has registered the email type {kind}")


def queue_once(emails: Collection[OutgoingEmail], *, again: Collection[str] = ()) -> int:
    """Save those of the unsaved emails whose `key` (required) is new; requeue existing emails with one of these keys:
    see `wait_again` (`again`: reasons). Return how many. Adds no notifications and does not enqueue `deliver`.
    """
    existing = OutgoingEmail.objects.filter(key__in=[email.key for email in emails])
    known = set(existing.values_list("key", flat=True))
    new = [email for email in emails if email.key not in known]
    OutgoingEmail.objects.bulk_create(new, ignore_conflicts=True)  # another process may be writing them
    return len(new) + (wait_again(existing, again) if known and again else 0)


def wait_again(emails, reasons: Collection[str]) -> int:
    """Requeue, due now, skipped emails of a queryset with `why` in `reasons`, not combined ones. Return how many."""
    skipped = emails.filter(state=DeliveryState.SKIPPED, why__in=reasons, combined_into=None)
    return skipped.update(**WAITS_AGAIN, next_at=now())
