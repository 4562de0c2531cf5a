"""Outcomes of a claimed email."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import F

from courseware.lib.clock import is_preview, now
from courseware.outbox.kinds import Wait
from courseware.outbox.letter_days import put_back_told
from courseware.outbox.models import PAUSES, Message, MessageState

logger = logging.getLogger(__name__)


def ended_as(message: Message, state: MessageState, why: str = "") -> str:
    if why and not is_preview():
        told = why if state == MessageState.SKIPPED else without_words(why)
        logger.warning("letter %s, %s: %s, %s", message.pk, message.kind, state.value, told)
    mine, end = Message.objects.filter(pk=message.pk), {"state": state, "why": why, "ended_at": now()}
    if state == MessageState.SENT:
        mine.update(**end)
        return state.value
    with transaction.atomic():
        # What reaches nobody has not had its turn, and has told of nothing.
        mine.update(**end, turn_sort="", turn_on=None)
        put_back_told(message)
    return state.value


def laid_by(message: Message, wait: Wait) -> str:
    """Defer by a day at most, because the reason may end earlier; in a preview it does not."""
    until = wait.until if is_preview() else min(wait.until, now() + PAUSES[-1])
    return not_tried(message, until, wait.why)


def not_tried(message: Message, next_at: datetime, why: str) -> str:
    """Requeue; the claim does not count as a try."""
    mine = Message.objects.filter(pk=message.pk, state=MessageState.QUEUED)  # another letter may have taken it in
    is_mine = mine.update(next_at=next_at, why=why, tries=F("tries") - 1)
    return (MessageState.QUEUED if is_mine else MessageState.SKIPPED).value


def put_off(message: Message, why: str) -> str:
    if message.tries > len(PAUSES):
        return ended_as(message, MessageState.GIVEN_UP, why)
    logger.warning("letter %s, %s: later, %s", message.pk, message.kind, without_words(why))
    Message.objects.filter(pk=message.pk).update(next_at=now() + PAUSES[message.tries - 1], why=why)
    return MessageState.QUEUED.value


def without_words(why: str) -> str:
    """The reply code or error name. A mail server's words may quote people."""
    return why.partition(" ")[0].rstrip(":")
