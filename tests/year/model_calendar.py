"""Calendar days, independent of the product."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SITE = ZoneInfo("Asia/Shanghai")


def span(first, last):
    return {first + number * DAY for number in range((last - first).days + 1)}


# The notices of the State Council for 2026, and the statutory days of 2027.
CHINA_FREE = (
    span(date(2026, 1, 1), date(2026, 1, 3))
    | span(date(2026, 2, 15), date(2026, 2, 23))
    | span(date(2026, 4, 4), date(2026, 4, 6))
    | span(date(2026, 5, 1), date(2026, 5, 5))
    | span(date(2026, 6, 19), date(2026, 6, 21))
    | span(date(2026, 9, 25), date(2026, 9, 27))
    | span(date(2026, 10, 1), date(2026, 10, 7))
    | {date(2027, 1, 1), date(2027, 4, 5), date(2027, 6, 9), date(2027, 9, 15)}
    | span(date(2027, 2, 5), date(2027, 2, 10))
    | span(date(2027, 5, 1), date(2027, 5, 4))
)
CHINA_WORKED = {
    date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
}  # fmt: skip
# A centre abroad has its own days off and no make-up days.
ABROAD_FREE = {date(2026, 1, 1), date(2026, 4, 3), date(2026, 5, 1), date(2026, 12, 25), date(2027, 1, 1)}


class Calendar:
    def __init__(self, free, worked):
        self.free, self.worked = free, worked

    def is_worked(self, day):
        return day in self.worked or (day not in self.free and day.weekday() < 5)

    def step(self, day, direction):
        """Return the next working day after (1) or before (-1) the day."""
        day += direction * DAY
        while not self.is_worked(day):
            day += direction * DAY
        return day

    def later(self, day, number):
        for _ in range(number):
            day = self.step(day, 1)
        return day

    def earlier(self, day, number):
        for _ in range(number):
            day = self.step(day, -1)
        return day

    def last_day(self, asked, today):
        """Return the due date for a date a rule asks for: the working day before it, but not before today."""
        if self.is_worked(asked):
            return asked
        day = self.step(asked, -1)
        return day if day >= today else self.step(asked, 1)


CHINA, ABROAD = Calendar(CHINA_FREE, CHINA_WORKED), Calendar(ABROAD_FREE, set())


def end_of(day, zone):
    """Return the first instant after the day."""
    return datetime.combine(day + DAY, time(), zone).astimezone(UTC)


def morning_of(day, zone):
    """Return 8:00, when sending begins."""
    return datetime.combine(day, time(8), zone).astimezone(UTC)


def day_ended_at(instant, zone):
    return (instant - timedelta(seconds=1)).astimezone(zone).date()


def months_on(day, months):
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(last, day.day))
        except ValueError:
            continue


def end_of_quarter(day):
    month = (day.month + 2) // 3 * 3
    return date(day.year + month // 12, month % 12 + 1, 1) - DAY
