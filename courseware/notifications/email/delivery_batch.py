"""Rounds: emails sent together. Questions are asked for all at once; each email is sent and recorded by itself."""

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
    MESSAGE_KINDS,
    Ask,
    EmailCategory,
    Found,
    Wait,
    preconditions_of,
    why_barred,
)
from courseware.notifications.email.sending_limits import assign_sending_days, release_combined, take_in_what_waits
from courseware.notifications.email.smtp_connection import (
    NullMailer,
    PermanentFailure,
    SmtpConnection,
    TemporaryFailure,
)
from courseware.notifications.models import PAUSES, DeliveryState, OutgoingEmail
from courseware.notifications.unsubscribe import STOPPED, opt_outs_among

LONGEST_REASON = 300  # characters
SECONDS = 15.0  # of one round; then immediate emails are looked up again
logger = logging.getLogger(__name__)


class DeliveryBatch:
    """One round of claimed emails, at most one per person. `states`: outcomes so far."""

    def __init__(self, messages: Sequence[OutgoingEmail], door: SmtpConnection, claimed_for: timedelta) -> None:
        self.messages, self.door = messages, door
        self.states: dict[int, str] = {}
        # The rest is released before another worker claims it. Monotonic: the wall clock can be changed.
        self.ends_at = time.monotonic() + claimed_for.total_seconds() / 2

    def go(self) -> Iterable[str]:
        self.skip()
        for sort in EmailCategory:
            self.set_aside([message for message in self.left() if MESSAGE_KINDS[message.kind].sort == sort], sort)
        contexts = self.contexts()
        self.ends_at = min(self.ends_at, time.monotonic() + SECONDS)
        for message in self.left():
            self.states[message.pk] = self.handed_over(message, contexts)
        return self.states.values()

    def contexts(self) -> dict[int, Mapping[str, Any]]:
        found: dict[int, Mapping[str, Any]] = {}
        for kind, messages in self.by_kind():
            found |= self.answers(MESSAGE_KINDS[kind].context, messages)
        return found

    def has_to_stop(self) -> bool:
        return is_stopping() or time.monotonic() > self.ends_at

    def left(self) -> list[OutgoingEmail]:
        return [message for message in self.messages if message.pk not in self.states]

    def by_kind(self) -> list[tuple[str, list[OutgoingEmail]]]:
        by_kind = attrgetter("kind")
        return [(kind, list(found)) for kind, found in groupby(sorted(self.left(), key=by_kind), key=by_kind)]

    def skip(self) -> None:
        for message in self.messages:
            if message.kind not in MESSAGE_KINDS:
                self.end(message, f"no letter of the kind {message.kind} in this version")
            elif not message.address:
                self.end(message, gettext_noop("the person has no address"))
        stopped = opt_outs_among(self.left())
        for name, messages in self.by_kind():
            kind = MESSAGE_KINDS[name]
            unwanted = self.answers(kind.why_unwanted, messages)
            for message in messages:
                if message.pk in self.states:
                    continue
                why_stopped = STOPPED if message.pk in stopped else ""
                if reason := why_stopped or unwanted.get(message.pk) or why_barred(message, kind.sort):
                    self.end(message, reason)

    def end(self, message: OutgoingEmail, why: str) -> None:
        self.states[message.pk] = ended_as(message, DeliveryState.SKIPPED, why)

    def set_aside(self, messages: list[OutgoingEmail], sort: EmailCategory) -> None:
        if not messages:
            return
        away = preconditions_of({message.person_id for message in messages if message.person_id}, sort)
        waits = {message.pk: away[message.person_id] for message in messages if message.person_id in away}
        here = [message for message in messages if message.pk not in waits]
        waits |= assign_sending_days(here, sort)
        if sort != EmailCategory.AT_ONCE:
            take_in_what_waits([message for message in here if message.pk not in waits])
        for message in messages:
            if message.pk in waits:
                self.states[message.pk] = set_aside_now(message, waits[message.pk])

    def answers(self, ask: Ask[Found], messages: Sequence[OutgoingEmail]) -> Mapping[int, Found]:
        """Answers for the emails. If asking fails, ask one by one, so that a mistake costs one email only."""
        try:
            return ask(messages)
        except Exception:  # whose fault it is, is seen when they are asked for one by one
            found: dict[int, Found] = {}
        for message in messages:
            try:
                found |= ask([message])
            except Exception as error:
                self.states[message.pk] = self.failed(message, error)
        return found

    def handed_over(self, message: OutgoingEmail, contexts: Mapping[int, Mapping[str, Any]]) -> str:
        if message.pk not in contexts:
            return ended_as(
                message,
                DeliveryState.SKIPPED,
                gettext_noop("the data behind this email changed while it was being sent"),
            )
        if self.door.is_unreachable or self.has_to_stop():
            return not_tried(message, now(), message.why)
        try:
            self.door.send(message, MESSAGE_KINDS[message.kind], contexts[message.pk])
            return ended_as(message, DeliveryState.SENT)
        except PermanentFailure as error:
            return ended_as(message, DeliveryState.REFUSED, str(error))
        except TemporaryFailure as error:
            return postpone_email(message, str(error))
        except Exception as error:
            return self.failed(message, error)

    def failed(self, message: OutgoingEmail, error: Exception) -> str:
        """Call it while the error is being handled."""
        if isinstance(error, DatabaseError):
            return postpone_email(message, type(error).__name__)
        logger.exception("letter %s, %s could not be written", message.pk, message.kind)
        self.door.close()
        return ended_as(message, DeliveryState.GIVEN_UP, f"{type(error).__name__}: {error}"[:LONGEST_REASON])


