"""Bounces: parse delivery reports (RFC 3464). Reports can be forged, so only email numbers and one line are used."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import Message as Mail
from email.parser import HeaderParser
from uuid import UUID

from django.utils import timezone

from courseware.notifications.models import DeliveryState, OutgoingEmail

LONGEST = 256 * 1024  # bytes; a report needs less than a tenth
REASON_AT_MOST = 300  # characters
STATUS = "message/delivery-status"
NUMBER = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")


@dataclass(frozen=True)
class DeliveryReport:
    """`action`: failed, delayed, delivered, relayed or expanded. `numbers`: of the emails. `why`: status and reason."""

    action: str
    numbers: frozenset[UUID]
    why: str


def read_report(mail: bytes) -> DeliveryReport | None:
    """Return the delivery report in the raw message `mail`, or None. Of several recipients, a failed one counts."""
    try:
        report = message_from_bytes(mail[:LONGEST])
    except RecursionError:  # a thousand nested parts
        return None
    parts = parts_of(report) if report.get_content_type() == "multipart/report" else []
    groups = [group for part in parts if part.get_content_type() == STATUS for group in parts_of(part)]
    with_action = [group for group in groups if group["Action"]]
    if not with_action:
        return None
    chosen = next((group for group in with_action if action_of(group) == "failed"), with_action[0])
    message_ids = [*names_in(parts), *(group["X-Original-Message-ID"] for group in groups)]
    message_ids += [report["In-Reply-To"], report["References"]]
    numbers = frozenset(UUID(number) for name in message_ids for number in NUMBER.findall(str(name).lower()))
    return DeliveryReport(action_of(chosen), numbers, reason_of(chosen))


def parts_of(mail: Mail) -> list[Mail]:
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Mail)] if isinstance(payload, list) else []


def action_of(group: Mail) -> str:
    return str(group["Action"]).split("(")[0].strip().lower()


def names_in(parts: list[Mail]) -> Iterator[str | None]:
    """Yield the Message-ID, or None, of each email that these parts of a report contain completely or as headers."""
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            yield from (email["Message-ID"] for email in parts_of(part))
        elif part.get_content_type() == "text/rfc822-headers":
            yield HeaderParser().parsestr(str(part.get_payload()))["Message-ID"]


def reason_of(group: Mail) -> str:
    diagnostic = str(group["Diagnostic-Code"] or "").partition(";")[2]
    line = " ".join(f"{group['Status'] or ''} {diagnostic}".split())
    return "".join(character for character in line if character.isprintable())[:REASON_AT_MOST]


EXPECTED_WITHIN = timedelta(days=14)  # mail servers try for five days


def process_bounce(mail: bytes) -> str:
    """Mark the emails that a failure report (raw message) is about as bounced: see `note`. Return a text about it."""
    report = read_report(mail)
    if report is None:
        return "not a delivery report; nothing was changed"
    if report.action != "failed":
        return f"a report that says {report.action}; nothing was changed"
    if not note(report):
        return "a report about no email of the last 14 days; nothing was changed"
    return f"bounced: {report.why}"


def note(report: DeliveryReport) -> int:
    """Mark the report's emails as bounced if they were sent within EXPECTED_WITHIN; return how many."""
    sent = OutgoingEmail.objects.filter(number__in=report.numbers, state=DeliveryState.SENT)
    return sent.filter(ended_at__gt=timezone.now() - EXPECTED_WITHIN).update(
        state=DeliveryState.BOUNCED, why=report.why
    )
