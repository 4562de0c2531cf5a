"""Email that asks managers for follow-ups, unless they are answered by then."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from courseware.accounts.models import Membership
from courseware.assignments.follow_ups.follow_ups import answer_follow_up, ask_managers
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.lib.dates import site_day
from courseware.notifications.models import OutgoingEmail
from tests.assignments.follow_ups import completed, survey_of
from tests.making import join, make_admin, make_team, make_user, sent_emails

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_sending_hours")]
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def tuesday(settings, time_machine):
    settings.HOLIDAY_CALENDAR, settings.TIME_ZONE = "", "Asia/Shanghai"
    settings.SITE_URL = "https://training.example.com"
    time_machine.move_to(datetime(2026, 12, 15, 5, 25, tzinfo=ZONE), tick=False)
    return time_machine


def at_nine(tuesday):
    tuesday.move_to(datetime(2026, 12, 15, 9, tzinfo=ZONE), tick=False)


def emails():
    return list(
        OutgoingEmail.objects.filter(kind="follow-up").order_by("pk").values_list("person__name", "state", "why")
    )


def test_follow_ups_of_one_morning_share_one_email(tuesday, team, mailoutbox):
    completed(team, "Wang Ming", days_ago=30)
    completed(team, "Zhao Lei", days_ago=31)
    completed(team, "Long ago", days_ago=40)
    completed(team, "Yesterday", days_ago=1)
    assert [ask_managers(), ask_managers()] == ["emails: 2", ""]
    assert sent_emails() == []
    at_nine(tuesday)
    [email] = sent_emails()
    assert email.to == [team.manager.email]
    assert email.subject == "Follow-up survey after a course: please answer about 2 people in your team"
    text = email.body.split("\n\n", 1)[1]
    assert text.startswith(
        """These people completed a course some time ago. How do they work now, after the course?
– Zhao Lei: “Rules of the tea room”, completed on Saturday 14 November
– Wang Ming: “Rules of the tea room”, completed on Sunday 15 November

In the survey, select a few answers for each person. The survey takes about 1 minute:
https://training.example.com/team/follow-ups/
"""
    )
    assert sorted(state for _name, state, _why in emails()) == ["sent", "skipped"]  # combined with the first


def test_all_managers_of_nearest_team_get_email(team):
    join(team, make_user("Second"), Membership.Role.MANAGER)
    completed(team, "Wang", days_ago=30)
    completed(None, "Alone", days_ago=30)
    ask_managers()
    assert [name for name, _state, _why in emails()] == ["Li Lin", "Second"]


@pytest.mark.parametrize(
    "happens, why",
    [
        ("answered", "another manager has already answered the survey"),
        ("moved", "the recipient no longer manages the people in the email"),
        ("left", "the people in the email are away or have left the company, or the follow-up survey is closed"),
        ("away", "the people in the email are away or have left the company, or the follow-up survey is closed"),
    ],
)
def test_email_is_skipped_with_reason(tuesday, team, happens, why):
    enrollment = completed(team, "Wang", days_ago=30)
    ask_managers()
    person = enrollment.learner
    if happens == "answered":
        answer_follow_up(enrollment, survey_of(enrollment), None, by=team.manager)
    elif happens == "moved":
        person.memberships.update(team=make_team())
    elif happens == "left":
        person.is_active = False
        person.save()
    else:
        record_absence(person, site_day(), site_day() + timedelta(days=2), by=make_admin())
    at_nine(tuesday)
    assert sent_emails() == []
    assert emails() == [("Li Lin", "skipped", why)]


def test_missed_follow_up_is_caught_up_for_2_days(team):
    completed(team, "Two days", days_ago=32)
    completed(team, "Three days", days_ago=33)
    assert ask_managers() == "emails: 1"
