"""Command `generate_holidays`: write the holidays of a year in China as a CSV file."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta

from django.core.management.base import BaseCommand, CommandError

from courseware.accounts.calendar.working_days import SHIPPED


class Command(BaseCommand):
    help = "Write the holidays of a year in China, taken from the package `holidays`, into the code. For developers."

    def add_arguments(self, parser):
        parser.add_argument("year", type=int, help="such as 2028")

    def handle(self, *args, year, **options):
        try:
            text = table(year)
        except ImportError:
            raise CommandError("the package `holidays` is not here: it comes with the tools of development") from None
        path = SHIPPED / f"cn-{year}.csv"
        path.write_text(text, encoding="utf-8", newline="")
        self.stdout.write(f"{path}: compare it with the notice of the State Council")


NAMES = {  # start of the name in the package → our name
    "New Year's Day": "New Year",
    "Chinese New Year": "Spring Festival",
    "Tomb-Sweeping": "Tomb-Sweeping Day",
    "Labor": "Labour Day",
    "Dragon Boat": "Dragon Boat Festival",
    "Mid-Autumn": "Mid-Autumn Festival",
    "National": "National Day",
}
INSTEAD_OF = re.compile(r"substituted from (\d\d)/(\d\d)/(\d{4})")
NEAR = [timedelta(days=sign * days) for days in range(15) for sign in (1, -1)]


def table(year: int) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["day", "kind", "name"])
    writer.writerows(sorted(rows(year)))
    return text.getvalue()


def rows(year: int) -> Iterator[tuple[str, str, str]]:
    """Yield (ISO date, "free" or "working", name of the festival). Raise ImportError without the package `holidays`."""
    from holidays import China  # installed for development only

    found = China(years=year, language="en_US")
    named = {day: short for day, name in found.items() for start, short in NAMES.items() if name.startswith(start)}
    for day, name in found.items():
        festival = named.get(day) or nearest(day, named)
        yield day.isoformat(), "free", festival
        if make_up := INSTEAD_OF.search(name):
            month, of_month, of_year = map(int, make_up.groups())
            yield date(of_year, month, of_month).isoformat(), "working", festival


def nearest(day: date, named: dict[date, str]) -> str:
    return next(named[day + step] for step in NEAR if day + step in named)
