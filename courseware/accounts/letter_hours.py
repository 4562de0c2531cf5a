"""Sending hours of emails about the training and subscribed emails: by day, on working days, in the reader's zone."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext_noop

from courseware.accounts.models import Membership
from courseware.accounts.working_days import DAY, Calendar, calendars_of
from courseware.lib.dates import site_day
from courseware.outbox.models import Message

OPENS, CLOSES = time(8), time(20)


@dataclass(frozen=True)
class LetterHours:
    zone: tzinfo
    calendar: Calendar

    def day_at(self, at: datetime) -> date:
        """The reader's day to which emails written at `at` belong; after closing time, tomorrow."""
        local = at.astimezone(self.zone)
        return local.date() + DAY if local.time() >= CLOSES else local.date()

    def opens_at(self, at: datetime) -> datetime:
        """The first instant from `at` on at which an email may be sent."""
        day = at.astimezone(self.zone).date()
        if self.calendar.is_working(day):
            opens, closes = (datetime.combine(day, hour, self.zone).astimezone(UTC) for hour in (OPENS, CLOSES))
            if at < closes:
                return max(at, opens)
        return datetime.combine(self.calendar.working_day_after(day), OPENS, self.zone).astimezone(UTC)


def hours_of(people: Collection[int]) -> dict[int, LetterHours]:
    """By the team that each joined first, else manages; without a team, by the site. Runs two queries."""
    places = Membership.objects.filter(person__in=people).select_related("team")
    # Learner before manager, and the first of each: what comes last here is kept.
    teams = {place.person_id: place.team for place in places.order_by("-role", "-pk")}
    calendars = calendars_of(teams.get(person) for person in people)
    return {
        person: LetterHours(teams[person].zone if person in teams else ZoneInfo(settings.TIME_ZONE), calendar)
        for person, calendar in zip(people, calendars, strict=True)
    }


def why_of_leaver(message: Message) -> str:
    """Former people get no email. The last day ends in the time zone of the site, as in `let_go`."""
    person = message.person
    is_gone = person is None or not person.is_active or (person.leaves_on and person.leaves_on < site_day())
    return gettext_noop("the person has left") if is_gone else ""
