"""No reminder is sent while an extension request waits for an answer."""

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
from tests.making import join, make_enrollment, make_user, sent_emails
from tests.reporting.test_two_courses import make_second_course

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("course")]
ZONE = ZoneInfo("Asia/Shanghai")
TODAY, FRIDAY, MONDAY = date(2026, 12, 10), date(2026, 12, 11), date(2026, 12, 14)
REFUSED = ExtensionAnswer("refused")


@pytest.fixture(autouse=True)
def on_reminder_day(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 10, 9, tzinfo=ZONE), tick=False)
    return time_machine


def learner(team, name):
    """An enrollment due tomorrow, made a month ago."""
    person = make_user(name, language="en")
    join(team, person)
    month_ago = timezone.now() - timedelta(days=30)
    return make_enrollment(person, due_at=due_instant(FRIDAY, ZONE), enrolled_at=month_ago)


def reminders():
    return [
        (each.person.name, each.state, each.why)
        for each in OutgoingEmail.objects.filter(kind="reminder").order_by("pk")
    ]


def test_reminder_is_queued_only_after_answer(team):
    waits = learner(team, "Waits")
    learner(team, "Other")
    request = request_extension(waits, MONDAY)
    scheduled = {each.name: each.why_not for each in preview_emails(TODAY) if each.message.kind == "reminder"}
    assert scheduled == {"Waits": ASKS, "Other": ""}
    assert remind_due() == "reminders: 1"
    answer_extension_request(request.pk, REFUSED, by=team.manager)
    assert remind_due() == "reminders: 1"
    assert [name for name, _state, _why in reminders()] == ["Other", "Waits"]


def test_waiting_reminder_is_skipped_with_reason(team):
    enrollment = learner(team, "Waits")
    learner(team, "Other")
    remind_due()
    request_extension(enrollment, MONDAY)
    sent_emails()
    assert reminders() == [("Waits", "skipped", ASKS), ("Other", "sent", "")]


def test_skipped_reminder_is_sent_after_answer(team, time_machine):
    enrollment = learner(team, "Waits")
    remind_due()
    request = request_extension(enrollment, MONDAY)
    sent_emails()
    answer_extension_request(request.pk, REFUSED, by=team.manager)
    time_machine.move_to(datetime(2026, 12, 11, 9, tzinfo=ZONE), tick=False)
    assert [remind_due(), remind_due()] == ["reminders: 1", ""]
    sent_emails()
    assert reminders() == [("Waits", "sent", "")]


def test_reminder_of_other_course_is_sent(team):
    enrollment = learner(team, "Waits")
    make_enrollment(
        enrollment.learner, make_second_course(), due_at=enrollment.due_at, enrolled_at=enrollment.enrolled_at
    )
    assert remind_due() == "reminders: 2"
    request_extension(enrollment, MONDAY)
    [email] = sent_emails()
    assert "/learn/first-aid/" in email.body
    assert "/learn/tea-room/" not in email.body


def test_manual_and_suggested_reminders_skip_requester(team):
    waits, other = learner(team, "Waits"), learner(team, "Other")
    request_extension(waits, MONDAY)
    draft = suggested_actions_for(team.manager, timezone.now(), counts_others=True)
    assert [[each.name for each in group.people] for group in draft.reminders] == [["Other"]]
    assert [(each.why, each.names) for each in draft.left_out] == [(NotReminded.ASKS, "Waits")]
    assert [each.name for each in draft.more_time] == ["Other"]
    reminding, left = remind([waits.pk, other.pk], by=team.manager)
    assert [each.person.name for each in reminding.sent()] == ["Other"]
    assert [(each.run.learner.name, each.why) for each in left] == [("Waits", NotReminded.ASKS)]
