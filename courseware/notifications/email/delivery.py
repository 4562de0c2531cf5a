"""Delivery: claim due emails in batches and send them. No transaction is open while a server is contacted."""

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
from courseware.notifications.email.email_types import EmailCategory, email_types_of
from courseware.notifications.email.smtp_connection import SmtpConnection
from courseware.notifications.models import DeliveryState, OutgoingEmail
from courseware.notifications.wording.email_wording import newest_wording_key

# Half of it is for a batch (`DeliveryBatch.ends_at`); the rest must exceed SMTP_SECONDS.
CLAIMED_FOR = timedelta(minutes=5)
IN_A_ROUND = 50
AT_MOST = 45.0  # seconds of one run, without its last batch; then chat messages are sent
STRANGERS_KEPT = timedelta(days=14)
PRIORITY = 10  # delivered before chat messages


@task(queue_name=DELIVERY, priority=PRIORITY)
def deliver() -> None:
    """Send the due emails and drop other waiting tasks of this kind, because one run sends all."""
    drop_waiting(deliver)
    deliver_due()


def deliver_due() -> str:
    """Send due emails for about AT_MOST seconds, immediate ones first, if the breaker allows. Return counts as text."""
    states: Counter[str] = Counter()
    previous_ids, until = list[int](), time.monotonic() + AT_MOST
    with closing(SmtpConnection()) as smtp:
        while not is_stopping() and time.monotonic() < until and (email_ids := next_due()) != previous_ids:
            if not smtp.breaker.allows():
                break
            states.update(sent(email_ids, smtp))
            previous_ids = email_ids
    return ", ".join(f"{state} {count}" for state, count in sorted(states.items()))


def is_any_due() -> bool:
    return OutgoingEmail.objects.due(timezone.now()).exists()


def next_due() -> list[int]:
    """Return the ids of the next batch: at most IN_A_ROUND due emails, immediate ones only if there are any."""
    due = OutgoingEmail.objects.due(timezone.now()).values_list("pk", flat=True)
    return list(due.filter(kind__in=email_types_of(EmailCategory.IMMEDIATE))[:IN_A_ROUND]) or list(due[:IN_A_ROUND])


def sent(email_ids: Sequence[int], smtp: SmtpConnection) -> Iterable[str]:
    """Claim and send those of these emails that are due, at most one per person; return their resulting states."""
    return DeliveryBatch(claimed(email_ids), smtp, CLAIMED_FOR).go()


def preview_round(email_ids: Sequence[int]) -> set[int]:
    """Claim and process these emails without sending; return the claimed ids. Call in `dates.at_time`; roll back."""
    emails = claimed(email_ids)
    PreviewBatch(emails).go()
    return {email.pk for email in emails}


def claimed(email_ids: Sequence[int]) -> list[OutgoingEmail]:
    """Claim and return those of these emails that are due, in this order, only the first of each person. A claim counts
    as an attempt. Emails without a person count as one person. If the worker dies, they are due after CLAIMED_FOR.
    """
    at = now()
    with transaction.atomic():
        rows = OutgoingEmail.objects.due(at).filter(pk__in=email_ids).select_for_update(no_key=True).order_by("pk")
        recipients = dict(rows.values_list("pk", "person"))
        first_of_recipient = {
            recipients[email_id]: email_id for email_id in reversed(email_ids) if email_id in recipients
        }
        mine = set(first_of_recipient.values())
        OutgoingEmail.objects.filter(pk__in=mine).update(next_at=at + CLAIMED_FOR, tries=F("tries") + 1)
    emails = OutgoingEmail.objects.select_related("person")
    cache_keys = {"face_key": Subquery(newest_key()), "words_key": Subquery(newest_wording_key())}
    found = emails.annotate(**cache_keys).in_bulk(list(mine))
    return [found[email_id] for email_id in email_ids if email_id in mine]


def delete_emails_without_account() -> str:
    """Delete emails without a person, unless queued, after STRANGERS_KEPT; return how many, as text."""
    old = OutgoingEmail.objects.filter(person=None, written_at__lt=timezone.now() - STRANGERS_KEPT)
    return str(old.exclude(state=DeliveryState.QUEUED).delete()[0])
