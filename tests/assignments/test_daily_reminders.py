"""Reminders of due days: on the days of the plan, once, and only as long as something is still asked."""

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
from tests.making import join, letters, make_admin, make_course, make_enrollment, make_team, make_user
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
    """The run of somebody who was asked a month ago."""
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
    letters()
    return reminders()


def test_who_is_due_tomorrow_is_reminded_today_and_who_is_not_or_has_no_day_is_not():
    learner(name="Tomorrow")
    learner(name="In three weeks", due_on=FRIDAY + timedelta(days=21))
    learner(name="Without a day", due_on=None)
    learner(name="Two days late", due_on=FRIDAY - timedelta(days=3))
    learner(name="Three days late", due_on=FRIDAY - timedelta(days=4))
    assert remind_due() == "reminders: 2"
    assert sorted(reminders()) == [("Three days late", "queued", ""), ("Tomorrow", "queued", "")]


def days_reminded(clock, days):
    """The days on which the job, run twice a day, wrote something."""
    told = []
    for _ in range(days):
        if remind_due():
            told.append(timezone.localdate(timezone=ZONE).isoformat())
            letters()
        assert remind_due() == ""
        clock.shift(timedelta(days=1))
    return told


def test_each_day_of_the_plan_is_told_once_and_then_every_tenth_working_day(on_the_day_before):
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


def test_a_worker_that_was_down_for_days_writes_one_reminder(on_the_day_before):
    plan = ReminderSchedule.objects.create(course=learner().course, days=[1, -3], every=4)
    assert with_repeats(plan.days, plan.every)[:5] == [1, -3, -7, -11, -15]
    on_the_day_before.move_to(datetime(2026, 12, 23, 9, tzinfo=ZONE), tick=False)  # the eighth working day after
    assert (remind_due(), remind_due()) == ("reminders: 1", "")
    assert OutgoingEmail.objects.get(kind="reminder").key.endswith(":2026-12-11:-7")
    on_the_day_before.move_to(datetime(2027, 1, 26, 9, tzinfo=ZONE), tick=False)  # the last of six is due
    assert remind_due() == "reminders: 1"
    assert OutgoingEmail.objects.latest("pk").key.endswith(":2026-12-11:-31")
    on_the_day_before.move_to(datetime(2027, 2, 3, 9, tzinfo=ZONE), tick=False)  # three working days after another one
    assert (remind_due(), OutgoingEmail.objects.count()) == ("", 2)


def test_a_job_that_was_broken_off_goes_on_where_it_was(monkeypatch):
    for number in range(3):
        learner(name=f"Person {number}")
    monkeypatch.setattr(daily_email_jobs, "EMAILS_AT_ONCE", 1)
    write, written = daily_email_jobs.queue_once, []

    def dies(batch, **reasons):
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(batch)
        return write(batch, **reasons)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(daily_email_jobs, "queue_once", dies)
        remind_due()
    assert [remind_due(), remind_due()] == ["reminders: 1", ""]
    assert [name for name, _state, _why in reminders()] == ["Person 0", "Person 1", "Person 2"]


def test_another_due_day_begins_the_plan_anew(on_the_day_before):
    run = learner()
    remind_due()
    extend(run, date(2026, 12, 18), by=make_admin())
    assert sent() == [("Wang Ming", "skipped", "the due date was changed in the meantime")]
    on_the_day_before.move_to(datetime(2026, 12, 17, 9, tzinfo=ZONE), tick=False)
    remind_due()
    assert [state for _name, state, _why in sent()] == ["skipped", "sent"]


def test_the_plan_of_the_rule_that_enrolled_somebody_wins_over_that_of_the_course():
    course = make_course()
    team = make_team()
    by_rule, _by_hand = (learner(name=name, course=course, team=team) for name in ("By a rule", "By hand"))
    rule = make_rule(course)
    done = {"rule": rule, "version": rule.current, "person": by_rule.learner, "enrollment": by_rule}
    RuleAction.objects.create(deed=RuleAction.Kind.ENROLL, **done)
    ReminderSchedule.objects.create(course=course, days=[])
    plan = ReminderSchedule.objects.create(rule=rule, days=[9])
    assert remind_due() == ""
    plan.days = [1]
    plan.save()
    assert remind_due() == "reminders: 1"
    assert reminders() == [("By a rule", "queued", "")]


def test_a_reminder_says_what_is_left_what_comes_next_by_when_who_asks_and_when_it_ends(mailoutbox):
    learner(email="ming@example.com")
    remind_due()
    letters()
    [letter] = mailoutbox
    assert letter.to == ["ming@example.com"]
    assert letter.subject == "“Rules of the tea room” is due on Friday 11 December"
    assert letter.body.strip().split("\n\n") == PARAGRAPHS


