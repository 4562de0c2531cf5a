"""Delivery reports of mail servers (RFC 3464). Anybody can forge one: only a number and one line are used."""

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

LONGEST = 256 * 1024  # bytes; a letter with its report has less than a tenth of it
REASON_AT_MOST = 300  # characters
STATUS = "message/delivery-status"
NUMBER = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")


@dataclass(frozen=True)
class DeliveryReport:
    """`action`: failed, delayed, delivered, relayed or expanded. `numbers` of emails it may be about."""

    action: str
    numbers: frozenset[UUID]
    why: str


def read_report(mail: bytes) -> DeliveryReport | None:
    try:
        report = message_from_bytes(mail[:LONGEST])
    except RecursionError:  # parts within parts, a thousand deep
        return None
    parts = parts_of(report) if report.get_content_type() == "multipart/report" else []
    groups = [group for part in parts if part.get_content_type() == STATUS for group in parts_of(part)]
    acted = [group for group in groups if group["Action"]]
    if not acted:
        return None
    told = next((group for group in acted if action_of(group) == "failed"), acted[0])
    names = [*names_in(parts), *(group["X-Original-Message-ID"] for group in groups)]
    names += [report["In-Reply-To"], report["References"]]
    numbers = frozenset(UUID(number) for name in names for number in NUMBER.findall(str(name).lower()))
    return DeliveryReport(action_of(told), numbers, reason_of(told))


def parts_of(mail: Mail) -> list[Mail]:
    held = mail.get_payload()
    return [part for part in held if isinstance(part, Mail)] if isinstance(held, list) else []


def action_of(group: Mail) -> str:
    return str(group["Action"]).split("(")[0].strip().lower()


def names_in(parts: list[Mail]) -> Iterator[str | None]:
    """The Message-ID of the email, whose whole or head a report contains."""
    for part in parts:
        if part.get_content_type() == "message/rfc822":
            yield from (letter["Message-ID"] for letter in parts_of(part))
        elif part.get_content_type() == "text/rfc822-headers":
            yield HeaderParser().parsestr(str(part.get_payload()))["Message-ID"]


def reason_of(group: Mail) -> str:
    said = str(group["Diagnostic-Code"] or "").partition(";")[2]
    line = " ".join(f"{group['Status'] or ''} {said}".split())
    return "".join(letter for letter in line if letter.isprintable())[:REASON_AT_MOST]


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
    sent = OutgoingEmail.objects.filter(number__in=report.numbers, state=DeliveryState.SENT)
    return sent.filter(ended_at__gt=timezone.now() - EXPECTED_WITHIN).update(
        state=DeliveryState.BOUNCED, why=report.why
    )
