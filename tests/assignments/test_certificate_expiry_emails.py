"""Sixty, thirty and seven days before a certificate ends its holder is told, once each, as long as it is so."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from courseware.assignments.emails import daily_email_jobs
from courseware.assignments.emails.certificate_expiry import emails, tell_of_endings
from courseware.assignments.emails.daily_email_jobs import DailyEmails
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Enrollment
from courseware.notifications.models import OutgoingEmail
from tests.assignments.rules import make_certified
from tests.making import letters, make_team, make_user

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-26T04:00:00Z", tick=False)


def holder(course, days, *, team=None):
    team = team or make_team("East centre", manager=make_user("Li Lin"))
    person = make_certified(course, team, TODAY + timedelta(days=days))
    OutgoingEmail.objects.all().delete()  # those about the way there
    return person


def told():
    return list(OutgoingEmail.objects.filter(kind="certificate-ending").order_by("pk").values_list("state", "why"))


def test_it_is_told_sixty_thirty_and_seven_days_before_once_each_and_up_to_two_days_later(course):
    holder(course, 100)
    days = {}
    for number in range(105):
        said = [tell_of_endings(TODAY + timedelta(days=number)) for _ in range(2)]
        if any(said):
            days[100 - number] = said
    assert days == {60: ["emails: 1", ""], 30: ["emails: 1", ""], 7: ["emails: 1", ""]}
    OutgoingEmail.objects.all().delete()
    assert [days for days in range(64, 1, -1) if tell_of_endings(TODAY + timedelta(days=100 - days))] == [60, 30, 7]


@pytest.mark.parametrize("days, is_told", [(61, False), (60, True), (58, True), (57, False), (5, True), (4, False)])
def test_a_day_on_which_nobody_looked_is_caught_up_for_two_days(course, days, is_told):
    holder(course, days)
    assert tell_of_endings() == ("emails: 1" if is_told else "")


def test_who_has_left_and_who_renews_is_not_told(course):
    gone, renews = holder(course, 30), holder(course, 30)
    gone.is_active = False
    gone.save()
    enroll(renews, course)
    assert tell_of_endings() == ""


def test_the_letter_says_until_when_and_whom_to_tell(course, mailoutbox):
    person = holder(course, 30)
    person.language, person.name = "en", "Wang Ming"
    person.save()
    tell_of_endings()
    letters()
    [letter] = mailoutbox
    assert letter.subject == "Your certificate “Rules of the tea room” is valid until 26 December 2026"
    assert letter.body.split("\n\n")[:4] == [
        "Hello Wang Ming,",
        "Your certificate “Rules of the tea room” is valid until 26 December 2026.",
        "To renew it, take the course again. If you are not enrolled for this yet, tell me in good time.",
        "Li Lin\nManager of East centre",
    ]


def test_what_has_changed_by_the_time_it_leaves_keeps_it_back_and_says_why(course):
    person = holder(course, 30)
    tell_of_endings()
    enroll(person, course)
    letters()
    assert told() == [("skipped", "the certificate was renewed or revoked in the meantime")]


def test_a_certificate_that_lasts_longer_meanwhile_is_no_news(course):
    holder(course, 30)
    tell_of_endings()
    Enrollment.objects.update(certified_until=TODAY + timedelta(days=400))
    letters()
    assert told() == [("skipped", "the certificate was renewed or revoked in the meantime")]


@pytest.mark.parametrize("people", [1, 3])
def test_the_job_asks_as_many_queries_for_one_as_for_three(course, people, django_assert_num_queries):
    team = make_team()
    for _ in range(people):
        holder(course, 30, team=team)
    with django_assert_num_queries(3):
        assert len(list(emails(DailyEmails(TODAY, timezone.now())))) == people


def test_people_are_taken_a_batch_at_a_time(course, monkeypatch):
    """Also where names are in another order than keys."""
    monkeypatch.setattr(daily_email_jobs, "PEOPLE_AT_ONCE", 1)
    for name in ("Zoe", "Bob", "Amy"):
        person = holder(course, 30)
        person.name = name
        person.save()
    assert tell_of_endings() == "emails: 3"
    assert [each.person.name for each in OutgoingEmail.objects.order_by("pk")] == ["Zoe", "Bob", "Amy"]
