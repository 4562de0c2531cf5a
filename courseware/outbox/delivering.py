"""How messages leave: claimed one by one, asked whether they are still wanted, tried again with growing pauses.

No transaction is open while a server is talked to. Whoever dies in between leaves the message queued, to be tried
again after `CLAIMED_FOR`.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import timedelta

from django.db import DatabaseError, transaction
from django.db.models import F, Subquery
from django.utils import timezone

from courseware.face.faces import newest_key
from courseware.jobs.tasks import task
from courseware.outbox.kinds import MESSAGE_KINDS, Wait, wait_of, why_skipped
from courseware.outbox.letter_days import let_go, take_in, take_turn
from courseware.outbox.mailing import MailDoor, NotNow, Refused
from courseware.outbox.models import PAUSES, Message, MessageState

CLAIMED_FOR = timedelta(minutes=5)  # longer than any server is waited for
AT_ONCE = 200  # of the messages that are due, by one run of the job
LONGEST_REASON = 300  # characters
logger = logging.getLogger(__name__)


@task
def deliver(ids: list[int]) -> None:
    """The messages of these primary keys, as far as they are due."""
    send_all(ids)


def deliver_due() -> str:
    """What waited for another try, and what nobody was told to send. Returns what became of it, in words."""
    sent = send_all(iter_due())
    return ", ".join(f"{state} {count}" for state, count in sorted(sent.items()))


def is_any_due() -> bool:
    return Message.objects.due(timezone.now()).exists()


def iter_due() -> Iterator[int]:
    yield from list(Message.objects.due(timezone.now()).values_list("pk", flat=True)[:AT_ONCE])


def send_all(ids: Iterable[int]) -> dict[str, int]:
    """State → how many of them have come to it. One connection to the mail server for all."""
    states: dict[str, int] = {}
    with closing(MailDoor()) as door:
        for pk in ids:
            if (message := claimed(pk)) is not None:
                state = send(message, door)
                states[state] = states.get(state, 0) + 1
    return states


def claimed(pk: int) -> Message | None:
    """The message, if it is due and nobody else sends it. It counts as tried from here on.

    With `face_key`, by which the door knows whose sender and signature it bears.
    """
    now = timezone.now()
    mine = Message.objects.due(now).filter(pk=pk).order_by()
    if not mine.update(next_at=now + CLAIMED_FOR, tries=F("tries") + 1):
        return None
    return Message.objects.select_related("person").annotate(face_key=Subquery(newest_key())).get(pk=pk)


def send(message: Message, door: MailDoor) -> str:
    """Returns the state that the message is in afterwards.

    What goes into a letter is asked of the rooms above: a mistake there is one letter less, and not all of them.
    """
    try:
        return sent_or_not(message, door)
    except DatabaseError as error:
        return put_off(message, type(error).__name__)
    except Exception as error:
        logger.exception("letter %s, %s could not be written", message.pk, message.kind)
        door.close()
        return ended(message, MessageState.GIVEN_UP, f"{type(error).__name__}: {error}"[:LONGEST_REASON])


def sent_or_not(message: Message, door: MailDoor) -> str:
    kind = MESSAGE_KINDS.get(message.kind)
    if kind is None:
        return ended(message, MessageState.SKIPPED, f"no letter of the kind {message.kind} in this version")
    if not message.address:
        return ended(message, MessageState.SKIPPED, "the person has no address")
    if reason := why_skipped(message, kind):
        return ended(message, MessageState.SKIPPED, reason)
    if wait := wait_of(message, kind) or take_turn(message, kind.sort):
        return laid_by(message, wait)
    take_in(message, kind.sort)
    try:
        door.send(message, kind.template, kind.context(message))
    except Refused as error:
        return ended(message, MessageState.REFUSED, str(error))
    except NotNow as error:
        return put_off(message, str(error))
    return ended(message, MessageState.SENT)


def ended(message: Message, state: MessageState, why: str = "") -> str:
    if why:
        told = why if state == MessageState.SKIPPED else without_words(why)
        logger.warning("letter %s, %s: %s, %s", message.pk, message.kind, state.value, told)
    mine, end = Message.objects.filter(pk=message.pk), {"state": state, "why": why, "ended_at": timezone.now()}
    if state == MessageState.SENT:
        mine.update(**end)
        return state.value
    with transaction.atomic():
        # What reaches nobody has not had its turn, and has told of nothing.
        mine.update(**end, turn_sort="", turn_on=None)
        let_go(message)
    return state.value


def laid_by(message: Message, wait: Wait) -> str:
    """Not tried, and so this was no try. Asked again after a day at the latest, for the reason may end earlier."""
    until = min(wait.until, timezone.now() + PAUSES[-1])
    mine = Message.objects.filter(pk=message.pk, state=MessageState.QUEUED)  # another letter may have taken it in
    mine.update(next_at=until, why=wait.why, tries=F("tries") - 1)
    return MessageState.QUEUED.value


def put_off(message: Message, why: str) -> str:
    if message.tries > len(PAUSES):
        return ended(message, MessageState.GIVEN_UP, why)
    logger.warning("letter %s, %s: later, %s", message.pk, message.kind, without_words(why))
    Message.objects.filter(pk=message.pk).update(next_at=timezone.now() + PAUSES[message.tries - 1], why=why)
    return MessageState.QUEUED.value


def without_words(why: str) -> str:
    """The code of a reply or the name of an error. A mail server's words may quote whom it does not know."""
    return why.partition(" ")[0].rstrip(":")
