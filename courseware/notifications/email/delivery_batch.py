"""Delivery batch of emails: queries run once for all; each email is sent and its result stored separately."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from courseware.jobs.tasks import is_stopping
from courseware.lib.dates import is_preview, now
from courseware.notifications.email.email_types import (
    EMAIL_TYPES,
    Ask,
    EmailCategory,
    Found,
    Wait,
    preconditions_of,
    why_barred,
)
from courseware.notifications.email.sending_limits import assign_sending_days, combine_waiting_emails, release_combined
from courseware.notifications.email.smtp_connection import (
    NullMailer,
    PermanentFailure,
    SmtpConnection,
    TemporaryFailure,
)
from courseware.notifications.models import PAUSES, DeliveryState, OutgoingEmail
from courseware.notifications.unsubscribe import STOPPED, opt_outs_among

LONGEST_REASON = 300  # characters
SECONDS = 15.0  # per batch, so that new immediate emails need not wait
logger = logging.getLogger(__name__)


class DeliveryBatch:
    """A batch of claimed emails, at most one per person. `claimed_for`: time until other workers may claim them."""

    def __init__(self, emails: Sequence[OutgoingEmail], smtp: SmtpConnection, claimed_for: timedelta) -> None:
        self.messages, self.smtp = emails, smtp
        self.states: dict[int, str] = {}  # email id → resulting state
        # Emails left over are released before another worker can claim them. Monotonic, because clocks can be changed.
        self.ends_at = time.monotonic() + claimed_for.total_seconds() / 2

    def go(self) -> Iterable[str]:
        """Skip unwanted emails, defer those that must wait, send the others within SECONDS; return all states."""
        self.skip()
        for category in EmailCategory:
            self.set_aside([email for email in self.left() if EMAIL_TYPES[email.kind].sort == category], category)
        contexts = self.contexts()
        self.ends_at = min(self.ends_at, time.monotonic() + SECONDS)
        for email in self.left():
            self.states[email.pk] = self.handed_over(email, contexts)
        return self.states.values()

    def contexts(self) -> dict[int, Mapping[str, Any]]:
        """Return email id → template context, without emails whose data has been deleted."""
        found: dict[int, Mapping[str, Any]] = {}
        for kind, emails in self.by_kind():
            found |= self.answers(EMAIL_TYPES[kind].context, emails)
        return found

    def has_to_stop(self) -> bool:
        return is_stopping() or time.monotonic() > self.ends_at

    def left(self) -> list[OutgoingEmail]:
        return [email for email in self.messages if email.pk not in self.states]

    def by_kind(self) -> list[tuple[str, list[OutgoingEmail]]]:
        by_kind = attrgetter("kind")
        return [(kind, list(found)) for kind, found in groupby(sorted(self.left(), key=by_kind), key=by_kind)]

    def skip(self) -> None:
        for email in self.messages:
            if email.kind not in EMAIL_TYPES:
                self.end(email, f"this version has no email type {email.kind}")
            elif not email.address:
                self.end(email, gettext_noop("the person has no email address"))
        opt_outs = opt_outs_among(self.left())
        for name, emails in self.by_kind():
            email_type = EMAIL_TYPES[name]
            unwanted = self.answers(email_type.why_unwanted, emails)
            for email in emails:
                if email.pk in self.states:
                    continue
                opt_out_reason = STOPPED if email.pk in opt_outs else ""
                if reason := opt_out_reason or unwanted.get(email.pk) or why_barred(email, email_type.sort):
                    self.end(email, reason)

    def end(self, email: OutgoingEmail, why: str) -> None:
        self.states[email.pk] = ended_as(email, DeliveryState.SKIPPED, why)

    def set_aside(self, emails: list[OutgoingEmail], category: EmailCategory) -> None:
        """Defer emails (all of `category`) that must wait or exceed a limit; combine queued emails into the others."""
        if not emails:
            return
        recipient_waits = preconditions_of({email.person_id for email in emails if email.person_id}, category)
        waits = {email.pk: recipient_waits[email.person_id] for email in emails if email.person_id in recipient_waits}
        sendable = [email for email in emails if email.pk not in waits]
        waits |= assign_sending_days(sendable, category)
        if category != EmailCategory.IMMEDIATE:
            combine_waiting_emails([email for email in sendable if email.pk not in waits])
        for email in emails:
            if email.pk in waits:
                self.states[email.pk] = set_aside_now(email, waits[email.pk])

    def answers(self, ask: Ask[Found], emails: Sequence[OutgoingEmail]) -> Mapping[int, Found]:
        """Return email id → answer of `ask`. If it fails, ask for each email; emails that fail again get `failed`."""
        try:
            return ask(emails)
        except Exception:  # the loop finds the email that causes it
            found: dict[int, Found] = {}
        for email in emails:
            try:
                found |= ask([email])
            except Exception as error:
                self.states[email.pk] = self.failed(email, error)
        return found

    def handed_over(self, email: OutgoingEmail, contexts: Mapping[int, Mapping[str, Any]]) -> str:
        """Send an email, skip it if `contexts` (by email id) lacks it, or requeue it if the batch must stop or the
        server is unreachable. Store and return the state.
        """
        if email.pk not in contexts:
            return ended_as(
                email,
                DeliveryState.SKIPPED,
                gettext_noop("the data for this email changed while it was being sent"),
            )
        if self.smtp.is_unreachable or self.has_to_stop():
            return not_tried(email, now(), email.why)
        try:
            self.smtp.send(email, EMAIL_TYPES[email.kind], contexts[email.pk])
            return ended_as(email, DeliveryState.SENT)
        except PermanentFailure as error:
            return ended_as(email, DeliveryState.REFUSED, str(error))
        except TemporaryFailure as error:
            return postpone_email(email, str(error))
        except Exception as error:
            return self.failed(email, error)

    def failed(self, email: OutgoingEmail, error: Exception) -> str:
        """Give an email up, or postpone it after a DatabaseError; return the state. Call it in the error handler."""
        if isinstance(error, DatabaseError):
            return postpone_email(email, type(error).__name__)
        logger.exception("email %s, %s could not be written", email.pk, email.kind)
        self.smtp.close()
        return ended_as(email, DeliveryState.GIVEN_UP, f"{type(error).__name__}: {error}"[:LONGEST_REASON])


class PreviewBatch(DeliveryBatch):
    """A batch that sends nothing, for a transaction that is rolled back. Errors of an email type are raised."""

    def __init__(self, emails: Sequence[OutgoingEmail]) -> None:
        super().__init__(emails, NullMailer(), timedelta())

    def contexts(self) -> dict[int, Mapping[str, Any]]:
        return {email.pk: {} for email in self.left()}

    def has_to_stop(self) -> bool:
        return False

    def answers(self, ask: Ask[Found], emails: Sequence[OutgoingEmail]) -> Mapping[int, Found]:
        return ask(emails)


def ended_as(email: OutgoingEmail, state: DeliveryState, why: str = "") -> str:
    """Store a final state and return it. Unless sent, the email's day becomes free and combined emails are requeued."""
    if why and not is_preview():
        logged = why if state == DeliveryState.SKIPPED else without_wording(why)
        logger.warning("email %s, %s: %s, %s", email.pk, email.kind, state.value, logged)
    row, columns = OutgoingEmail.objects.filter(pk=email.pk), {"state": state, "why": why, "ended_at": now()}
    if state == DeliveryState.SENT:
        row.update(**columns)
        return state.value
    with transaction.atomic():
        row.update(**columns, limit_category="", sending_day=None)
        release_combined(email)
    return state.value


