"""Calendars as programs read them (RFC 5545), of days alone: no hour, so no time zone either."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

OCTETS_A_LINE = 75


@dataclass(frozen=True)
class WholeDay:
    """`uid` is the same whenever the same thing is told; so a program that reads again moves what it has."""

    uid: str
    day: date
    title: str
    address: str


def calendar_file(name: str, days: Iterable[WholeDay], *, at: datetime) -> bytes:
    """The text of an .ics file, in UTF-8 with CRLF. `at`, in UTC, is when it was made."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Courseware//Due days//EN", f"X-WR-CALNAME:{escaped(name)}"]
    for each in days:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{escaped(each.uid)}",
            f"DTSTAMP:{at:%Y%m%dT%H%M%SZ}",
            f"DTSTART;VALUE=DATE:{each.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{each.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{escaped(each.title)}",
            f"URL:{each.address}",
            "TRANSP:TRANSPARENT",  # a due day is no appointment
            "END:VEVENT",
        ]
    return b"".join(folded(line) + b"\r\n" for line in [*lines, "END:VCALENDAR"])


def escaped(text: str) -> str:
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return "\\n".join(text.splitlines())


def folded(line: str) -> bytes:
    """A line goes on behind CRLF and a space; no character is cut in two."""
    parts, part, room = [], b"", OCTETS_A_LINE
    for sign in line:
        octets = sign.encode()
        if len(part) + len(octets) > room:
            parts.append(part)
            part, room = b"", OCTETS_A_LINE - 1  # the space counts
        part += octets
    return b"\r\n ".join([*parts, part])
