"""Calendar import: lists of days off and working days, one day a line, for the site or a team."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from courseware.accounts.calendar.working_days import ListedDay
from courseware.accounts.models import CalendarDay, Team, User
from courseware.audit_log.record import record

LONGEST_NAME = 60
MOST_LINES = 2000
YEARS = range(2000, 2100)
FREE = {"", "free", "off", "holiday", "休", "休息", "放假", "假日", "节假日"}
WORKING = {"working", "work", "班", "上班", "补班", "工作日", "调休上班"}
HEADINGS = {"day", "date", "日期", "日子"}
DATE = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))")


@dataclass(frozen=True)
class DayProblem:
    line: int
    found: str
    expected: str


def decoded(data: bytes) -> str:
    """Return the bytes as text: UTF-8, else GB18030 with undecodable bytes replaced."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def read_days(text: str) -> tuple[dict[date, ListedDay], list[DayProblem]]:
    """Return (date → ListedDay, problems of bad lines). A line: date, FREE or WORKING word, name. Skips a heading."""
    days: dict[date, ListedDay] = {}
    problems: list[DayProblem] = []
    for number, cells in enumerate(cells_of(text), start=1):
        if not any(cells) or (number == 1 and cells[0].lower() in HEADINGS):
            continue
        if number > MOST_LINES:
            problems.append(DayProblem(number, "", _("At most %(most)d lines.") % {"most": MOST_LINES}))
            break
        day, listed = date_in(cells[0]), listed_in(cells)
        if day is None:
            problems.append(DayProblem(number, cells[0], _("Enter a date such as 2026-10-01.")))
        elif isinstance(listed, str):
            problems.append(DayProblem(number, cells[1] if len(cells) > 1 else "", listed))
        elif days.get(day, listed) != listed:
            problems.append(DayProblem(number, cells[0], _("An earlier line has the same date with different values.")))
        else:
            days[day] = listed
    return days, problems


def cells_of(text: str) -> list[list[str]]:
    text = text.replace("\0", "")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t，", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [[plain(cell) for cell in cells] for cells in lines]
    except csv.Error:  # an unclosed quote
        return [[plain(cell) for cell in line.split(separator)] for line in text.splitlines()]


def plain(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", cell).split())


def date_in(cell: str) -> date | None:
    if not (found := DATE.fullmatch(cell)):
        return None
    year, month, day = (int(part) for part in found.groups() if part)
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


def listed_in(cells: list[str]) -> ListedDay | str:
    """Return the day to store, or an error message. `cells`: of one line, the date first."""
    kind, name = (*cells[1:], "", "")[:2]
    if kind.lower() not in FREE | WORKING:
        return _("Enter “free” for a day off, or “working” for a working day.")
    if len(name) > LONGEST_NAME:
        return _("Enter a name of at most %(most)d characters.") % {"most": LONGEST_NAME}
    return ListedDay(kind.lower() in FREE, name)


@transaction.atomic
def add_days(team: Team | None, days: Mapping[date, ListedDay], *, by: User) -> int:
    """Add or replace days in the calendar of the team (None: the site). Log it. Return the number of changed days."""
    rows = CalendarDay.objects.filter(team=team, day__in=days)
    stored = {row.day: ListedDay(row.is_free, row.name) for row in rows}
    changed = [day for day, listed in days.items() if stored.get(day) != listed]
    rows.filter(day__in=changed).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(team=team, day=day, is_free=days[day].is_free, name=days[day].name) for day in changed
    )
    if changed:
        log("days-listed", team, changed, by)
    return len(changed)


@transaction.atomic
def remove_days(team: Team | None, year: int, *, by: User) -> int:
    """Remove the days of a year from the calendar of the team (None: the site). Log it. Return their number."""
    rows = CalendarDay.objects.filter(team=team, day__year=year)
    days = list(rows.values_list("day", flat=True))
    rows.delete()
    if days:
        log("days-unlisted", team, days, by)
    return len(days)


def log(verb: str, team: Team | None, days: Collection[date], by: User) -> None:
    data = {"days": len(days), "first": min(days), "last": max(days)}
    record(verb, actor=by, subject=team or "days:site", data=data)
