"""The page of a person says where they stand in each course, with the runs and certificates below it."""

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

pytestmark = pytest.mark.django_db


def certified(person, course, **changed):
    run = make_enrollment(person, course)
    complete_course(run)
    certificate = Certificate.objects.get(enrollment=run)
    Certificate.objects.filter(pk=certificate.pk).update(**changed)
    certificate.refresh_from_db()
    store_certifications([certificate])
    return certificate


@pytest.fixture
def lea():
    """Of a team: tea completed twice, once long ago, and renewed now; first aid begun by nobody."""
    tea, aid = make_course(), make_second_course()
    person, team = make_user("Lea"), make_team()
    join(team, person)
    certified(person, tea, valid_until=timezone.localdate() - timedelta(days=400))
    certified(person, tea, valid_until=timezone.localdate() + timedelta(days=30))
    person.renewal = make_enrollment(person, tea, due_at=days(20))
    person.first_aid = make_enrollment(person, aid, due_at=days(10))
    certified(make_user("Another"), tea)
    person.lead = team.manager
    return person


def standings(client, run):
    """{course: (what is said of it, the words of each run)}."""
    page = BeautifulSoup(client.get(f"/team/people/{run.pk}/").content, "html.parser")
    words = {}
    for each in page.select(".course-statuses > li"):
        title, *said = each.p.stripped_strings
        words[title] = (
            " ".join(" ".join(said).split()),
            [" ".join(run.get_text(" ").split()) for run in each.select("ul > li")],
        )
    return words


def day(number):
    found = timezone.localdate() + timedelta(days=number)
    return f"{found.day} {found:%B %Y}"


def test_each_course_has_its_standing_and_below_it_all_runs_with_their_certificates(client, lea):
    client.force_login(lea.lead)
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
    for run in (lea.renewal, lea.first_aid):
        assert standings(client, run) == expected


def test_the_run_that_the_page_is_about_is_marked_and_the_others_are_links(client, lea):
    client.force_login(lea.lead)
    page = BeautifulSoup(client.get(f"/team/people/{lea.first_aid.pk}/").content, "html.parser")
    runs = {run.pk for run in lea.enrollments.all()} - {lea.first_aid.pk}
    assert {link["href"] for link in page.select(".course-statuses a")} == {f"/team/people/{pk}/" for pk in runs}
    assert len(page.select(".course-statuses [aria-current=page]")) == 1


def test_the_page_of_an_earlier_run_says_the_standing_by_the_newest_one(client, lea):
    client.force_login(lea.lead)
    earlier = lea.enrollments.order_by("pk").first()
    assert standings(client, earlier) == standings(client, lea.renewal)


def test_a_certificate_that_was_withdrawn_is_said_to_be_at_its_run(client, lea):
    revoke_certificate(
        Certificate.objects.get(enrollment__learner=lea, valid_until__gt=timezone.localdate()), reason="So", by=lea.lead
    )
    client.force_login(lea.lead)
    said, runs = standings(client, lea.renewal)["Rules of the tea room"]
    assert said == f"not started certificate expired {day(-400)}"
    assert [run.split("completed")[-1].strip() for run in runs[1:]] == [
        f"{day(0)} certificate revoked", f"{day(0)} certificate until {day(-400)}",
    ]  # fmt: skip


def test_the_page_of_an_earlier_run_says_nothing_of_a_certificate_at_its_head(client, lea):
    """Which only the newest run knows: the earlier one still has the day that was known when the newest was begun."""
    client.force_login(lea.lead)
    earlier = lea.enrollments.filter(course=lea.renewal.course).earliest("pk")
    page = BeautifulSoup(client.get(f"/team/people/{earlier.pk}/").content, "html.parser")
    head = " ".join(page.select_one("dl.facts").find_previous_sibling("p").get_text(" ").split())
    assert "completed" in head and "certifi" not in head
