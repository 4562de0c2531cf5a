"""A person's data, such as name and address. The log holds the changed fields, never their values."""

from django.db import transaction

from courseware.accounts.models import User
from courseware.accounts.moving import lock_person
from courseware.accounts.notices import notify
from courseware.evidence.recording import NewEvent, record_many
from courseware.outbox.models import Message, MessageState


@transaction.atomic
def change_particulars(person: User, values: dict, *, by: User) -> list[str]:
    """Set `values` by field. Returns the names of the changed fields. Raises ValidationError."""
    row = lock_person(person)
    changed = sorted(field for field, value in values.items() if getattr(row, field) != value)
    if not changed:
        return []
    address = row.email
    for field in changed:
        setattr(row, field, values[field])
    row.full_clean(exclude=["password"])
    row.save(update_fields=changed)
    events = [NewEvent("person-changed", row, by, {"fields": changed})]
    if "email" in changed:
        events.append(NewEvent("address-changed", row, by))
        tell_old_address(row, address)
    record_many(events)
    return changed


def tell_old_address(person: User, address: str | None) -> None:
    """Report a new address to the old one. Waiting emails follow, except such reports: an email may contain a link."""
    if address:
        waiting = Message.objects.filter(person=person, address=address, state=MessageState.QUEUED)
        waiting.exclude(kind="account-notice").update(address=person.email or "")
        notify(person, "address-changed", address=address)
