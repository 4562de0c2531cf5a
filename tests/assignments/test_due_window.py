"""Reminders looked up by due date equal those of checking all open enrollments."""

from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from courseware.accounts.models import CalendarDay
from courseware.assignments.emails.daily_email_jobs import DailyEmails
from courseware.assignments.models import ReminderSchedule
from courseware.assignments.reminders.daily_reminders import (
    due_of_batch,
    enrollments_near,
    reminders_due,
    schedules_stored,
)
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant, site_day
from tests.hr.two_accounts import another_course
from tests.making import join, make_course, make_enrollment, make_team, make_user

pytestmark = pytest.mark.django_db
ZONES = ("Asia/Shanghai", "Pacific/Kiritimati", "America/New_York")
MIDDLE = date(2026, 10, 2)  # holiday week in China, shortly before daylight saving time ends


@pytest.fixture
def company():
    """One team per time zone, one with its own calendar; learners due around MIDDLE."""
    courses, chance = [make_course(), another_course(b"other")], Random(7)
    ReminderSchedule.objects.create(course=courses[1], days=[20, 0, -1])
    for zone in ZONES:
        team = make_team(time_zone=zone)
        if zone == "America/New_York":
            CalendarDay.objects.create(team=team, day=MIDDLE, is_free=True)
        for course in courses:
            person = make_user()
            join(team, person)
            for number in chance.sample(range(-40, 41), 12):
                due = due_instant(MIDDLE + timedelta(days=number), ZoneInfo(zone))
                learner = make_user()
                join(team, learner)
                make_enrollment(learner, course, due_at=due, enrolled_at=datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)))


@pytest.mark.slow
@pytest.mark.usefixtures("company")
def test_lookup_matches_check_of_all_open_enrollments():
    everybody = list(Enrollment.objects.open().select_related("learner").with_zone().order_by("pk"))
    found = 0
    for hours in range(0, 24 * 12, 17):
        at = datetime(2026, 9, 26, tzinfo=ZoneInfo("UTC")) + timedelta(hours=hours)
        expected = [each.key for each in due_of_batch(everybody, schedules_stored(), at)]
        assert [each.key for batch in reminders_due(DailyEmails(site_day(at), at)) for each in batch] == expected
        found += len(expected)
    assert found > 50


@pytest.mark.slow
@pytest.mark.usefixtures("company")
def test_lookup_reads_few_enrollments():
    at = datetime(2026, 10, 13, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    found = enrollments_near(at, schedules_stored(), caught_up=0).count()
    assert 0 < found < Enrollment.objects.count() / 3
