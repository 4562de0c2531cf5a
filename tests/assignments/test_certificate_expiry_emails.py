"""Email to certificate holders 60, 30 and 7 days before expiry, once each."""

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
from tests.making import make_team, make_user, sent_emails

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to("2026-11-26T04:00:00Z", tick=False)


def holder(course, days, *, team=None):
    team = team or make_team("East centre", manager=make_user("Li Lin"))
    person = make_certified(course, team, TODAY + timedelta(days=days))
    OutgoingEmail.objects.all().delete()  # emails about earlier steps
    return person


def states():
    return list(OutgoingEmail.objects.filter(kind="certificate-ending").order_by("pk").values_list("state", "why"))


@pytest.mark.slow
def test_email_is_sent_60_30_and_7_days_before_expiry(course):
    holder(course, 100)
    days = {}
    for number in range(105):
        results = [tell_of_endings(TODAY + timedelta(days=number)) for _ in range(2)]
        if any(results):
            days[100 - number] = results
    assert days == {60: ["emails: 1", ""], 30: ["emails: 1", ""], 7: ["emails: 1", ""]}
    OutgoingEmail.objects.all().delete()
    assert [days for days in range(64, 1, -1) if tell_of_endings(TODAY + timedelta(days=100 - days))] == [60, 30, 7]


@pytest.mark.parametrize("days, is_sent", [(61, False), (60, True), (58, True), (57, False), (5, True), (4, False)])
def test_missed_day_is_caught_up_for_2_days(course, days, is_sent):
    holder(course, days)
    assert tell_of_endings() == ("emails: 1" if is_sent else "")


def test_former_and_renewing_people_get_no_email(course):
    gone, renews = holder(course, 30), holder(course, 30)
    gone.is_active = False
    gone.save()
    enroll(renews, course)
    assert tell_of_endings() == ""


def test_email_shows_expiry_date_and_manager(course, mailoutbox):
    person = holder(course, 30)
    person.language, person.name = "en", "Wang Ming"
    person.save()
    tell_of_endings()
    sent_emails()
    [email] = mailoutbox
    assert email.subject == "Your certificate “Rules of the tea room” is valid until 26 December 2026"
    assert email.body.split("\n\n")[:4] == [
        "Hello Wang Ming,",
        "Your certificate “Rules of the tea room” is valid until 26 December 2026.",
        "To renew the certificate, take the course again. If you are not enrolled in the renewal yet, tell me before "
        "the certificate expires.",
        "Li Lin\nManager of East centre",
    ]


def test_email_is_skipped_after_renewal(course):
    person = holder(course, 30)
    tell_of_endings()
    enroll(person, course)
    sent_emails()
    assert states() == [("skipped", "the certificate was renewed or revoked before this email was sent")]


def test_email_is_skipped_if_certificate_is_extended(course):
    holder(course, 30)
    tell_of_endings()
    Enrollment.objects.update(certified_until=TODAY + timedelta(days=400))
    sent_emails()
    assert states() == [("skipped", "the certificate was renewed or revoked before this email was sent")]


@pytest.mark.parametrize("people", [1, 3])
def test_job_takes_same_queries_for_1_and_3_people(course, people, django_assert_num_queries):
    team = make_team()
    for _ in range(people):
        holder(course, 30, team=team)
    with django_assert_num_queries(3):
        assert len(list(emails(DailyEmails(TODAY, timezone.now())))) == people


def test_people_are_processed_in_batches(course, monkeypatch):
    """Names are in another order than ids."""
    monkeypatch.setattr(daily_email_jobs, "PEOPLE_AT_ONCE", 1)
    for name in ("Zoe", "Bob", "Amy"):
        person = holder(course, 30)
        person.name = name
        person.save()
    assert tell_of_endings() == "emails: 3"
    assert [each.person.name for each in OutgoingEmail.objects.order_by("pk")] == ["Zoe", "Bob", "Amy"]
