"""Email about a completed course: result, certificate and next step."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate
from courseware.assignments.emails import completion
from courseware.learning.enrollments.enrollment import enroll
from courseware.notifications import inbox
from courseware.notifications.models import Notification, OutgoingEmail
from tests.hr.two_accounts import another_course
from tests.making import join, make_admin, make_user, sent_emails
from tests.world import complete_course

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def host(settings):
    settings.SITE_URL = "https://training.example.com"


def make_completed(team, course, name="Wang Ming"):
    person = make_user(name, language="en")
    join(team, person)
    complete_course(enroll(person, course))
    return person


def states():
    sent_emails()
    return list(OutgoingEmail.objects.filter(kind="arrival").order_by("pk").values_list("state", "why"))


def test_email_shows_points_and_certificate(team, course, mailoutbox):
    make_completed(team, course)
    certificate = Certificate.objects.get()
    Certificate.objects.update(valid_until=date(2030, 12, 9), points=19, max_points=20)
    assert states() == [("sent", "")]
    [email] = mailoutbox
    assert email.subject == "Your certificate for “Rules of the tea room”"
    assert email.body.split("\n\n")[:5] == [
        "Hello Wang Ming,",
        "You have completed “Rules of the tea room”, with 19 of 20 points in the exam.\n"
        "Your certificate is valid until 9 December 2030:\n"
        f"https://training.example.com/certificates/{certificate.number}/\n"
        "Open the link to print the certificate. If you share the link, other people can check that "
        "the certificate is genuine.",
        "You have nothing else to do now.",
        "Li Lin\nManager of Night shift",
        "You get this email once for each course that you complete.\n",
    ]


@pytest.mark.slow
def test_email_names_next_step_in_other_course(team, course, mailoutbox):
    person = make_completed(team, course)
    enroll(person, another_course(b"other"))
    sent_emails()
    [email] = [each for each in mailoutbox if "certificate" in each.subject]
    assert "\n\nYour next course is “Rules of the tea room”, about " in email.body
    assert "\nhttps://training.example.com/learn/other/" in email.body
    assert "You have nothing else to do" not in email.body


@pytest.mark.slow
def test_completions_before_sending_share_one_email(team, course, mailoutbox):
    person = make_completed(team, course)
    complete_course(enroll(person, another_course(b"other")))
    assert states() == [("sent", "")]
    assert mailoutbox[-1].body.count("/certificates/") == 2


def test_email_is_skipped_if_certificate_is_revoked(team, course):
    make_completed(team, course)
    revoke_certificate(Certificate.objects.get(), reason="by mistake", by=make_admin())
    assert states() == [("skipped", completion.TAKEN_BACK)]


def test_completion_recorded_days_later_sends_no_email(team, course):
    enrollment = enroll(make_user(), course)
    completion.queue_completion_email(type(enrollment), enrollment, timezone.now() - timedelta(days=2))
    assert states() == []


def test_notification_links_to_certificate(team, course):
    person = make_completed(team, course)
    [(_line, text)] = inbox.in_words(Notification.objects.of(person.pk).filter(kind="arrival"))
    assert text == ("“Rules of the tea room” is completed", f"/certificates/{Certificate.objects.get().number}/")


@pytest.mark.parametrize("people", [1, 3])
def test_text_takes_same_queries_for_1_and_3_people(team, course, people, django_assert_num_queries):
    for _ in range(people):
        make_completed(team, course)
    messages = list(OutgoingEmail.objects.filter(kind="arrival").select_related("person"))
    with django_assert_num_queries(4):
        assert len(completion.in_words(messages)) == people
