"""Unsubscribe from types of email by a signed link (RFC 8058), which does nothing else."""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_noop

from courseware.audit_log.record import record
from courseware.notifications.email.email_types import MESSAGE_KINDS, EmailCategory, kinds_of_sort
from courseware.notifications.models import EmailOptOut, OutgoingEmail

SIGNER = Signer(salt="notifications.stopping")
STOPPED = gettext_noop("the person has unsubscribed from this type of email")


def may_be_unsubscribed(kind: str) -> bool:
    return kind in MESSAGE_KINDS and MESSAGE_KINDS[kind].sort == EmailCategory.SUBSCRIBED


def unsubscribe_url(message: OutgoingEmail) -> str:
    """The unsubscribe URL; "" if the type cannot be unsubscribed."""
    if message.person_id is None or not may_be_unsubscribed(message.kind):
        return ""
    token = SIGNER.sign_object([message.person_id, message.kind])
    return settings.SITE_URL.rstrip("/") + reverse("notifications:unsubscribe", args=[token])


def read_token(token: str) -> tuple[AbstractBaseUser, str] | None:
    """None for an unsigned token or a type that cannot be unsubscribed."""
    try:
        key, kind = SIGNER.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return None
    person = get_user_model()._default_manager.filter(pk=key).first()
    return (person, kind) if person and may_be_unsubscribed(kind) else None


@transaction.atomic
def unsubscribe_from(person: AbstractBaseUser, kind: str) -> bool:
    _row, is_new = EmailOptOut.objects.get_or_create(person_id=person.pk, kind=kind)
    if is_new:
        record("unsubscribed", actor=person, subject=person, data={"kind": kind})
    return is_new


@transaction.atomic
def resubscribe(person: AbstractBaseUser, kind: str) -> bool:
    gone, _rows = EmailOptOut.objects.filter(person=person.pk, kind=kind).delete()
    if gone:
        record("resubscribed", actor=person, subject=person, data={"kind": kind})
    return bool(gone)


def opt_outs_of(person: AbstractBaseUser) -> set[str]:
    return set(EmailOptOut.objects.filter(person=person.pk).values_list("kind", flat=True))


def opt_outs_among(messages: Sequence[OutgoingEmail]) -> set[int]:
    """Keys of emails whose reader has unsubscribed. Runs at most one query."""
    asked = [message for message in messages if may_be_unsubscribed(message.kind)]
    if not asked:
        return set()
    rows = EmailOptOut.objects.filter(person__in=[message.person_id for message in asked])
    stopped = set(rows.values_list("person", "kind"))
    return {message.pk for message in asked if (message.person_id, message.kind) in stopped}


def types_to_unsubscribe(person: AbstractBaseUser) -> list[str]:
    return [name for name in kinds_of_sort(EmailCategory.SUBSCRIBED) if MESSAGE_KINDS[name].is_for(person)]
