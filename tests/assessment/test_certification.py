"""Until when somebody is certified in a course, kept beside the certificates."""

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
from tests.learning.test_headcounts_at_once import at_work  # noqa: F401 - a fixture
from tests.learning.test_postponing import is_anybody_waiting
from tests.making import join, make_admin, make_enrollment, make_hr, make_team, make_user
from tests.world import complete_course

pytestmark = pytest.mark.django_db
NEVER, ALWAYS = date(1, 1, 1), date(9999, 12, 31)
EARLIER, TODAY, LATER = date(2026, 11, 1), date(2026, 11, 26), date(2027, 11, 1)


def taken_back(certificate):
    revoke_certificate(certificate, reason="The answers were passed on.", by=make_admin())


def kept():
    return set(Certification.objects.values_list("learner", "certificate", "certified_until"))


def test_completing_a_course_is_kept_with_the_last_day_of_its_certificate():
    person, course = make_user(), make_course()
    sit(ready(course, person))
    make_enrollment(make_user(), course)  # never certified: no row
    certificate = Certificate.objects.get()
    assert kept() == {(person.pk, certificate.pk, certificate.valid_until or ALWAYS)}


def test_of_several_certificates_the_one_that_is_valid_longest_is_kept():
    person, course = make_user(), make_course()
    for until, best in ((EARLIER, EARLIER), (LATER, LATER), (TODAY, LATER), (None, ALWAYS), (LATER, ALWAYS)):
        certificate_of(person, course, valid_until=until)
        assert [row[2] for row in kept()] == [best]


def test_a_withdrawn_certificate_certifies_nobody_and_leaves_the_others_and_other_people_alone():
    person, course, other = make_user(), make_course(), make_user()
    beside = certificate_of(other, course, valid_until=LATER)
    first = certificate_of(person, course, valid_until=TODAY)
    second = certificate_of(person, course, valid_until=LATER)
    taken_back(second)
    assert kept() == {(other.pk, beside.pk, LATER), (person.pk, first.pk, TODAY)}
    taken_back(first)
    assert kept() == {(other.pk, beside.pk, LATER), (person.pk, second.pk, NEVER)}
    third = certificate_of(person, course, valid_until=EARLIER)
    assert kept() == {(other.pk, beside.pk, LATER), (person.pk, third.pk, EARLIER)}


def test_the_newest_run_says_until_when_the_person_is_certified_and_those_of_other_courses_do_not():
    person, course = make_user(), make_course()
    certificate = certificate_of(person, course, valid_until=LATER)
    assert said_by_newest() == {certificate.enrollment_id: LATER}
    again = make_enrollment(person, course)
    another = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in make_files().items()}
    elsewhere, other = make_enrollment(person, import_course(another).course), make_enrollment(course=course)
    assert said_by_newest() == {again.pk: LATER, elsewhere.pk: None, other.pk: None}
    taken_back(certificate)
    assert said_by_newest() == {again.pk: NEVER, elsewhere.pk: None, other.pk: None}
    complete_course(again)
    assert said_by_newest()[again.pk] > LATER
    assert [*certificates.newest_certifications(), *enrollments.headcounts()] == []


def test_saving_a_run_that_was_read_before_changes_nothing_of_what_it_says_of_the_certificate():
    person, course = make_user(), make_course()
    certificate = certificate_of(person, course, valid_until=LATER)
    read_before = make_enrollment(person, course)
    taken_back(certificate)
    read_before.save()
    Enrollment.objects.write_many([Enrollment.objects.get(pk=read_before.pk)], ["due_at"])
    assert said_by_newest() == {read_before.pk: NEVER}
    assert [*certificates.newest_certifications(), *enrollments.headcounts()] == []


def test_the_run_before_says_it_anew_where_the_newest_is_removed():
    person, course = make_user(), make_course()
    certificate = certificate_of(person, course, valid_until=LATER)
    again = make_enrollment(person, course)
    taken_back(certificate)
    Enrollment.objects.remove_many([again])
    assert said_by_newest() == {certificate.enrollment_id: NEVER}
    assert [*certificates.newest_certifications(), *enrollments.headcounts()] == []


def test_many_who_are_enrolled_at_once_say_what_is_known_of_each():
    people, course = [make_user() for _ in range(2)], make_course()
    certificate = certificate_of(people[0], course, valid_until=LATER)
    Enrollment.objects.filter(pk=certificate.enrollment_id).update(is_newest=False)
    new = Enrollment.objects.bulk_create(Enrollment(learner=each, course=course) for each in people)
    assert said_by_newest() == {new[0].pk: LATER, new[1].pk: None}


@pytest.mark.parametrize("said", [None, EARLIER])
def test_a_newest_run_that_says_something_else_than_the_standing_is_named(said):
    run = certificate_of(make_user(), make_course(), valid_until=LATER).enrollment
    certificate_of(make_user(), run.course, valid_until=LATER)
    make_enrollment(course=run.course)
    assert list(certificates.newest_certifications()) == []
    Enrollment.objects.filter(pk=run.pk).update(certified_until=said)
    assert list(certificates.newest_certifications()) == [
        f"enrollment {run.pk}: certified until {said} by its enrollment, until {LATER} by the certification"
    ]


def said_by_newest():
    return dict(Enrollment.objects.newest().values_list("pk", "certified_until"))


@pytest.fixture
def firm(transactional_db):
    """Kim has completed the course, Ash has never begun it."""
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
    said = {"trained_on": timezone.localdate(), "proof": "Seen"}
    training = ExternalTraining(person=person(name), course=Course.objects.get(), **said)
    assert record_external_training([training], by=person("Hana"))


def enroll_team(team):
    enroll_next(begin_enrolling([team], Course.objects.get(), due_on=timezone.localdate()), by=None)


ACTS = {
    "withdrawn and enrolled again": (
        lambda firm: revoke_certificate(Certificate.objects.get(), reason="A mistake", by=person("Hana")),
        lambda firm: enroll(person("Kim"), Course.objects.get()),
    ),
    "external training and enrolled again": (
        lambda firm: train("Kim"),
        lambda firm: enroll(person("Kim"), Course.objects.get()),
    ),
    "external training and enrolled": (
        lambda firm: train("Ash"),
        lambda firm: enroll(person("Ash"), Course.objects.get()),
    ),
    "external training and enrolled with others": (lambda firm: train("Ash"), enroll_team),
}


@pytest.mark.parametrize("turned", [False, True], ids=["enrolled second", "enrolled first"])
@pytest.mark.parametrize("what", ACTS)
def test_both_are_right_whoever_comes_first(what, turned, firm, at_work):  # noqa: F811
    first, second = reversed(ACTS[what]) if turned else ACTS[what]
    begun = at_work(lambda: first(firm))
    assert begun.has_acted.wait(60)
    follows = at_work(lambda: second(firm))
    wait_until(lambda: follows.has_acted.is_set() or is_anybody_waiting(), "the second neither acts nor waits")
    for each in (begun, follows):
        each.may_end.set()
        each.future.result(60)
    found = [*enrollments.newest_enrollments(), *enrollments.headcounts()]
    assert [*found, *certificates.certifications(), *certificates.newest_certifications()] == []
    assert Enrollment.objects.newest().count() == Enrollment.objects.values("learner").distinct().count()
