"""Unsubscribe from email types, in the settings or by a signed link in the email (RFC 8058)."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_noop

from courseware.audit_log.record import record
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory, email_types_of
from courseware.notifications.models import EmailOptOut, OutgoingEmail

SIGNER = Signer(salt="notifications.stopping")
STOPPED = gettext_noop("the recipient has unsubscribed from this type of email")


def may_be_unsubscribed(kind: str) -> bool:
    return kind in EMAIL_TYPES and EMAIL_TYPES[kind].sort == EmailCategory.SUBSCRIBED


def unsubscribe_url(email: OutgoingEmail) -> str:
    """Return the absolute URL that unsubscribes the recipient; "" if the type cannot be unsubscribed."""
    if email.person_id is None or not may_be_unsubscribed(email.kind):
        return ""
    token = SIGNER.sign_object([email.person_id, email.kind])
    return settings.SITE_URL.rstrip("/") + reverse("notifications:unsubscribe", args=[token])


def read_token(token: str) -> tuple[AbstractBaseUser, str] | None:
    """Return (person, email type); None for an invalid token, a deleted person or a type without unsubscribing."""
    try:
        person_id, kind = SIGNER.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return None
    person = get_user_model()._default_manager.filter(pk=person_id).first()
    return (person, kind) if person and may_be_unsubscribed(kind) else None


@transaction.atomic
def unsubscribe_from(person: AbstractBaseUser, kind: str) -> bool:
    """Unsubscribe a person. `kind`: email type, not checked. Return False if nothing changes. Writes an event."""
    _row, is_new = EmailOptOut.objects.get_or_create(person_id=person.pk, kind=kind)
    if is_new:
        record("unsubscribed", actor=person, subject=person, data={"kind": kind})
    return is_new


@transaction.atomic
def resubscribe(person: AbstractBaseUser, kind: str) -> bool:
    """Undo `unsubscribe_from`; return False if nothing changes. Writes an event."""
    gone, _rows = EmailOptOut.objects.filter(person=person.pk, kind=kind).delete()
    if gone:
        record("resubscribed", actor=person, subject=person, data={"kind": kind})
    return bool(gone)


def opt_outs_of(person: AbstractBaseUser) -> set[str]:
    return set(EmailOptOut.objects.filter(person=person.pk).values_list("kind", flat=True))


def opt_outs_among(emails: Sequence[OutgoingEmail]) -> set[int]:
    """Return the ids of the emails whose recipient has unsubscribed from their type. Runs at most 1 query."""
    optional = [email for email in emails if may_be_unsubscribed(email.kind)]
    if not optional:
        return set()
    rows = EmailOptOut.objects.filter(person__in=[email.person_id for email in optional])
    opt_outs = set(rows.values_list("person", "kind"))
    return {email.pk for email in optional if (email.person_id, email.kind) in opt_outs}


def types_to_unsubscribe(person: AbstractBaseUser) -> list[str]:
    """Return the email types that the person can get and unsubscribe from."""
    return [name for name in email_types_of(EmailCategory.SUBSCRIBED) if EMAIL_TYPES[name].is_for(person)]
