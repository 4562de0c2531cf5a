"""Months and quarters that people report about."""

from datetime import date, timedelta

from courseware.reporting.period_reports import Period

QUARTERS, MONTHS = 5, 3  # that are offered, today's among them


def latest_quarters(today: date) -> list[Period]:
    """Today's first.

    >>> latest_quarters(date(2026, 2, 3))[1]
    Period(first=datetime.date(2025, 10, 1), last=datetime.date(2025, 12, 31))
    """
    return latest(today.replace(month=(today.month - 1) // 3 * 3 + 1), months=3, number=QUARTERS)


def latest_months(today: date) -> list[Period]:
    return latest(today, months=1, number=MONTHS)


def latest(day: date, *, months: int, number: int) -> list[Period]:
    """Of so many months each; the first begins with the month of `day`."""
    begin = day.replace(day=1)
    periods = []
    for _ in range(number):
        periods.append(Period(begin, months_later(begin, months) - timedelta(days=1)))
        begin = months_later(begin, -months)
    return periods


def months_later(first: date, months: int) -> date:
    """The first day of that month."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)
