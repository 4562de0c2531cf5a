"""Certifications: until when a person is certified in a course."""

from datetime import date

import pytest
from django.utils import timezone

from courseware.accounts.models import User
from courseware.assessment.certificates.external_training import record_external_training
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.content.models import Course
from courseware.content.releases.course_import import import_course
from courseware.learning.enrollments.enrollment import begin_enrolling, enroll, enroll_next
from courseware.learning.models import Enrollment
from courseware.reporting.integrity import certificates, enrollments
from tests.assessment.exams import certificate_of, make_course, ready, sit
from tests.course_format.samples import make_files
from tests.faults.sites import wait_until
from tests.learning.test_absence_shifts import is_anybody_waiting
from tests.learning.test_headcount_concurrency import at_work  # noqa: F401 - a fixture
from tests.making import join, make_admin, make_enrollment, make_hr, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
NEVER, ALWAYS = date(1, 1, 1), date(9999, 12, 31)
EARLIER, TODAY, LATER = date(2026, 11, 1), date(2026, 11, 26), date(2027, 11, 1)


def revoke(certificate):
    revoke_certificate(certificate, reason="The answers were passed on.", by=make_admin())


def stored_certifications():
    return set(Certification.objects.values_list("learner", "certificate", "certified_until"))


def test_completion_stores_certification_with_expiry_date():
    person, course = make_user(), make_course()
    sit(ready(course, person))
    make_enrollment(make_user(), course)  # never certified: no row
    certificate = Certificate.objects.get()
    assert stored_certifications() == {(person.pk, certificate.pk, certificate.valid_until or ALWAYS)}


def test_longest_valid_certificate_is_stored():
    person, course = make_user(), make_course()
    for until, best in ((EARLIER, EARLIER), (LATER, LATER), (TODAY, LATER), (None, ALWAYS), (LATER, ALWAYS)):
        certificate_of(person, course, valid_until=until)
        assert [row[2] for row in stored_certifications()] == [best]


def test_revoked_certificate_certifies_nobody_else_unaffected():
    person, course, other = make_user(), make_course(), make_user()
    other_certificate = certificate_of(other, course, valid_until=LATER)
    first = certificate_of(person, course, valid_until=TODAY)
    second = certificate_of(person, course, valid_until=LATER)
    revoke(second)
    assert stored_certifications() == {(other.pk, other_certificate.pk, LATER), (person.pk, first.pk, TODAY)}
    revoke(first)
    assert stored_certifications() == {(other.pk, other_certificate.pk, LATER), (person.pk, second.pk, NEVER)}
    third = certificate_of(person, course, valid_until=EARLIER)
    assert stored_certifications() == {(other.pk, other_certificate.pk, LATER), (person.pk, third.pk, EARLIER)}


@pytest.mark.slow
def test_newest_enrollment_holds_certified_until():
    person, course = make_user(), make_course()
    certificate = certificate_of(person, course, valid_until=LATER)
    assert certified_until_by_newest() == {certificate.enrollment_id: LATER}
    again = make_enrollment(person, course)
    another = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    elsewhere, other = make_enrollment(person, import_course(another).course), make_enrollment(course=course)
    assert certified_until_by_newest() == {again.pk: LATER, elsewhere.pk: None, other.pk: None}
    revoke(certificate)
    assert certified_until_by_newest() == {again.pk: NEVER, elsewhere.pk: None, other.pk: None}
    complete_course(again)
    assert certified_until_by_newest()[again.pk] > LATER
    assert [*certificates.newest_certifications(), *enrollments.headcounts()] == []


def test_saving_stale_enrollment_keeps_certified_until():
    person, course = make_user(), make_course()
    certificate = certificate_of(person, course, valid_until=LATER)
    read_before = make_enrollment(person, course)
    revoke(certificate)
    read_before.save()
    Enrollment.objects.write_many([Enrollment.objects.get(pk=read_before.pk)], ["due_at"])
    assert certified_until_by_newest() == {read_before.pk: NEVER}
    assert [*certificates.newest_certifications(), *enrollments.headcounts()] == []


