"""External training: it certifies like a certificate until it is revoked."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from courseware.assessment.certificates.external_training import (
    OwnTraining,
    default_expiry,
    record_external_training,
    revoke_external_training,
)
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.audit_log.models import Event
from courseware.reporting.integrity.audit_log import differences as log_differences
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import certificate_of
from tests.course_format.samples import make_files
from tests.making import make_admin, make_course, make_enrollment, make_hr, make_user

pytestmark = pytest.mark.django_db
NEVER, ALWAYS = date(1, 1, 1), date(9999, 12, 31)
BEFORE, ENDS, LATER = date(2026, 3, 2), date(2027, 3, 2), date(2027, 11, 1)


def make_training(person, course, on=BEFORE, until=ENDS, **fields):
    return ExternalTraining(
        person=person, course=course, trained_on=on, valid_until=until, **{"proof": "Certificate of TÜV"} | fields
    )


def stored_certifications():
    return set(Certification.objects.values_list("learner", "course", "certificate", "outside", "certified_until"))


def events_of(verb):
    return list(Event.objects.filter(verb=verb).order_by("pk").values_list("subject", "actor", "data"))


def test_external_training_certifies_person_until_its_last_day():
    person, other, hr, course = make_user(), make_user(), make_hr(), make_course()
    make_enrollment(other, course)
    [one] = record_external_training([make_training(person, course)], by=hr)
    assert stored_certifications() == {(person.pk, course.pk, None, one.pk, ENDS)}
    assert (one.recorded_by, one.revoked_at) == (hr, None)
    data = {"training": one.pk, "course": course.pk, "on": "2026-03-02", "until": "2027-03-02"}
    assert events_of("external-training-recorded") == [(f"person:{person.pk}", hr.pk, data)]
    assert not Certificate.objects.exists()


def test_second_record_for_same_day_is_ignored():
    people, hr, course = [make_user() for _ in range(3)], make_hr(), make_course()
    assert len(record_external_training([make_training(person, course) for person in people], by=hr)) == 3
    before = stored_certifications()
    same = [make_training(person, course, proof="Said otherwise", until=LATER) for person in people]
    assert record_external_training([*same, make_training(people[0], course)], by=hr) == []
    assert stored_certifications() == before
    twice = [make_training(people[0], course, on=date(2026, 4, 1), until=None) for _ in range(2)]
    assert len(record_external_training(twice, by=hr)) == 1
    assert ExternalTraining.objects.count() == len(events_of("external-training-recorded")) == 4
    assert [row[4] for row in stored_certifications() if row[0] == people[0].pk] == [ALWAYS]


def test_longest_valid_proof_counts_and_certificate_wins_tie():
    person, hr, course = make_user(), make_hr(), make_course()
    certificate = certificate_of(person, course, valid_until=ENDS)
    [same] = record_external_training([make_training(person, course)], by=hr)
    assert stored_certifications() == {(person.pk, course.pk, certificate.pk, None, ENDS)}
    [longer] = record_external_training([make_training(person, course, on=date(2026, 4, 1), until=LATER)], by=hr)
    assert stored_certifications() == {(person.pk, course.pk, None, longer.pk, LATER)}
    revoke_certificate(certificate, reason="The answers were passed on.", by=make_admin())
    revoke_external_training(longer, reason="Another person of that name.", by=hr)
    assert stored_certifications() == {(person.pk, course.pk, None, same.pk, ENDS)}


def test_revoked_training_certifies_nobody_and_can_be_recorded_anew():
    person, other, hr, course = make_user(), make_user(), make_hr(), make_course()
    one, other_training = record_external_training([make_training(person, course), make_training(other, course)], by=hr)
    assert revoke_external_training(one, reason="Another person of that name.", by=hr)
    assert not revoke_external_training(one, reason="Again.", by=hr)
    assert stored_certifications() == {(other.pk, course.pk, None, other_training.pk, ENDS)}
    one.refresh_from_db()
    assert (one.revoked_by, one.revocation_reason) == (hr, "Another person of that name.")
    assert events_of("external-training-revoked") == [(f"person:{person.pk}", hr.pk, {"training": one.pk})]
    [again] = record_external_training([make_training(person, course)], by=hr)
    assert again.pk != one.pk and (person.pk, course.pk, None, again.pk, ENDS) in stored_certifications()


def test_nobody_records_or_revokes_own_training():
    hr, colleague, course = make_hr(), make_hr(), make_course()
    with pytest.raises(OwnTraining):
        record_external_training([make_training(make_user(), course), make_training(hr, course)], by=hr)
    assert not ExternalTraining.objects.exists()
    [one] = record_external_training([make_training(hr, course)], by=colleague)
    with pytest.raises(OwnTraining):
        revoke_external_training(one, reason="Wrong", by=hr)
    assert not ExternalTraining.objects.exclude(revoked_at=None).exists()


def test_default_expiry_follows_course_validity():
    assert default_expiry(make_course(), date(2024, 2, 29)) == date(2025, 2, 28)
    without_end = {path: data.replace(b"valid_months: 12\n", b"") for path, data in make_files().items()}
    assert default_expiry(make_course(without_end), date(2024, 2, 29)) is None


@pytest.mark.slow
def test_integrity_check_reports_changed_training():
    person, hr, course = make_user(), make_hr(), make_course()
    [one] = record_external_training([make_training(person, course)], by=hr)
    [revoked] = record_external_training([make_training(make_user(), course)], by=hr)
    revoke_external_training(revoked, reason="Another person.", by=hr)
    assert list(differences()) == [] == list(log_differences())
    Certification.objects.create(learner=revoked.person, course=course, outside=revoked, certified_until=NEVER)
    assert list(differences()) == [
        f"person {revoked.person_id}: certified in course {course.pk} by a revoked proof or one of another person "
        "or course"
    ]
    Certification.objects.filter(outside=revoked).delete()
    Certification.objects.filter(learner=person).update(certified_until=BEFORE)
    prefix = f"person {person.pk}: certified in course {course.pk} until"
    found = [f"{prefix} 2026-03-02 as stored, until 2027-03-02 by external training {one.pk}"]
    assert [line for line in differences() if line.startswith("person")] == found
    ExternalTraining.objects.filter(pk=one.pk).update(valid_until=LATER)
    ExternalTraining.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now() - timedelta(days=1))
    assert list(log_differences()) == [
        f"external-training {one.pk}: the audit log has no “external-training-recorded” with the same data",
        f"external-training {revoked.pk}: the audit log has no “external-training-revoked” with the same data",
    ]
    Certification.objects.all().delete()
    ExternalTraining.objects.all().delete()
    assert len(list(log_differences())) == 3


@pytest.mark.parametrize("people", [1, 3])
def test_recording_3_people_costs_same_queries_as_1(people, django_assert_num_queries):
    course, hr = make_course(), make_hr()
    trainings = [make_training(make_user(), course) for _ in range(people)]
    postgres = connection.vendor == "postgresql"  # one more statement: the lock on first enrollments
    with django_assert_num_queries(16 + postgres):
        record_external_training(trainings, by=hr)
