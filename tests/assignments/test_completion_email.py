"""Who completes a course is told once: what was reached, where the certificate is, until when, and what is next."""

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
from tests.making import join, letters, make_admin, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def host(settings):
    settings.SITE_URL = "https://training.example.com"


def arrived(team, course, name="Wang Ming"):
    person = make_user(name, language="en")
    join(team, person)
    complete_course(enroll(person, course))
    return person


def told():
    letters()
    return list(OutgoingEmail.objects.filter(kind="arrival").order_by("pk").values_list("state", "why"))


def test_it_says_what_was_reached_where_the_certificate_is_and_until_when(team, course, mailoutbox):
    arrived(team, course)
    certificate = Certificate.objects.get()
    Certificate.objects.update(valid_until=date(2030, 12, 9), points=19, max_points=20)
    assert told() == [("sent", "")]
    [letter] = mailoutbox
    assert letter.subject == "Your certificate for “Rules of the tea room”"
    assert letter.body.split("\n\n")[:5] == [
        "Hello Wang Ming,",
        "You have completed “Rules of the tea room”, with 19 of 20 points in the exam.\n"
        "Your certificate is valid until 9 December 2030:\n"
        f"https://training.example.com/certificates/{certificate.number}/\n"
        "You can print it there. If you share the address, other people can check that the certificate is genuine.",
        "You have nothing else to do now.",
        "Li Lin\nManager of Night shift",
        "You get this email once for each course that you complete.\n",
    ]


def test_it_names_the_next_act_where_another_course_is_open(team, course, mailoutbox):
    person = arrived(team, course)
    enroll(person, another_course(b"other"))
    letters()
    [letter] = [each for each in mailoutbox if "certificate" in each.subject]
    assert "\n\nNext is “Rules of the tea room”, about " in letter.body
    assert "\nhttps://training.example.com/learn/other/" in letter.body
    assert "You have nothing else to do" not in letter.body


def test_two_courses_completed_before_it_leaves_are_one_letter(team, course, mailoutbox):
    person = arrived(team, course)
    complete_course(enroll(person, another_course(b"other")))
    assert told() == [("sent", "")]
    assert mailoutbox[-1].body.count("/certificates/") == 2


def test_a_certificate_that_is_withdrawn_by_then_is_no_news(team, course):
    arrived(team, course)
    revoke_certificate(Certificate.objects.get(), reason="by mistake", by=make_admin())
    assert told() == [("skipped", completion.TAKEN_BACK)]


def test_what_is_entered_afterwards_is_no_news(team, course):
    run = enroll(make_user(), course)
    completion.queue_completion_email(type(run), run, timezone.now() - timedelta(days=2))
    assert told() == []


def test_it_stands_in_the_tray_with_the_certificate_behind_it(team, course):
    person = arrived(team, course)
    [(_line, said)] = inbox.in_words(Notification.objects.of(person.pk).filter(kind="arrival"))
    assert said == ("“Rules of the tea room” is completed", f"/certificates/{Certificate.objects.get().number}/")


@pytest.mark.parametrize("people", [1, 3])
def test_what_it_says_takes_as_many_queries_for_three_as_for_one(team, course, people, django_assert_num_queries):
    for _ in range(people):
        arrived(team, course)
    messages = list(OutgoingEmail.objects.filter(kind="arrival").select_related("person"))
    with django_assert_num_queries(4):
        assert len(completion.in_words(messages)) == people
