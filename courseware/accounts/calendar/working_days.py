"""Working days: weekends, holidays shipped with the code, and calendars of the site and its teams."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import CalendarDay, Membership, Team
from courseware.lib.dates import days_between

SHIPPED = Path(__file__).with_name("days")
SATURDAY = 5
DAY = timedelta(days=1)
FESTIVALS = {  # names in the shipped files → labels
    "New Year": _("New Year"),
    "Spring Festival": _("Spring Festival"),
    "Tomb-Sweeping Day": _("Tomb-Sweeping Day"),
    "Labour Day": _("Labour Day"),
    "Dragon Boat Festival": _("Dragon Boat Festival"),
    "Mid-Autumn Festival": _("Mid-Autumn Festival"),
    "National Day": _("National Day"),
}


@dataclass(frozen=True)
class ListedDay:
    is_free: bool
    name: str = ""


@dataclass(frozen=True)
class Calendar:
    """Working days and days off. `listed`: date → day that differs from its weekday or has a name."""

    listed: Mapping[date, ListedDay]

    def is_working(self, day: date) -> bool:
        listed = self.listed.get(day)
        return not listed.is_free if listed else day.weekday() < SATURDAY

    def why_free(self, day: date) -> str:
        """Return why the day is off, in the active language: the holiday, else the weekday; "" for a working day."""
        return "" if self.is_working(day) else self.name_of(day) or date_format(day, "l")

    def name_of(self, day: date) -> str:
        """Return the name of the day in the active language, or ""."""
        listed = self.listed.get(day)
        return str(FESTIVALS.get(listed.name, listed.name)) if listed and listed.name else ""

    def working_day_before(self, day: date) -> date:
        return self.add_working_days(day, -1)

    def working_day_after(self, day: date) -> date:
        return self.add_working_days(day, 1)

    def working_days_between(self, first: date, last: date) -> int:
        """Return the number of working days, both ends included; 0 if `last` is before `first`."""
        return sum(self.is_working(day) for day in days_between(first, last))

    def add_working_days(self, day: date, number: int) -> date:
        """Return the working day `number` after `day` (negative: before). 0 returns `day`, even a day off."""
        step = DAY if number > 0 else -DAY
        while number:
            day += step
            if self.is_working(day):
                number -= 1 if number > 0 else -1
        return day


@lru_cache
def shipped(country: str) -> dict[date, ListedDay]:
    """Return date → day for the holidays shipped for `country`, such as "cn"; {} for "" or an unknown country."""
    found: dict[date, ListedDay] = {}
    for path in sorted(SHIPPED.glob(f"{country}-*.csv")) if country else ():
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[date.fromisoformat(row["day"])] = ListedDay(row["kind"] == "free", row["name"])
    return found


def calendar_of(team: Team | None) -> Calendar:
    """Return the calendar of a team (None: the site). A team's days override those of teams above and the site."""
    [calendar] = calendars_of([team])
    return calendar


def calendars_of(teams: Iterable[Team | None]) -> list[Calendar]:
    """Return the calendar of each team, in the same order; None is the site. Runs one query."""
    lines = [team.line if team else () for team in teams]
    keys = set(chain.from_iterable(lines))
    lists: dict[int | None, dict[date, ListedDay]] = {}
    for row in CalendarDay.objects.filter(Q(team=None) | Q(team__in=keys)):
        lists.setdefault(row.team_id, {})[row.day] = ListedDay(row.is_free, row.name)
    by_line: dict[tuple[int | None, ...], Calendar] = {}  # teams without own days share a calendar
    calendars = []
    for line in lines:
        with_lists = tuple(key for key in (None, *line) if key in lists)
        if with_lists not in by_line:
            days = dict(shipped(settings.HOLIDAY_CALENDAR))
            for key in with_lists:
                days |= lists[key]
            by_line[with_lists] = Calendar(days)
        calendars.append(by_line[with_lists])
    return calendars


def calendars_in_use() -> list[Calendar]:
    """Return the calendar of the site, then of each team that has own days. Runs two queries."""
    return calendars_of([None, *Team.objects.filter(pk__in=CalendarDay.objects.exclude(team=None).values("team"))])


def calendars_of_people(people: Iterable[int]) -> dict[int, Calendar]:
    """Return person id → calendar of the team joined first as a learner, else of the site. `people`: ids. 2 queries."""
    people = list(people)
    learning = Membership.objects.filter(person__in=people, role=Membership.Role.LEARNER)
    teams = {each.person_id: each.team for each in learning.select_related("team").order_by("-pk")}
    return dict(zip(people, calendars_of(teams.get(person) for person in people), strict=True))


def years_known(calendar: Calendar) -> dict[int, bool]:
    """Return year of a listed day → whether it lists a working day. If not, the year's official notice is missing."""
    known: dict[int, bool] = {}
    for day, listed in calendar.listed.items():
        known[day.year] = known.get(day.year, False) or not listed.is_free
    return known