PARAGRAPHS = [
    "Hello Wang Ming,",
    "“Rules of the tea room” is due on Friday 11 December, and you have not begun yet.\n"
    "2 steps are left, about 7 minutes in all.",
    "Next: Boiling water, about 2 minutes\n"
    "https://training.example.com/learn/tea-room/boiling/\n"
    "Or type training.example.com into your browser.",
    "Can’t make it in time? Tell me which date works for you. You do not need to give a reason.\n"
    "https://training.example.com/learn/tea-room/extension/",
    "Li Lin\nManager of East centre",
    "You get at most 3 emails about your training in 14 days, none at night and none on days off. Reminders "
    "stop when you finish, are exempt or leave the company. We never ask for your password or a code, by email "
    "or by phone.",
]


def test_a_reminder_is_in_the_language_of_its_reader(mailoutbox):
    run = learner()
    run.learner.language = "zh-hans"
    run.learner.save()
    remind_due()
    letters()
    [letter] = mailoutbox
    assert "你好" in letter.body
    assert "12月11日" in letter.subject


@pytest.mark.parametrize(
    "meanwhile, why",
    [
        (lambda run: complete_course(run), "the course was completed, exempted or merged in the meantime"),
        (
            lambda run: exempt(run, "Leave", by=make_admin()),
            "the course was completed, exempted or merged in the meantime",
        ),
        (lambda run: leave(run.learner), "the person left the company"),
        (lambda run: was_reminded(run), "the person was reminded in the last 20 hours"),
    ],
)
def test_what_has_changed_by_the_time_it_leaves_keeps_it_back_and_says_why(meanwhile, why):
    run = learner()
    remind_due()
    meanwhile(run)
    assert sent()[0] == ("Wang Ming", "skipped", why)


@pytest.mark.parametrize("kept_back", [exempt, extend])
def test_what_was_kept_back_and_is_taken_back_on_that_day_is_reminded_of_on_the_next(kept_back, on_the_day_before):
    run, admin = learner(), make_admin()
    remind_due()
    adjustment = kept_back(run, **ADJUSTED[kept_back], by=admin)
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


def was_reminded(run, hours=19):
    data = {"subjects": [[run.pk, FRIDAY.isoformat()]], "by": None}
    ended_at = timezone.now() - timedelta(hours=hours)
    OutgoingEmail.objects.create(
        kind="reminder", person=run.learner, data=data, state=DeliveryState.SENT, ended_at=ended_at
    )


def test_who_was_reminded_the_day_before_is_reminded_again():
    run = learner()
    was_reminded(run, hours=23)
    remind_due()
    assert sent()[-1] == ("Wang Ming", "sent", "")


@pytest.mark.usefixtures("letter_hours")
def test_two_courses_due_on_a_day_are_one_letter_and_a_letter_of_the_job_leaves_at_eight(on_the_day_before, mailoutbox):
    on_the_day_before.move_to(DAY_BEFORE.replace(hour=5), tick=False)
    run = learner()
    other = another_course(b"other")
    make_enrollment(run.learner, other, due_at=run.due_at, enrolled_at=run.enrolled_at)
    assert remind_due() == "reminders: 2"
    letters()
    assert [len(mailoutbox), OutgoingEmail.objects.filter(why="").count()] == [0, 2]
    on_the_day_before.move_to(DAY_BEFORE.replace(hour=8), tick=False)
    first = OutgoingEmail.objects.order_by("pk")[0].pk
    assert sent() == [("Wang Ming", "sent", ""), ("Wang Ming", "skipped", f"combined with email {first}")]
    [letter] = mailoutbox
    assert "You also have to do:\n– “" in letter.body


@pytest.mark.usefixtures("letter_hours")
@pytest.mark.parametrize(
    "zone", ["America/New_York", "Pacific/Auckland", only_deep("Asia/Shanghai"), only_deep("Europe/London")]
)
def test_wherever_its_reader_is_a_reminder_leaves_on_the_day_of_the_plan(on_the_day_before, zone):
    """Once a day, at ten past five where the site is, which is late in the evening in London."""
    on_the_day_before.move_to(DAY_BEFORE.replace(hour=5, minute=10) - timedelta(days=20), tick=False)
    there = ZoneInfo(zone)
    run = learner(team=make_team(time_zone=zone))
    Enrollment.objects.filter(pk=run.pk).update(due_at=due_instant(FRIDAY, there))
    for hour in range(24 * 28):
        if hour % 24 == 0:
            remind_due()
        letters()
        on_the_day_before.shift(timedelta(hours=1))
    left = [each.ended_at.astimezone(there) for each in OutgoingEmail.objects.filter(kind="reminder", state="sent")]
    assert sorted(f"{each:%m-%d}" for each in left) == ["12-02", "12-10", "12-16"]


@pytest.mark.parametrize("people", [1, 3])
def test_the_job_asks_as_many_queries_for_one_as_for_three(people, django_assert_num_queries):
    team = make_team()
    for _ in range(people):
        learner(team=team)
    # Plans, zones, calendars and courses in use (four), people, and whether there are more of them.
    with django_assert_num_queries(11):
        list(reminders_due(DailyEmails(site_day(), timezone.now())))


def test_a_new_run_is_told_of_by_its_first_letter_alone(on_the_day_before):
    person = make_user()
    enroll(person, make_course(), due_at=due_instant(FRIDAY, ZONE))
    assert remind_due() == ""
