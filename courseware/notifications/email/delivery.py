"""Delivery: emails are claimed in rounds and retried. No transaction is open during a conversation with a server."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Subquery
from django.utils import timezone

from courseware.branding.branding import newest_key
from courseware.jobs.tasks import DELIVERY, drop_waiting, is_stopping, task
from courseware.lib.dates import now
from courseware.notifications.email.delivery_batch import DeliveryBatch, PreviewBatch
from courseware.notifications.email.email_types import EmailCategory, kinds_of_sort
from courseware.notifications.email.smtp_connection import SmtpConnection
from courseware.notifications.models import DeliveryState, OutgoingEmail
from courseware.notifications.wording.email_wording import newest_wording_key

CLAIMED_FOR = timedelta(
    minutes=5
)  # half of it for a round (`DeliveryBatch.ends_at`), and more than SMTP_SECONDS after it
IN_A_ROUND = 50
AT_MOST = 45.0  # seconds of one run without its last round; then chat messages are sent
STRANGERS_KEPT = timedelta(days=14)
PRIORITY = 10  # delivered before chat messages


@task(queue_name=DELIVERY, priority=PRIORITY)
def deliver() -> None:
    """Send the due emails and drop other waiting tasks of this kind: one run sends all."""
    drop_waiting(deliver)
    deliver_due()


def deliver_due() -> str:
    """Send the due emails, immediate ones first; look again after each round. Returns a summary in words."""
    states: Counter[str] = Counter()
    before, until = list[int](), time.monotonic() + AT_MOST
    with closing(SmtpConnection()) as door:
        while not is_stopping() and time.monotonic() < until and (keys := next_due()) != before:
            if not door.breaker.allows():
                break
            states.update(sent(keys, door))
            before = keys
    return ", ".join(f"{state} {count}" for state, count in sorted(states.items()))


def is_any_due() -> bool:
    return OutgoingEmail.objects.due(timezone.now()).exists()


def next_due() -> list[int]:
    due = OutgoingEmail.objects.due(timezone.now()).values_list("pk", flat=True)
    return list(due.filter(kind__in=kinds_of_sort(EmailCategory.AT_ONCE))[:IN_A_ROUND]) or list(due[:IN_A_ROUND])


def sent(keys: Sequence[int], door: SmtpConnection) -> Iterable[str]:
    return DeliveryBatch(claimed(keys), door, CLAIMED_FOR).go()


def preview_round(keys: Sequence[int]) -> set[int]:
    """Run one round without sending; returns the claimed keys. Roll it back, within `lib.dates.at_time`."""
    messages = claimed(keys)
    PreviewBatch(messages).go()
    return {message.pk for message in messages}


def claimed(keys: Sequence[int]) -> list[OutgoingEmail]:
    """Claim those of these emails that are due and unclaimed, at most one per person. A claim counts as a try.

    All emails without a person share one place in a round. Emails claimed by a worker that dies are retried after
    CLAIMED_FOR.
    """
    at = now()
    with transaction.atomic():
        rows = OutgoingEmail.objects.due(at).filter(pk__in=keys).select_for_update(no_key=True).order_by("pk")
        readers = dict(rows.values_list("pk", "person"))
        first_of_reader = {readers[key]: key for key in reversed(keys) if key in readers}
        mine = set(first_of_reader.values())
        OutgoingEmail.objects.filter(pk__in=mine).update(next_at=at + CLAIMED_FOR, tries=F("tries") + 1)
    messages = OutgoingEmail.objects.select_related("person")
    keys_of_house = {"face_key": Subquery(newest_key()), "words_key": Subquery(newest_wording_key())}
    found = messages.annotate(**keys_of_house).in_bulk(list(mine))
    return [found[key] for key in keys if key in mine]


def forget_strangers() -> str:
    old = OutgoingEmail.objects.filter(person=None, written_at__lt=timezone.now() - STRANGERS_KEPT)
    return str(old.exclude(state=DeliveryState.QUEUED).delete()[0])