class PreviewBatch(DeliveryBatch):
    """A round that sends nothing, for a transaction that is rolled back. Errors of an email type are raised."""

    def __init__(self, messages: Sequence[OutgoingEmail]) -> None:
        super().__init__(messages, NullMailer(), timedelta())

    def contexts(self) -> dict[int, Mapping[str, Any]]:
        return {message.pk: {} for message in self.left()}

    def has_to_stop(self) -> bool:
        return False

    def answers(self, ask: Ask[Found], messages: Sequence[OutgoingEmail]) -> Mapping[int, Found]:
        return ask(messages)


def ended_as(message: OutgoingEmail, state: DeliveryState, why: str = "") -> str:
    if why and not is_preview():
        told = why if state == DeliveryState.SKIPPED else without_wording(why)
        logger.warning("letter %s, %s: %s, %s", message.pk, message.kind, state.value, told)
    mine, end = OutgoingEmail.objects.filter(pk=message.pk), {"state": state, "why": why, "ended_at": now()}
    if state == DeliveryState.SENT:
        mine.update(**end)
        return state.value
    with transaction.atomic():
        # An email that was not sent frees its day, and the enrollments in it count as not told.
        mine.update(**end, limit_category="", sending_day=None)
        release_combined(message)
    return state.value


def set_aside_now(message: OutgoingEmail, wait: Wait) -> str:
    """Defer by a day at most, because the reason may end earlier; in a preview it does not."""
    until = wait.until if is_preview() else min(wait.until, now() + PAUSES[-1])
    return not_tried(message, until, wait.why)


def not_tried(message: OutgoingEmail, next_at: datetime, why: str) -> str:
    """Requeue; the claim does not count as a try."""
    mine = OutgoingEmail.objects.filter(
        pk=message.pk, state=DeliveryState.QUEUED
    )  # another letter may have taken it in
    is_mine = mine.update(next_at=next_at, why=why, tries=F("tries") - 1)
    return (DeliveryState.QUEUED if is_mine else DeliveryState.SKIPPED).value


def postpone_email(message: OutgoingEmail, why: str) -> str:
    if message.tries > len(PAUSES):
        return ended_as(message, DeliveryState.GIVEN_UP, why)
    logger.warning("letter %s, %s: later, %s", message.pk, message.kind, without_wording(why))
    OutgoingEmail.objects.filter(pk=message.pk).update(next_at=now() + PAUSES[message.tries - 1], why=why)
    return DeliveryState.QUEUED.value


def without_wording(why: str) -> str:
    """The reply code or error name. A mail server's words may quote people."""
    return why.partition(" ")[0].rstrip(":")