def test_removing_newest_enrollment_updates_previous_one():
    person, course = make_user(), make_course()
    certificate = certificate_of(person, course, valid_until=LATER)
    again = make_enrollment(person, course)
    revoke(certificate)
    Enrollment.objects.remove_many([again])
    assert certified_until_by_newest() == {certificate.enrollment_id: NEVER}
    assert [*certificates.newest_certifications(), *enrollments.headcounts()] == []


def test_bulk_create_sets_certified_until():
    people, course = [make_user() for _ in range(2)], make_course()
    certificate = certificate_of(people[0], course, valid_until=LATER)
    Enrollment.objects.filter(pk=certificate.enrollment_id).update(is_newest=False)
    new = Enrollment.objects.bulk_create(Enrollment(learner=each, course=course) for each in people)
    assert certified_until_by_newest() == {new[0].pk: LATER, new[1].pk: None}


@pytest.mark.parametrize("stored", [None, EARLIER])
def test_certified_until_that_differs_from_certification_is_reported(stored):
    enrollment = certificate_of(make_user(), make_course(), valid_until=LATER).enrollment
    certificate_of(make_user(), enrollment.course, valid_until=LATER)
    make_enrollment(course=enrollment.course)
    assert list(certificates.newest_certifications()) == []
    Enrollment.objects.filter(pk=enrollment.pk).update(certified_until=stored)
    assert list(certificates.newest_certifications()) == [
        f"enrollment {enrollment.pk}: certified until {stored} by its enrollment, until {LATER} by the certification"
    ]


def certified_until_by_newest():
    return dict(Enrollment.objects.newest().values_list("pk", "certified_until"))


@pytest.fixture
def company(transactional_db):
    """Kim has completed the course; Ash has not started it."""
    make_course()
    team = make_team("tea")
    for name in ("Kim", "Ash"):
        join(team, make_user(name))
    complete_course(make_enrollment(person("Kim")))
    make_hr(name="Hana")
    return team


def person(name):
    return User.objects.get(name=name)


def train(name):
    stored = {"trained_on": timezone.localdate(), "proof": "Seen"}
    training = ExternalTraining(person=person(name), course=Course.objects.get(), **stored)
    assert record_external_training([training], by=person("Hana"))


def enroll_team(team):
    enroll_next(begin_enrolling([team], Course.objects.get(), due_on=timezone.localdate()), by=None)


CHANGES = {
    "withdrawn and enrolled again": (
        lambda company: revoke_certificate(Certificate.objects.get(), reason="A mistake", by=person("Hana")),
        lambda company: enroll(person("Kim"), Course.objects.get()),
    ),
    "external training and enrolled again": (
        lambda company: train("Kim"),
        lambda company: enroll(person("Kim"), Course.objects.get()),
    ),
    "external training and enrolled": (
        lambda company: train("Ash"),
        lambda company: enroll(person("Ash"), Course.objects.get()),
    ),
    "external training and enrolled with others": (lambda company: train("Ash"), enroll_team),
}


@pytest.mark.parametrize("is_reversed", [False, True], ids=["enrolled second", "enrolled first"])
@pytest.mark.parametrize("change", CHANGES)
def test_concurrent_changes_leave_consistent_records(change, is_reversed, company, at_work):  # noqa: F811
    first, second = reversed(CHANGES[change]) if is_reversed else CHANGES[change]
    earlier = at_work(lambda: first(company))
    assert earlier.has_acted.wait(60)
    later = at_work(lambda: second(company))
    wait_until(lambda: later.has_acted.is_set() or is_anybody_waiting(), "the second neither acts nor waits")
    for each in (earlier, later):
        each.may_end.set()
        each.future.result(60)
    found = [*enrollments.newest_enrollments(), *enrollments.headcounts()]
    assert [*found, *certificates.certifications(), *certificates.newest_certifications()] == []
    assert Enrollment.objects.newest().count() == Enrollment.objects.values("learner").distinct().count()
