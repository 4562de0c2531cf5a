"""The preview of a day's emails matches the emails that are sent."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.assignments.emails.certificate_expiry import tell_of_endings
from courseware.assignments.emails.scheduled_emails import TOGETHER, preview_emails
from courseware.assignments.follow_ups.follow_ups import ask_managers
from courseware.assignments.reminders.daily_reminders import ASKS, remind_due
from courseware.assignments.reminders.schedules import switch_escalation
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.due_dates.extensions import request_extension
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant, site_day
from courseware.notifications.email.delivery import deliver_due
from courseware.notifications.models import DeliveryState, OutgoingEmail
from courseware.notifications.unsubscribe import unsubscribe_from
from courseware.reporting.emails import weekly_summary
from courseware.reporting.emails.escalation import escalate
from courseware.reporting.emails.monthly_report import send_monthly_reports, subscribe
from courseware.reporting.emails.weekly_summary import queue_weekly_summaries
from tests.assignments.follow_ups import make_course_with_survey
from tests.assignments.rules import make_certified
from tests.examples import only_deep
from tests.making import join, make_enrollment, make_hr, make_team, make_user
from tests.site.test_access import digests

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours")]
SITE = ZoneInfo("Asia/Shanghai")
MONDAY = date(2027, 3, 1)  # also the first of a month
JOBS = {
    time(5, 10): remind_due, time(5, 15): escalate, time(5, 20): tell_of_endings,
    time(5, 25): ask_managers, time(5, 30): queue_weekly_summaries, time(5, 35): send_monthly_reports,
}  # fmt: skip


@pytest.fixture
def company(settings, time_machine):
    """Teams in 3 time zones with people in every situation; managers with all, no and unsubscribed emails."""
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    time_machine.move_to(datetime(2027, 1, 4, 9, tzinfo=SITE), tick=False)
    course, hr = make_course_with_survey(), make_hr()
    above = make_user("Above", email="above@example.com")
    top = make_team("Firm", manager=above)
    switch_escalation(True, by=hr)
    subscribe(above)
    for zone in ("Asia/Shanghai", "Europe/Berlin", "Pacific/Auckland"):
        city = zone.partition("/")[2]
        manager = make_user(f"Manager {city}", email=f"manager-{city}@example.com")
        team = make_team(city, parent=top, manager=manager, time_zone=zone)
        add_people(team, city, course, hr)
    unsubscribe_from(manager, "digest")
    make_team("Nothing to say", parent=top, manager=make_user("Idle manager", email="idle@example.com"))
    OutgoingEmail.objects.all().delete()
    return time_machine


def add_people(team, city, course, hr):
    def add_learner(name, due_on=None, **fields):
        person = make_user(f"{name} {city}", email=f"{name}-{city}@example.com".replace(" ", "-").lower())
        join(team, person)
        return make_enrollment(person, course, due_at=due_on and due_instant(due_on, team.zone), **fields)

    add_learner("Due", date(2027, 3, 2))
    add_learner("Late", date(2027, 2, 24))
    add_learner("Also late", date(2027, 2, 24))
    add_learner("Away", date(2027, 3, 2))
    without_email = add_learner("Nowhere", date(2027, 3, 2)).learner
    without_email.email, without_email.staff_number = None, f"A{city}"
    without_email.save()
    request_extension(add_learner("Asks", date(2027, 3, 2)), date(2027, 3, 20))
    done = datetime.combine(MONDAY - timedelta(days=30), time(12), team.zone)
    add_learner("Done", completed_at=done)
    add_learner("Done earlier", completed_at=done - timedelta(days=1))
    for name, last in (("Ends", MONDAY + timedelta(days=7)), ("Ended on Saturday", MONDAY + timedelta(days=5))):
        holder = make_certified(course, team, last)
        holder.name, holder.email = f"{name} {city}", f"{name}-{city}@example.com".replace(" ", "-").lower()
        holder.save()
    away = Enrollment.objects.get(learner__name=f"Ends {city}").learner
    if city == "Berlin":
        record_absence(away, MONDAY - timedelta(days=1), MONDAY, by=hr)


def previewed(day):
    """Without emails held by an open request: they have no row."""
    lines = [each for each in preview_emails(day) if each.why_not != ASKS]
    return sorted((each.name, each.message.kind, hour_of(each.leaves_at), each.why_not) for each in lines)


def hour_of(at):
    return f"{at.astimezone(SITE):%m-%d %H:%M}" if at else ""


def sent_on(clock, day):
    """Run the site to the end of this day: each job at its hour, the worker every half hour."""
    at = timezone.now().astimezone(SITE)
    at = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
    while site_day(at) <= day:
        clock.move_to(at, tick=False)
        if job := JOBS.get(at.time()):
            job()
        if at.minute in (0, 30) or job:
            deliver_due()
        at += timedelta(minutes=5)
    return sorted(filter(None, (line_of(each, day) for each in OutgoingEmail.objects.select_related("person"))))


def line_of(message, day):
    name, kind, at = message.person.name, message.kind, message.ended_at
    if message.state == DeliveryState.QUEUED:
        return (name, kind, "", message.why) if message.why else None
    if site_day(at) != day or message.why == weekly_summary.NOTHING:
        return None
    if message.state == DeliveryState.SENT:
        return name, kind, hour_of(at), ""
    return name, kind, "", TOGETHER if message.combined_into_id else message.why


@pytest.mark.slow
@pytest.mark.parametrize(
    "now",
    [
        datetime(2027, 3, 1, 2, tzinfo=SITE),
        only_deep(datetime(2027, 2, 28, 23, tzinfo=SITE)),
        only_deep(datetime(2027, 2, 26, 15, tzinfo=SITE)),
    ],
)
def test_preview_of_monday_matches_sent_emails(company, now):
    company.move_to(now - timedelta(days=4), tick=False)
    sent_on(company, site_day(now) - timedelta(days=1))
    company.move_to(now - timedelta(hours=now.hour), tick=False)
    while timezone.now() < now:
        if job := JOBS.get(timezone.now().astimezone(SITE).time()):
            job()
        deliver_due()
        company.shift(timedelta(minutes=5))
    before = digests()
    preview = previewed(MONDAY)
    assert digests() == before
    assert {kind for _name, kind, _hour, _why in preview} == {
        "reminder", "certificate-ending", "escalation", "follow-up", "digest", "hr-summary", "monthly-report",
    }  # fmt: skip
    assert preview == sent_on(company, MONDAY)


@pytest.mark.slow
def test_preview_leaves_out_empty_weekly_summary(company):
    company.move_to(datetime(2027, 2, 28, 23, tzinfo=SITE), tick=False)
    assert [line for line in previewed(MONDAY) if line[0] == "Idle manager"] == []
