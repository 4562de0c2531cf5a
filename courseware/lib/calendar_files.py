"""Calendar files (RFC 5545) of whole days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True)
class WholeDay:
    """`uid` identifies the event, so that a program that reads the file again moves it."""

    uid: str
    day: date
    title: str
    address: str


def calendar_file(name: str, days: Iterable[WholeDay], *, at: datetime) -> bytes:
    """The content of an .ics file. `at`, in UTC, is when it was made."""
    from icalendar import Calendar, Event, vText  # takes 0.3 s, and most processes never write one

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Courseware//Due days//EN")
    calendar.add("x-wr-calname", vText(name))
    for each in days:
        event = Event()
        event.add("uid", each.uid)
        event.add("dtstamp", at)
        event.add("dtstart", each.day)
        event.add("dtend", each.day + timedelta(days=1))
        event.add("summary", each.title)
        event.add("url", each.address)
        event.add("transp", "TRANSPARENT")  # a due day is no appointment
        calendar.add_component(event)
    written: bytes = calendar.to_ical(sorted=False)
    return written
