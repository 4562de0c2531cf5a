"""Which runs plans of reminders may speak of at an instant, as a condition that an index of due days serves.

It is as wide as the calendars and time zones in use, so each run is asked once more by its own. But it is no wider: of
a firm's open runs those of a few due days are looked at, and not all.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from itertools import product

from django.db.models import Q

from courseware.accounts.letter_hours import LetterHours
from courseware.accounts.models import Team
from courseware.accounts.working_days import Calendar, calendars_in_use
from courseware.assignments.models import AssignmentRule
from courseware.assignments.reminder_plans import DEFAULT_PLAN, FARTHEST_REMINDER, planned_day
from courseware.content.models import Course
from courseware.learning.models import zone_named
from courseware.lib.dates import days_between, due_instant

DAY = timedelta(days=1)
REACH = 3 * FARTHEST_REMINDER  # calendar days that so many working days never fill
Plans = Mapping[tuple[int | None, int | None], list[int]]  # by the key of a course, or of a rule
Span = tuple[datetime, datetime]  # behind the first instant, up to the second


def near(at: datetime, plans: Plans, *, caught_up: int) -> Q:
    """Of open runs: a day of their plan is that of `at`, or one of the last `caught_up` working days. Runs five
    queries at most."""
    places = list(product(zones_in_use(), calendars_in_use()))
    found = Q(pk__in=[])
    for before, courses in courses_by_day(plans).items():
        for after, until in joined_spans(spans_of(before, at, places, caught_up)):
            found |= Q(course__in=courses, urgency__gt=after, urgency__lte=until)
    return found


def courses_by_day(plans: Plans) -> dict[int, list[int]]:
    """The days of a course are those of its rules, too."""
    courses = Course.objects.exclude(current=None).values_list("pk", flat=True)
    days = {key: set(plans.get((key, None), DEFAULT_PLAN)) for key in courses}
    rules = AssignmentRule.objects.filter(pk__in=[rule for _course, rule in plans if rule])
    for rule, course in rules.values_list("pk", "course"):
        if course in days:
            days[course] |= set(plans[None, rule])
    found = defaultdict(list)
    for course, those in days.items():
        for before in those:
            found[before].append(course)
    return found


def zones_in_use() -> list[tzinfo]:
    names = {"", *Team.objects.order_by().values_list("time_zone", flat=True).distinct()}
    return list({zone_named(name) for name in names})


def spans_of(before: int, at: datetime, places: Collection[tuple[tzinfo, Calendar]], caught_up: int) -> Iterator[Span]:
    for zone, calendar in places:
        today = LetterHours(zone, calendar).day_at(at)
        earliest = calendar.add_working_days(today, -caught_up) if caught_up else today - DAY
        if due := due_days(before, earliest, today, calendar):
            yield due_instant(due[0] - DAY, zone), due_instant(due[1], zone)


def due_days(before: int, earliest: date, today: date, calendar: Calendar) -> tuple[date, date] | None:
    """The first and the last whose day of the plan is behind `earliest` and not behind `today`; None where none is.

    The later a due day, the later the day on which one is reminded of it: so they are looked up like a word. After the
    due day they are counted back instead, as a plan may reach a year far.
    """
    if before < 0:
        worked = [day for day in days_between(earliest + DAY, today) if calendar.is_working(day)]
        if not worked:
            return None
        earliest_due, latest_due = (calendar.add_working_days(day, before) for day in (worked[0], worked[-1]))
        return earliest_due, calendar.working_day_after(latest_due) - DAY
    days = [today + number * DAY for number in range(-REACH, REACH + 1)]
    planned = partial(planned_day, before=before, calendar=calendar)
    first, end = (bisect_right(days, each, key=planned) for each in (earliest, today))
    return (days[first], days[end - 1]) if first < end else None


def joined_spans(spans: Iterable[Span]) -> list[Span]:
    """Those that overlap or touch as one."""
    found: list[Span] = []
    for after, until in sorted(spans):
        if found and after <= found[-1][1]:
            found[-1] = found[-1][0], max(until, found[-1][1])
        else:
            found.append((after, until))
    return found
