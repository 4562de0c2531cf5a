"""Who is certified: said wherever a manager or the holder would else read "completed" as "certified"."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courseware.assessment.models import Certificate, Standing
from courseware.assessment.standing import keep_standing
from courseware.assessment.withdrawing import withdraw
from courseware.learning import recounting
from courseware.learning.models import Enrollment
from courseware.reporting import exports
from courseware.reporting.consistency import differences
from tests.making import join, make_admin, make_course, make_enrollment, make_files, make_user
from tests.world import complete_course, rows_shown_to

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def holder(team, name, course=None):
    """A certificate of a new learner in the team."""
    person = make_user(name)
    join(team, person)
    return certificate_of(person, course or make_course())


def certificate_of(person, course):
    enrollment = make_enrollment(person, course)
    complete_course(enrollment)
    return Certificate.objects.get(enrollment=enrollment)


def taken_back(certificate):
    withdraw(certificate, reason="The answers were passed on.", by=make_admin())
    return certificate


def expired(certificate):
    certificate.valid_until = timezone.localdate() - DAY
    certificate.save()
    keep_standing(certificate)
    return certificate


def learner(certificate):
    return certificate.enrollment.learner


def everyone(team):
    valid = holder(team, "Valid")
    taken_back(holder(team, "Withdrawn"))
    expired(holder(team, "Expired"))
    # What else is not valid beside a valid one, and what is valid of somebody else or in another course.
    twice = holder(team, "Earlier is valid")
    taken_back(certificate_of(learner(twice), twice.enrollment.course))
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    certificate_of(learner(taken_back(holder(team, "Valid elsewhere"))), make_course(other))
    course = valid.enrollment.course
    make_enrollment(learner(holder(team, "Renews", course)), course)
    make_enrollment(learner(taken_back(holder(team, "Begins again", course))), course)
    beginner = make_user("Never")
    join(team, beginner)
    make_enrollment(beginner, course)


def test_board_and_file_tell_who_is_certified(team):
    everyone(team)
    rows = rows_shown_to(team.manager)
    column = exports.headings("en").index("Certified")
    cells = {row[0]: row[column] for row in list(exports.texts(rows, "en"))[1:] if row[3] == "Rules of the tea room"}
    said = {
        (row.name, row.state.value, row.validity.value, row.cells.shows_certificate)
        for row in rows
        if row.journey.outline.course_id == "tea-room"
    }
    assert said == {
        ("Valid", "completed", "certified", True), ("Withdrawn", "completed", "ended", False),
        ("Expired", "completed", "ended", False), ("Earlier is valid", "completed", "certified", True),
        ("Valid elsewhere", "completed", "ended", False), ("Renews", "renewing", "certified", True),
        ("Begins again", "not-started", "ended", False), ("Never", "not-started", "never", False),
    }  # fmt: skip
    assert {name: cell for name, cell in cells.items() if name != "Valid elsewhere"} == {
        "Valid": "yes", "Withdrawn": "no", "Expired": "no", "Earlier is valid": "yes", "Renews": "yes",
        "Begins again": "no", "Never": "",
    }  # fmt: skip


def main_of(client, address):
    return BeautifulSoup(client.get(address).content, "html.parser").main.get_text(" ", strip=True)


def test_a_withdrawn_certificate_is_read_on_every_page_of_manager_and_holder(team):
    certificate = holder(team, "Lea")
    manager, own = Client(), Client()
    manager.force_login(team.manager)
    own.force_login(learner(certificate))
    person = f"/team/people/{certificate.enrollment_id}/"
    record = reverse("journey:record", args=["tea-room"])
    for client, address in ((manager, "/team/"), (manager, person), (own, record)):
        assert "not certified" not in main_of(client, address)
    taken_back(certificate)
    for client, address in ((manager, "/team/"), (manager, person), (own, record)):
        assert "not certified" in main_of(client, address)
    assert "Certificate withdrawn" in main_of(manager, person)
    assert "The answers were passed on." in main_of(own, record)
    assert "The answers were passed on." not in main_of(manager, person)
    assert Enrollment.objects.get(pk=certificate.enrollment_id).completed_at
    assert "completed" in main_of(manager, "/team/")


# Whoever is said to be certified without a proof is found: by the row of the board, and by the standing.


UNTIL = date(2099, 12, 31)


def test_a_run_that_says_certified_where_no_standing_does_is_found():
    run = make_enrollment()
    assert list(differences()) == []
    Enrollment.objects.update(certified_until=UNTIL)
    recounting.recount([None])
    assert list(differences()) == [
        f"enrollment {run.pk}: certified until 2099-12-31 by what its row says, until None by the standing"
    ]


def test_a_standing_by_the_proof_of_another_person_or_course_is_found():
    run, other = make_enrollment(), make_enrollment()
    complete_course(run)
    proof = Certificate.objects.get()
    assert list(differences()) == []
    said = {"certificate": proof, "certified_until": proof.certifies_until}
    Standing.objects.create(learner=other.learner, course=other.course, **said)
    Enrollment.objects.keep_certified({(other.learner_id, other.course_id)})
    assert list(differences()) == [
        f"person {other.learner_id}: certified in course {other.course_id} "
        "by a proof of another person or course, or taken back"
    ]
    assert timezone.localdate() <= Enrollment.objects.get(pk=other.pk).certified_until
