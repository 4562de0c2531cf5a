"""How messages leave: some are claimed together, asked whether they are still wanted, tried again with growing pauses.

No transaction is open while a server is talked to. Whoever dies in between leaves what was claimed queued, to be tried
again after `CLAIMED_FOR`.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Subquery
from django.utils import timezone

from courseware.face.faces import newest_key
from courseware.jobs.tasks import task
from courseware.outbox.kinds import LetterSort, kinds_of_sort
from courseware.outbox.letter_words import newest_words_key
from courseware.outbox.mailing import MailDoor
from courseware.outbox.models import Message
from courseware.outbox.rounds import Round

CLAIMED_FOR = timedelta(minutes=5)  # longer than any server is waited for
IN_A_ROUND = 50
LOOKED_UP = 200  # of the messages that are due
AT_MOST = 45.0  # seconds by one run of the job, which comes each minute: other work has its turn in between


@task
def deliver(ids: list[int]) -> None:
    """The messages of these primary keys, as far as they are due."""
    send_all(ids)


def deliver_due() -> str:
    """What waited for another try, and what nobody was told to send. Returns what became of it, in words.

    It is looked up again and again: who asks to come in does not wait until a whole firm has been reminded.
    """
    states: Counter[str] = Counter()
    before, until = list[int](), time.monotonic() + AT_MOST
    with closing(MailDoor()) as door:
        while time.monotonic() < until and (keys := next_due()) != before:
            states.update(sent(keys, door))
            before = keys
    return ", ".join(f"{state} {count}" for state, count in sorted(states.items()))


def is_any_due() -> bool:
    return Message.objects.due(timezone.now()).exists()


def next_due() -> list[int]:
    due = Message.objects.due(timezone.now()).values_list("pk", flat=True)
    return list(due.filter(kind__in=kinds_of_sort(LetterSort.AT_ONCE))[:LOOKED_UP]) or list(due[:LOOKED_UP])


def send_all(ids: Iterable[int]) -> dict[str, int]:
    """State → how many of them have come to it. One connection to the mail server for all."""
    with closing(MailDoor()) as door:
        return dict(Counter(sent(ids, door)))


def sent(ids: Iterable[int], door: MailDoor) -> Iterator[str]:
    """The state that each has come to which was claimed."""
    keys = list(ids)
    while keys:
        messages, later = claimed(keys[:IN_A_ROUND])
        keys[:IN_A_ROUND] = later
        yield from Round(messages, door, CLAIMED_FOR).go()


def claimed(keys: Sequence[int]) -> tuple[list[Message], list[int]]:
    """(of these messages those that are due and that nobody else sends, in their order; keys of those left for another
    round). What is claimed counts as tried from here on.

    Of one person a round has one letter, and one of all that are to nobody who is known: whether there is a turn for
    the next depends on what becomes of the first.
    With `face_key`, by which the door knows whose sender and signature each bears, and `words_key`, by which it knows
    the firm's own words.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Message.objects.due(now).filter(pk__in=keys).select_for_update(no_key=True).order_by("pk")
        readers = dict(rows.values_list("pk", "person"))
        mine = firsts_of(readers, keys)
        Message.objects.filter(pk__in=mine).update(next_at=now + CLAIMED_FOR, tries=F("tries") + 1)
    messages = Message.objects.select_related("person")
    keys_of_house = {"face_key": Subquery(newest_key()), "words_key": Subquery(newest_words_key())}
    found = messages.annotate(**keys_of_house).in_bulk(list(mine))
    return [found[key] for key in keys if key in mine], [key for key in keys if key in readers and key not in mine]


def firsts_of(readers: Mapping[int, int | None], keys: Sequence[int]) -> set[int]:
    """Of the letters to each reader, and of those to nobody who is known, the one that comes first in `keys`."""
    return set({readers[key]: key for key in reversed(keys) if key in readers}.values())
