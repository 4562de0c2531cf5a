"""Bounced emails are shown to administrators and stop no other email: anybody can forge a delivery report."""

from datetime import timedelta

from django.utils import timezone

from courseware.outbox.delivery_reports import DeliveryReport, read_report
from courseware.outbox.models import Message, MessageState

EXPECTED_WITHIN = timedelta(days=14)  # mail servers try for five days


def take_back(mail: bytes) -> str:
    """Process one mail. Returns the result in words. Processing it again changes nothing."""
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
