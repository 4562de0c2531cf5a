"""While somebody waits for an answer about another day no reminder of that course leaves, and it is said why."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseware.assignments.emails.scheduled_emails import preview_emails
from courseware.assignments.manager_actions.daily_actions import NotReminded, remind
from courseware.assignments.reminders.daily_reminders import ASKS, remind_due
from courseware.learning.due_dates.extensions import ExtensionAnswer, answer_extension_request, request_extension
from courseware.lib.dates import due_instant
from courseware.notifications.models import OutgoingEmail
from courseware.reporting.today.suggested_actions import suggested_actions_for
from tests.making import join, letters, make_enrollment, make_user
from tests.reporting.test_two_courses import make_second_course

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]
ZONE = ZoneInfo("Asia/Shanghai")
TODAY, FRIDAY, MONDAY = date(2026, 12, 10), date(2026, 12, 11), date(2026, 12, 14)
REFUSED = ExtensionAnswer("refused")


@pytest.fixture(autouse=True)
def on_a_day_of_the_plan(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 10, 9, tzinfo=ZONE), tick=False)
    return time_machine


def learner(team, name):
    """Somebody who is due tomorrow, and was asked a month ago."""
    person = make_user(name, language="en")
    join(team, person)
    month_ago = timezone.now() - timedelta(days=30)
    return make_enrollment(person, due_at=due_instant(FRIDAY, ZONE), enrolled_at=month_ago)


def reminders():
    return [
        (each.person.name, each.state, each.why)
        for each in OutgoingEmail.objects.filter(kind="reminder").order_by("pk")
    ]


def test_a_reminder_of_the_plan_is_not_written_before_the_answer_and_then_it_is(team):
    waits = learner(team, "Waits")
    learner(team, "Other")
    request = request_extension(waits, MONDAY)
    foreseen = {each.name: each.why_not for each in preview_emails(TODAY) if each.message.kind == "reminder"}
    assert foreseen == {"Waits": ASKS, "Other": ""}
    assert remind_due() == "reminders: 1"
    answer_extension_request(request.pk, REFUSED, by=team.manager)
    assert remind_due() == "reminders: 1"
    assert [name for name, _state, _why in reminders()] == ["Other", "Waits"]


def test_a_reminder_that_waits_already_does_not_leave_and_says_why(team):
    run = learner(team, "Waits")
    learner(team, "Other")
    remind_due()
    request_extension(run, MONDAY)
    letters()
    assert reminders() == [("Waits", "skipped", ASKS), ("Other", "sent", "")]


def test_one_that_was_kept_back_leaves_after_the_answer(team, time_machine):
    run = learner(team, "Waits")
    remind_due()
    request = request_extension(run, MONDAY)
    letters()
    answer_extension_request(request.pk, REFUSED, by=team.manager)
    time_machine.move_to(datetime(2026, 12, 11, 9, tzinfo=ZONE), tick=False)
    assert [remind_due(), remind_due()] == ["reminders: 1", ""]
    letters()
    assert reminders() == [("Waits", "sent", "")]


def test_of_two_courses_the_other_is_reminded_of(team):
    run = learner(team, "Waits")
    make_enrollment(run.learner, make_second_course(), due_at=run.due_at, enrolled_at=run.enrolled_at)
    assert remind_due() == "reminders: 2"
    request_extension(run, MONDAY)
    [letter] = letters()
    assert "/learn/first-aid/" in letter.body
    assert "/learn/tea-room/" not in letter.body


def test_who_asks_is_left_out_of_reminders_by_hand_and_of_those_of_today_and_named(team):
    waits, other = learner(team, "Waits"), learner(team, "Other")
    request_extension(waits, MONDAY)
    draft = suggested_actions_for(team.manager, timezone.now(), counts_others=True)
    assert [[each.name for each in group.people] for group in draft.letters] == [["Other"]]
    assert [(each.why, each.names) for each in draft.left_out] == [(NotReminded.ASKS, "Waits")]
    assert [each.name for each in draft.more_time] == ["Other"]
    reminding, left = remind([waits.pk, other.pk], by=team.manager)
    assert [each.person.name for each in reminding.sent()] == ["Other"]
    assert [(each.run.learner.name, each.why) for each in left] == [("Waits", NotReminded.ASKS)]
