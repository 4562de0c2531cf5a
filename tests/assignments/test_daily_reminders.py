"""Due-date reminders: on the scheduled days, once, while the course is open."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.assignments.emails import daily_email_jobs
from courseware.assignments.emails.daily_email_jobs import DailyEmails
from courseware.assignments.models import ReminderSchedule, RuleAction
from courseware.assignments.reminders.daily_reminders import remind_due, reminders_due
from courseware.assignments.reminders.schedules import with_repeats
from courseware.learning.enrollments.adjustments import undo
from courseware.learning.enrollments.enrollment import enroll, exempt, extend
from courseware.learning.models import Enrollment
from courseware.lib.dates import due_instant, site_day
from courseware.notifications.models import DeliveryState, OutgoingEmail
from tests.assignments.rules import make_rule
from tests.examples import only_deep
from tests.hr.two_accounts import another_course
from tests.making import join, make_admin, make_course, make_enrollment, make_team, make_user, sent_emails
from tests.world import complete_course

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
FRIDAY = date(2026, 12, 11)
DAY_BEFORE = datetime(2026, 12, 10, 9, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def on_the_day_before(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(DAY_BEFORE, tick=False)
    return time_machine


def learner(*, name="Wang Ming", due_on=FRIDAY, course=None, team=None, **fields):
    """An enrollment made a month ago."""
    person = make_user(name, language="en", **fields)
    join(team or make_team("East centre", manager=make_user("Li Lin")), person)
    month_ago = timezone.now() - timedelta(days=30)
    return make_enrollment(person, course, due_at=due_on and due_instant(due_on, ZONE), enrolled_at=month_ago)


def reminders():
    return [
        (each.person.name, each.state, each.why)
        for each in OutgoingEmail.objects.filter(kind="reminder").order_by("pk")
    ]


def sent():
    sent_emails()
    return reminders()


def test_reminders_are_queued_on_scheduled_days_only():
    learner(name="Tomorrow")
    learner(name="In three weeks", due_on=FRIDAY + timedelta(days=21))
    learner(name="Without a day", due_on=None)
    learner(name="Two days late", due_on=FRIDAY - timedelta(days=3))
    learner(name="Three days late", due_on=FRIDAY - timedelta(days=4))
    assert remind_due() == "reminders: 2"
    assert sorted(reminders()) == [("Three days late", "queued", ""), ("Tomorrow", "queued", "")]


def days_reminded(clock, days):
    """Run the job twice a day; return the days on which it queued a reminder."""
    sent_on = []
    for _ in range(days):
        if remind_due():
            sent_on.append(timezone.localdate(timezone=ZONE).isoformat())
            sent_emails()
        assert remind_due() == ""
        clock.shift(timedelta(days=1))
    return sent_on


@pytest.mark.slow
def test_scheduled_days_remind_once_then_every_10_days(on_the_day_before):
    learner()
    on_the_day_before.move_to(DAY_BEFORE - timedelta(days=20), tick=False)
    assert days_reminded(on_the_day_before, 75) == [
        "2026-12-02",
        "2026-12-10",
        "2026-12-16",
        "2026-12-30",
        "2027-01-13",
        "2027-01-27",
    ]


def test_worker_down_for_days_queues_one_reminder(on_the_day_before):
    schedule = ReminderSchedule.objects.create(course=learner().course, days=[1, -3], every=4)
    assert with_repeats(schedule.days, schedule.every)[:5] == [1, -3, -7, -11, -15]
    on_the_day_before.move_to(datetime(2026, 12, 23, 9, tzinfo=ZONE), tick=False)  # the eighth working day after
    assert (remind_due(), remind_due()) == ("reminders: 1", "")
    assert OutgoingEmail.objects.get(kind="reminder").key.endswith(":2026-12-11:-7")
    on_the_day_before.move_to(datetime(2027, 1, 26, 9, tzinfo=ZONE), tick=False)  # the last of six is due
    assert remind_due() == "reminders: 1"
    assert OutgoingEmail.objects.latest("pk").key.endswith(":2026-12-11:-31")
    on_the_day_before.move_to(datetime(2027, 2, 3, 9, tzinfo=ZONE), tick=False)  # three working days after another one
    assert (remind_due(), OutgoingEmail.objects.count()) == ("", 2)


def test_interrupted_job_continues_where_it_stopped(monkeypatch):
    for number in range(3):
        learner(name=f"Person {number}")
    monkeypatch.setattr(daily_email_jobs, "EMAILS_AT_ONCE", 1)
    write, written = daily_email_jobs.queue_once, []

    def fail_at_third(batch, **reasons):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(batch)
        return write(batch, **reasons)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(daily_email_jobs, "queue_once", fail_at_third)
        remind_due()
    assert [remind_due(), remind_due()] == ["reminders: 1", ""]
    assert [name for name, _state, _why in reminders()] == ["Person 0", "Person 1", "Person 2"]


def test_new_due_date_restarts_schedule(on_the_day_before):
    enrollment = learner()
    remind_due()
    extend(enrollment, date(2026, 12, 18), by=make_admin())
    assert sent() == [("Wang Ming", "skipped", "the due date was changed in the meantime")]
    on_the_day_before.move_to(datetime(2026, 12, 17, 9, tzinfo=ZONE), tick=False)
    remind_due()
    assert [state for _name, state, _why in sent()] == ["skipped", "sent"]


def test_schedule_of_rule_overrides_schedule_of_course():
    course = make_course()
    team = make_team()
    by_rule, _by_hand = (learner(name=name, course=course, team=team) for name in ("By a rule", "By hand"))
    rule = make_rule(course)
    done = {"rule": rule, "version": rule.current, "person": by_rule.learner, "enrollment": by_rule}
    RuleAction.objects.create(kind=RuleAction.Kind.ENROLL, **done)
    ReminderSchedule.objects.create(course=course, days=[])
    schedule = ReminderSchedule.objects.create(rule=rule, days=[9])
    assert remind_due() == ""
    schedule.days = [1]
    schedule.save()
    assert remind_due() == "reminders: 1"
    assert reminders() == [("By a rule", "queued", "")]


def test_reminder_shows_progress_next_step_and_manager(mailoutbox):
    learner(email="ming@example.com")
    remind_due()
    sent_emails()
    [email] = mailoutbox
    assert email.to == ["ming@example.com"]
    assert email.subject == "“Rules of the tea room” is due on Friday 11 December"
    assert email.body.strip().split("\n\n") == PARAGRAPHS


PARAGRAPHS = [
    "Hello Wang Ming,",
    "“Rules of the tea room” is due on Friday 11 December, and you have not begun yet.\n"
    "2 steps are left, about 7 minutes in all.",
    "Next: Boiling water, about 2 minutes\nhttps://training.example.com/learn/tea-room/boiling/\n"
    "You can also type training.example.com into your browser.",
    "Can’t finish in time? Tell me which date is possible for you. You do not need to give a reason.\n"
    "https://training.example.com/learn/tea-room/extension/",
    "Li Lin\nManager of East centre",
    "You get at most 3 emails about your training in 14 days, none at night and none on days off. Reminders "
    "stop when you finish, are exempt or leave the company. We never ask for your password or a code, by email "
    "or by phone.",
]


def test_reminder_is_in_language_of_recipient(mailoutbox):
    enrollment = learner()
    enrollment.learner.language = "zh-hans"
    enrollment.learner.save()
    remind_due()
    sent_emails()
    [email] = mailoutbox
    assert "你好" in email.body
    assert "12月11日" in email.subject


@pytest.mark.parametrize(
    "meanwhile, why",
    [
        (
            lambda each: complete_course(each),
            "before this email was sent, the person completed the course or became exempt, or the accounts were merged",
        ),
        (
            lambda each: exempt(each, "Leave", by=make_admin()),
            "before this email was sent, the person completed the course or became exempt, or the accounts were merged",
        ),
        (lambda each: leave(each.learner), "the person left the company"),
        (lambda each: add_reminder(each), "the person was reminded in the last 20 hours"),
    ],
)
def test_outdated_reminder_is_skipped_with_reason(meanwhile, why):
    enrollment = learner()
    remind_due()
    meanwhile(enrollment)
    assert sent()[0] == ("Wang Ming", "skipped", why)


@pytest.mark.parametrize("action", [exempt, extend])
def test_person_is_reminded_day_after_action_is_undone(action, on_the_day_before):
    enrollment, admin = learner(), make_admin()
    remind_due()
    adjustment = action(enrollment, **ADJUSTED[action], by=admin)
    assert [(state, bool(why)) for _name, state, why in sent()] == [("skipped", True)]
    assert remind_due() == ""
    undo(adjustment, list(adjustment.lines.all()), by=admin)
    on_the_day_before.shift(timedelta(hours=21))
    assert [remind_due(), remind_due()] == ["reminders: 1", ""]
    on_the_day_before.shift(timedelta(hours=2))
    assert sent() == [("Wang Ming", "sent", "")]
    assert remind_due() == ""


ADJUSTED = {exempt: {"reason": "Leave"}, extend: {"due_on": FRIDAY + timedelta(days=30)}}


def leave(person):
    person.is_active = False
    person.save()


def add_reminder(enrollment, hours=19):
    data = {"subjects": [[enrollment.pk, FRIDAY.isoformat()]], "by": None}
    ended_at = timezone.now() - timedelta(hours=hours)
    OutgoingEmail.objects.create(
        kind="reminder", person=enrollment.learner, data=data, state=DeliveryState.SENT, ended_at=ended_at
    )


def test_person_reminded_23_hours_ago_is_reminded():
    enrollment = learner()
    add_reminder(enrollment, hours=23)
    remind_due()
    assert sent()[-1] == ("Wang Ming", "sent", "")


@pytest.mark.usefixtures("real_sending_hours")
def test_reminders_of_2_courses_are_combined_at_8(on_the_day_before, mailoutbox):
    on_the_day_before.move_to(DAY_BEFORE.replace(hour=5), tick=False)
    enrollment = learner()
    other = another_course(b"other")
    make_enrollment(enrollment.learner, other, due_at=enrollment.due_at, enrolled_at=enrollment.enrolled_at)
    assert remind_due() == "reminders: 2"
    sent_emails()
    assert [len(mailoutbox), OutgoingEmail.objects.filter(why="").count()] == [0, 2]
    on_the_day_before.move_to(DAY_BEFORE.replace(hour=8), tick=False)
    first = OutgoingEmail.objects.order_by("pk")[0].pk
    assert sent() == [("Wang Ming", "sent", ""), ("Wang Ming", "skipped", f"combined with email {first}")]
    [email] = mailoutbox
    assert "You also have these courses to complete:\n– “" in email.body


@pytest.mark.slow
@pytest.mark.usefixtures("real_sending_hours")
@pytest.mark.parametrize(
    "zone", ["America/New_York", "Pacific/Auckland", only_deep("Asia/Shanghai"), only_deep("Europe/London")]
)
def test_reminder_is_sent_on_scheduled_day_in_any_zone(on_the_day_before, zone):
    """The job runs at 5:10 site time, which is late in the evening in London."""
    on_the_day_before.move_to(DAY_BEFORE.replace(hour=5, minute=10) - timedelta(days=20), tick=False)
    there = ZoneInfo(zone)
    enrollment = learner(team=make_team(time_zone=zone))
    Enrollment.objects.filter(pk=enrollment.pk).update(due_at=due_instant(FRIDAY, there))
    for hour in range(24 * 28):
        if hour % 24 == 0:
            remind_due()
        sent_emails()
        on_the_day_before.shift(timedelta(hours=1))
    sent_at = [each.ended_at.astimezone(there) for each in OutgoingEmail.objects.filter(kind="reminder", state="sent")]
    assert sorted(f"{each:%m-%d}" for each in sent_at) == ["12-02", "12-10", "12-16"]


@pytest.mark.parametrize("people", [1, 3])
def test_job_takes_same_queries_for_1_and_3_people(people, django_assert_num_queries):
    team = make_team()
    for _ in range(people):
        learner(team=team)
    # Schedules, zones, calendars and courses in use (4), people, and whether there are more.
    with django_assert_num_queries(11):
        list(reminders_due(DailyEmails(site_day(), timezone.now())))


def test_new_enrollment_gets_no_reminder(on_the_day_before):
    person = make_user()
    enroll(person, make_course(), due_at=due_instant(FRIDAY, ZONE))
    assert remind_due() == ""
