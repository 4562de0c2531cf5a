"""The person page lists certification, enrollments and certificates by course."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate
from tests.making import (
    days,
    join,
    make_course,
    make_enrollment,
    make_team,
    make_user,
)
from tests.reporting.test_two_courses import make_second_course
from tests.world import complete_course

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def add_certificate(person, course, **changed):
    enrollment = make_enrollment(person, course)
    complete_course(enrollment)
    certificate = Certificate.objects.get(enrollment=enrollment)
    Certificate.objects.filter(pk=certificate.pk).update(**changed)
    certificate.refresh_from_db()
    store_certifications([certificate])
    return certificate


@pytest.fixture
def lea():
    """A learner who completed tea twice, renews it now and has not started first aid."""
    tea, aid = make_course(), make_second_course()
    person, team = make_user("Lea"), make_team()
    join(team, person)
    add_certificate(person, tea, valid_until=timezone.localdate() - timedelta(days=400))
    add_certificate(person, tea, valid_until=timezone.localdate() + timedelta(days=30))
    person.renewal = make_enrollment(person, tea, due_at=days(20))
    person.first_aid = make_enrollment(person, aid, due_at=days(10))
    add_certificate(make_user("Another"), tea)
    person.manager = team.manager
    return person


def course_history(client, enrollment):
    """{course: (status, text of each enrollment)}."""
    page = BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser")
    history = {}
    for each in page.select(".course-statuses > li"):
        title, *text = each.p.stripped_strings
        history[title] = (
            " ".join(" ".join(text).split()),
            [" ".join(enrollment.get_text(" ").split()) for enrollment in each.select("ul > li")],
        )
    return history


def day(number):
    found = timezone.localdate() + timedelta(days=number)
    return f"{found.day} {found:%B %Y}"


def test_each_course_lists_enrollments_and_certificates(client, lea):
    client.force_login(lea.manager)
    today = day(0)
    expected = {
        "First aid": ("not started", [f"Enrolled {today}"]),
        "Rules of the tea room": (
            f"certified until {day(30)} renewal open, due {day(20).rsplit(' ', 1)[0]}",
            [
                f"Enrolled {today}",
                f"Enrolled {today} · completed {today} certificate until {day(30)}",
                f"Enrolled {today} · completed {today} certificate until {day(-400)}",
            ],
        ),
    }
    for enrollment in (lea.renewal, lea.first_aid):
        assert course_history(client, enrollment) == expected


def test_shown_enrollment_is_marked_and_others_are_links(client, lea):
    client.force_login(lea.manager)
    page = BeautifulSoup(client.get(f"/team/people/{lea.first_aid.pk}/").content, "html.parser")
    enrollments = {enrollment.pk for enrollment in lea.enrollments.all()} - {lea.first_aid.pk}
    assert {link["href"] for link in page.select(".course-statuses a")} == {f"/team/people/{pk}/" for pk in enrollments}
    assert len(page.select(".course-statuses [aria-current=page]")) == 1


def test_earlier_enrollment_shows_current_status(client, lea):
    client.force_login(lea.manager)
    earlier = lea.enrollments.order_by("pk").first()
    assert course_history(client, earlier) == course_history(client, lea.renewal)


def test_revoked_certificate_is_shown_at_its_enrollment(client, lea):
    revoke_certificate(
        Certificate.objects.get(enrollment__learner=lea, valid_until__gt=timezone.localdate()),
        reason="So",
        by=lea.manager,
    )
    client.force_login(lea.manager)
    text, enrollments = course_history(client, lea.renewal)["Rules of the tea room"]
    assert text == f"not started certificate expired {day(-400)}"
    assert [enrollment.split("completed")[-1].strip() for enrollment in enrollments[1:]] == [
        f"{day(0)} certificate revoked", f"{day(0)} certificate until {day(-400)}",
    ]  # fmt: skip


def test_earlier_enrollment_shows_no_certificate_in_head(client, lea):
    """Only the current enrollment has the certificate's present date."""
    client.force_login(lea.manager)
    earlier = lea.enrollments.filter(course=lea.renewal.course).earliest("pk")
    page = BeautifulSoup(client.get(f"/team/people/{earlier.pk}/").content, "html.parser")
    head = " ".join(page.select_one("dl.facts").find_previous_sibling("p").get_text(" ").split())
    assert "completed" in head and "certifi" not in head
