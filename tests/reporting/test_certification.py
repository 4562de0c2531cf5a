"""Who is certified: said wherever a manager or the holder would else read "completed" as "certified"."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.external_training import record_external_training, revoke_external_training
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.learning.due_dates.absence_shifts import record_absence
from courseware.learning.models import Enrollment
from courseware.learning.status import headcount_updates
from courseware.reporting.exports import columns
from courseware.reporting.integrity.check_all import differences
from tests.making import days, join, make_admin, make_course, make_enrollment, make_files, make_hr, make_user
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
    revoke_certificate(certificate, reason="The answers were passed on.", by=make_admin())
    return certificate


def expired(certificate):
    certificate.valid_until = timezone.localdate() - DAY
    certificate.save()
    store_certifications([certificate])
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
    column = columns.headings("en").index("Certified")
    cells = {row[0]: row[column] for row in list(columns.texts(rows, "en"))[1:] if row[3] == "Rules of the tea room"}
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
    record = reverse("learner_home:record", args=["tea-room"])
    for client, address in ((manager, "/team/"), (manager, person), (own, record)):
        assert "not certified" not in main_of(client, address)
    taken_back(certificate)
    for client, address in ((manager, "/team/"), (manager, person), (own, record)):
        assert "not certified" in main_of(client, address)
    assert "Certificate revoked" in main_of(manager, person)
    assert "The answers were passed on." in main_of(own, record)
    assert "The answers were passed on." not in main_of(manager, person)
    assert Enrollment.objects.get(pk=certificate.enrollment_id).completed_at
    assert "completed" in main_of(manager, "/team/")


# Whoever is said to be certified without a proof is found: by the row of the board, and by the certification.


UNTIL = date(2099, 12, 31)


def test_a_run_that_says_certified_where_no_standing_does_is_found():
    run = make_enrollment()
    assert list(differences()) == []
    Enrollment.objects.update(certified_until=UNTIL)
    headcount_updates.recount([None])
    assert list(differences()) == [
        f"enrollment {run.pk}: certified until 2099-12-31 by its enrollment, until None by the certification"
    ]


def test_a_standing_by_the_proof_of_another_person_or_course_is_found():
    run, other = make_enrollment(), make_enrollment()
    complete_course(run)
    proof = Certificate.objects.get()
    assert list(differences()) == []
    said = {"certificate": proof, "certified_until": proof.certifies_until}
    Certification.objects.create(learner=other.learner, course=other.course, **said)
    Enrollment.objects.store_certified({(other.learner_id, other.course_id)})
    assert list(differences()) == [
        f"person {other.learner_id}: certified in course {other.course_id} "
        "by a proof that was revoked or belongs to another person or course"
    ]
    assert timezone.localdate() <= Enrollment.objects.get(pk=other.pk).certified_until


# External training


def trained(team, course, name, *ends, **fields):
    """Trained elsewhere, until these days."""
    person, today = make_user(name), timezone.localdate()
    join(team, person)
    run = make_enrollment(person, course, **fields)
    for number, until in enumerate(ends):
        said = {"trained_on": today - (9 + number) * DAY, "valid_until": until, "proof": "List of the former firm"}
        record_external_training([ExternalTraining(person=person, course=course, **said)], by=make_hr(name="Hana"))
    return run


def trained_taken_back(run):
    revoke_external_training(ExternalTraining.objects.get(person=run.learner), reason="Another Lea", by=make_hr())
    return run


def page(person, address):
    client = Client()
    client.force_login(person)
    return BeautifulSoup(client.get(address).content, "html.parser").main.get_text(" ", strip=True)


def test_board_and_file_say_of_whom_it_certifies_that_it_was_elsewhere(team, course):
    today = timezone.localdate()
    trained(team, course, "Holds", today)
    trained(team, course, "Ended", today - DAY)
    trained_taken_back(trained(team, course, "Wrong", None))
    trained(team, course, "Never")
    rows = rows_shown_to(team.manager)
    column = columns.headings("en").index("Certified")
    assert {row[0]: row[column] for row in list(columns.texts(rows, "en"))[1:]} == {
        "Holds": "yes, external training", "Ended": "no", "Wrong": "", "Never": "",
    }  # fmt: skip
    board = page(team.manager, "/team/")
    assert board.count("external training expired") == 1  # of “Ended”
    assert board.count("external training") == 2


def test_manager_and_learner_read_what_it_was_by_whom_and_until_when_but_only_the_learner_why_it_was_wrong(
    team, course
):
    run = trained(team, course, "Lea", timezone.localdate() + DAY)
    address, own = f"/team/people/{run.pk}/", "/learn/tea-room/record/"
    for person, where in ((team.manager, address), (run.learner, own)):
        said = page(person, where)
        assert "External training on" in said and "List of the former firm · recorded by Hana" in said
    trained_taken_back(run)
    assert "Another Lea" in page(run.learner, own)
    assert "Another Lea" not in page(team.manager, address)
    assert "List of the former firm" not in page(team.manager, address)


def test_the_first_page_of_a_renewal_says_that_one_is_certified_and_shows_no_certificate(team, course):
    until = timezone.localdate() + DAY
    run = trained(team, course, "Lea", until, renews_until=until)
    beside = trained(team, course, "Bo", renews_until=until)
    said = "You are certified until"
    assert said in page(run.learner, "/") and "Open the certificate" not in page(run.learner, "/")
    assert said not in page(beside.learner, "/")
    trained_taken_back(run)
    assert said not in page(run.learner, "/")
    assert not Certificate.objects.exists()


def test_what_ended_elsewhere_was_no_certificate(team, course):
    yesterday = timezone.localdate() - timedelta(days=1)
    ended = trained(team, course, "Ended", yesterday)
    words, board = f"external training expired {date_format(yesterday)}", page(team.manager, "/team/")
    assert words in board
    assert "certificate expired" not in board and "certificate revoked" not in board
    assert words in page(team.manager, f"/team/people/{ended.pk}/")


def test_what_was_recorded_by_mistake_and_taken_back_was_never_there(team, course):
    run, beside = trained_taken_back(trained(team, course, "Lea", None)), trained(team, course, "Lea")
    rows = {str(row.enrollment.pk): row.cells._replace(enrollment=0) for row in rows_shown_to(team.manager)}
    assert rows[str(run.pk)] == rows[str(beside.pk)]
    assert Enrollment.objects.get(pk=run.pk).certified_until is None
    assert "external training" not in page(team.manager, "/team/").lower()
    assert "external training" not in page(team.manager, f"/team/people/{run.pk}/").lower()
    headcount_updates.compact_headcounts()
    assert list(differences()) == []


def test_also_where_a_certificate_of_before_was_withdrawn_only_that_is_said(team, course):
    run = trained(team, course, "Lea", None)
    complete_course(run)
    revoke_certificate(Certificate.objects.get(), reason="Answers were passed on", by=make_hr())
    trained_taken_back(run)
    board = page(team.manager, "/team/")
    assert "certificate revoked" in board and "external training" not in board.lower()
    assert list(differences()) == []


def test_a_certificate_that_ended_is_still_called_one(team, course):
    run = trained(team, course, "Lea")
    complete_course(run)
    expired(Certificate.objects.get())
    board = page(team.manager, "/team/")
    assert "certificate expired" in board and "external training" not in board.lower()


# Who is certified, renews and is away: the absence stands in place of the state, and the certificate beside it.


def test_the_row_of_who_renews_and_is_away_still_says_until_when_certified(team, course):
    today = timezone.localdate()
    run = trained(team, course, "Lea", today + timedelta(days=40), due_at=days(20))
    assert "certified until" in page(team.manager, "/team/")
    record_absence(run.learner, today, today + timedelta(days=3), by=team.manager)
    text = page(team.manager, "/team/")
    assert "away until" in text and "certified until" in text