def set_aside_now(email: OutgoingEmail, wait: Wait) -> str:
    """Defer an email until the wait ends (at most 1 day, except in a preview) and return the state."""
    until = wait.until if is_preview() else min(wait.until, now() + PAUSES[-1])
    return not_tried(email, until, wait.why)


def not_tried(email: OutgoingEmail, next_at: datetime, why: str) -> str:
    """Requeue an email until `next_at` without counting the claim as an attempt; SKIPPED if combined meanwhile."""
    # Queued only, because it may have been combined into another email.
    row = OutgoingEmail.objects.filter(pk=email.pk, state=DeliveryState.QUEUED)
    is_queued = row.update(next_at=next_at, why=why, tries=F("tries") - 1)
    return (DeliveryState.QUEUED if is_queued else DeliveryState.SKIPPED).value


def postpone_email(email: OutgoingEmail, why: str) -> str:
    """Retry an email after the next of PAUSES, or give it up after the last one; return the state."""
    if email.tries > len(PAUSES):
        return ended_as(email, DeliveryState.GIVEN_UP, why)
    logger.warning("email %s, %s: later, %s", email.pk, email.kind, without_wording(why))
    OutgoingEmail.objects.filter(pk=email.pk).update(next_at=now() + PAUSES[email.tries - 1], why=why)
    return DeliveryState.QUEUED.value


def without_wording(why: str) -> str:
    """Return the first word of `why`, a reply code or error name: a mail server's text may quote people."""
    return why.partition(" ")[0].rstrip(":")
