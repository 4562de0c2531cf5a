"""Certification status on pages, in exports and in integrity checks."""

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
    """The certificate of a new learner in the team."""
    person = make_user(name)
    join(team, person)
    return certificate_of(person, course or make_course())


def certificate_of(person, course):
    enrollment = make_enrollment(person, course)
    complete_course(enrollment)
    return Certificate.objects.get(enrollment=enrollment)


def revoked(certificate):
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
    revoked(holder(team, "Withdrawn"))
    expired(holder(team, "Expired"))
    # Invalid beside valid, and valid in another course only.
    twice = holder(team, "Earlier is valid")
    revoked(certificate_of(learner(twice), twice.enrollment.course))
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    certificate_of(learner(revoked(holder(team, "Valid elsewhere"))), make_course(other))
    course = valid.enrollment.course
    make_enrollment(learner(holder(team, "Renews", course)), course)
    make_enrollment(learner(revoked(holder(team, "Begins again", course))), course)
    beginner = make_user("Never")
    join(team, beginner)
    make_enrollment(beginner, course)


@pytest.mark.slow
def test_dashboard_and_export_show_certification_status(team):
    everyone(team)
    rows = rows_shown_to(team.manager)
    column = columns.headings("en").index("Certified")
    cells = {row[0]: row[column] for row in list(columns.texts(rows, "en"))[1:] if row[3] == "Rules of the tea room"}
    shown = {
        (row.name, row.state.value, row.validity.value, row.cells.shows_certificate)
        for row in rows
        if row.journey.outline.course_id == "tea-room"
    }
    assert shown == {
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


@pytest.mark.slow
def test_revoked_certificate_is_shown_to_manager_and_holder(team):
    certificate = holder(team, "Lea")
    manager, own = Client(), Client()
    manager.force_login(team.manager)
    own.force_login(learner(certificate))
    person = f"/team/people/{certificate.enrollment_id}/"
    record = reverse("learner_home:record", args=["tea-room"])
    for client, address in ((manager, "/team/"), (manager, person), (own, record)):
        assert "not certified" not in main_of(client, address)
    revoked(certificate)
    for client, address in ((manager, "/team/"), (manager, person), (own, record)):
        assert "not certified" in main_of(client, address)
    assert "Certificate revoked" in main_of(manager, person)
    assert "The answers were passed on." in main_of(own, record)
    assert "The answers were passed on." not in main_of(manager, person)
    assert Enrollment.objects.get(pk=certificate.enrollment_id).completed_at
    assert "completed" in main_of(manager, "/team/")


# Integrity checks: certified without a proof.


UNTIL = date(2099, 12, 31)


def test_enrollment_certified_without_certification_is_reported():
    enrollment = make_enrollment()
    assert list(differences()) == []
    Enrollment.objects.update(certified_until=UNTIL)
    headcount_updates.recount([None])
    assert list(differences()) == [
        f"enrollment {enrollment.pk}: certified until 2099-12-31 by its enrollment, until None by the certification"
    ]


def test_certification_with_foreign_proof_is_reported():
    enrollment, other = make_enrollment(), make_enrollment()
    complete_course(enrollment)
    proof = Certificate.objects.get()
    assert list(differences()) == []
    facts = {"certificate": proof, "certified_until": proof.certifies_until}
    Certification.objects.create(learner=other.learner, course=other.course, **facts)
    Enrollment.objects.store_certified({(other.learner_id, other.course_id)})
    assert list(differences()) == [
        f"person {other.learner_id}: certified in course {other.course_id} "
        "by a revoked proof or one of another person or course"
    ]
    assert timezone.localdate() <= Enrollment.objects.get(pk=other.pk).certified_until


# External training


def add_training(team, course, name, *ends, **fields):
    """An enrollment with external trainings until these days."""
    person, today = make_user(name), timezone.localdate()
    join(team, person)
    enrollment = make_enrollment(person, course, **fields)
    for number, until in enumerate(ends):
        training = {
            "trained_on": today - (9 + number) * DAY,
            "valid_until": until,
            "proof": "List of the former company",
        }
        record_external_training([ExternalTraining(person=person, course=course, **training)], by=make_hr(name="Hana"))
    return enrollment


def revoke_training(entry):
    revoke_external_training(ExternalTraining.objects.get(person=entry.learner), reason="Another Lea", by=make_hr())
    return entry


def page(person, address):
    client = Client()
    client.force_login(person)
    return BeautifulSoup(client.get(address).content, "html.parser").main.get_text(" ", strip=True)


def test_dashboard_and_export_name_external_training(team, course):
    today = timezone.localdate()
    add_training(team, course, "Holds", today)
    add_training(team, course, "Ended", today - DAY)
    revoke_training(add_training(team, course, "Wrong", None))
    add_training(team, course, "Never")
    rows = rows_shown_to(team.manager)
    column = columns.headings("en").index("Certified")
    assert {row[0]: row[column] for row in list(columns.texts(rows, "en"))[1:]} == {
        "Holds": "yes, external training", "Ended": "no", "Wrong": "", "Never": "",
    }  # fmt: skip
    dashboard = page(team.manager, "/team/")
    assert dashboard.count("external training expired") == 1  # of “Ended”
    assert dashboard.count("external training") == 2


@pytest.mark.slow
def test_reason_of_revoked_external_training_is_for_learner_only(team, course):
    enrollment = add_training(team, course, "Lea", timezone.localdate() + DAY)
    address, own = f"/team/people/{enrollment.pk}/", "/learn/tea-room/record/"
    for person, where in ((team.manager, address), (enrollment.learner, own)):
        text = page(person, where)
        assert "External training on" in text and "List of the former company · recorded by Hana" in text
    revoke_training(enrollment)
    assert "Another Lea" in page(enrollment.learner, own)
    assert "Another Lea" not in page(team.manager, address)
    assert "List of the former company" not in page(team.manager, address)


def test_renewal_shows_certified_until_without_certificate(team, course):
    until = timezone.localdate() + DAY
    enrollment = add_training(team, course, "Lea", until, renews_until=until)
    other = add_training(team, course, "Bo", renews_until=until)
    text = "You are certified until"
    assert text in page(enrollment.learner, "/") and "Open the certificate" not in page(enrollment.learner, "/")
    assert text not in page(other.learner, "/")
    revoke_training(enrollment)
    assert text not in page(enrollment.learner, "/")
    assert not Certificate.objects.exists()


@pytest.mark.slow
def test_expired_external_training_is_no_certificate(team, course):
    yesterday = timezone.localdate() - timedelta(days=1)
    ended = add_training(team, course, "Ended", yesterday)
    words, dashboard = f"external training expired {date_format(yesterday)}", page(team.manager, "/team/")
    assert words in dashboard
    assert "certificate expired" not in dashboard and "certificate revoked" not in dashboard
    assert words in page(team.manager, f"/team/people/{ended.pk}/")


@pytest.mark.slow
def test_revoked_external_training_leaves_no_trace(team, course):
    enrollment, other = revoke_training(add_training(team, course, "Lea", None)), add_training(team, course, "Lea")
    rows = {str(row.enrollment.pk): row.cells._replace(enrollment=0) for row in rows_shown_to(team.manager)}
    assert rows[str(enrollment.pk)] == rows[str(other.pk)]
    assert Enrollment.objects.get(pk=enrollment.pk).certified_until is None
    assert "external training" not in page(team.manager, "/team/").lower()
    assert "external training" not in page(team.manager, f"/team/people/{enrollment.pk}/").lower()
    headcount_updates.compact_headcounts()
    assert list(differences()) == []


@pytest.mark.slow
def test_revoked_certificate_hides_revoked_external_training(team, course):
    enrollment = add_training(team, course, "Lea", None)
    complete_course(enrollment)
    revoke_certificate(Certificate.objects.get(), reason="Answers were passed on", by=make_hr())
    revoke_training(enrollment)
    dashboard = page(team.manager, "/team/")
    assert "certificate revoked" in dashboard and "external training" not in dashboard.lower()
    assert list(differences()) == []


def test_expired_certificate_is_still_called_certificate(team, course):
    enrollment = add_training(team, course, "Lea")
    complete_course(enrollment)
    expired(Certificate.objects.get())
    dashboard = page(team.manager, "/team/")
    assert "certificate expired" in dashboard and "external training" not in dashboard.lower()


# An absence replaces the state; the certificate is still shown beside it.


def test_row_of_absent_certified_person_shows_both(team, course):
    today = timezone.localdate()
    enrollment = add_training(team, course, "Lea", today + timedelta(days=40), due_at=days(20))
    assert "certified until" in page(team.manager, "/team/")
    record_absence(enrollment.learner, today, today + timedelta(days=3), by=team.manager)
    text = page(team.manager, "/team/")
    assert "away until" in text and "certified until" in text
