"""Calendar files are read back by somebody else's program as they were meant."""

from datetime import UTC, date, datetime

import pytest
from icalendar import Calendar

from courseware.lib.calendar_files import WholeDay, calendar_file

AT = datetime(2026, 11, 26, 12, 30, 5, tzinfo=UTC)
ODD = [
    "plain",
    "one, two; three\\four",
    "two\nlines",
    "安全操作" * 40,
    "a" * 74 + "界" * 30,
    "",
    "END:VEVENT\r\nBEGIN:VEVENT",
]


def day(title, *, on=date(2026, 12, 9)):
    return WholeDay("due-1@training.example.com", on, title, "https://training.example.com")


@pytest.mark.parametrize("title", ODD)
def test_every_title_is_read_back_and_no_line_is_too_long(title):
    file = calendar_file("Days", [day(title)], at=AT)
    [event] = Calendar.from_ical(file).walk("VEVENT")
    assert str(event["SUMMARY"]) == "\n".join(title.splitlines())
    assert max(map(len, file.split(b"\r\n"))) <= 75
    assert file.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in file.replace(b"\r\n", b"")


def test_a_day_is_a_whole_day_and_ends_before_the_next():
    file = calendar_file("My days", [day("A", on=date(2026, 12, 31)), day("B")], at=AT)
    calendar = Calendar.from_ical(file)
    assert str(calendar["X-WR-CALNAME"]) == "My days"
    first, _second = calendar.walk("VEVENT")
    assert (first["DTSTART"].dt, first["DTEND"].dt, first["DTSTAMP"].dt) == (date(2026, 12, 31), date(2027, 1, 1), AT)
    assert (str(first["UID"]), str(first["URL"])) == ("due-1@training.example.com", "https://training.example.com")


def test_a_calendar_of_nothing_is_one():
    assert Calendar.from_ical(calendar_file("Days", [], at=AT)).walk("VEVENT") == []
