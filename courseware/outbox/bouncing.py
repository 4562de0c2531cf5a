"""Letters that come back, as the mail servers' reports tell.

It is noted, and shown where people are looked after. No other letter is held back for it: each of them was asked for or
warns of something; the mailbox may have been made since; and whoever forges a report must not silence a warning.
"""

from datetime import timedelta

from django.utils import timezone

from courseware.outbox.delivery_reports import DeliveryReport, read_report
from courseware.outbox.models import Message, MessageState

EXPECTED_WITHIN = timedelta(days=14)  # mail servers try for five days


def take_back(mail: bytes) -> str:
    """Returns what became of the mail, in words. The same again changes nothing."""
    report = read_report(mail)
    if report is None:
        return "no report of a mail server; nothing was changed"
    if report.action != "failed":
        return f"a report that says {report.action}; nothing was changed"
    if not note(report):
        return "a report on no letter that was sent in these days; nothing was changed"
    return f"came back: {report.why}"


def note(report: DeliveryReport) -> int:
    sent = Message.objects.filter(number__in=report.numbers, state=MessageState.SENT)
    return sent.filter(ended_at__gt=timezone.now() - EXPECTED_WITHIN).update(state=MessageState.BOUNCED, why=report.why)
