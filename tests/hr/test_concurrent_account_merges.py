"""Merges, undos, enrollments, certificates and answers that happen at the same time."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from courseware.accounts.models import AccountMerge
from courseware.accounts.people.merge_checks import CannotMerge
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.external_training import record_external_training
from courseware.assessment.certificates.issuing import revoke_certificate
from courseware.assessment.models import Certificate, ExternalTraining
from courseware.assignments.models import FollowUpAnswers
from courseware.assignments.rules import execution
from courseware.assignments.rules.certified_enrollments import end_certified, end_unneeded, record_trainings
from courseware.assignments.rules.execution import act_on
from courseware.hr.people.account_merge import CannotUndo, merge, undo_merge
from courseware.learning.enrollments.enrollment import enroll
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment
from courseware.lib.dates import site_day
from courseware.lib.disclosure import STEP
from courseware.reporting.integrity.check_all import differences
from tests.assignments.follow_ups import answered, completed
from tests.assignments.rules import make_rule
from tests.at_once import one_behind_the_other
from tests.making import join, make_admin, make_course, make_hr, make_team, make_user
from tests.site.test_concurrent_logging import postgres, together  # noqa: F401 - a fixture
from tests.world import complete_course, finish_lessons

ROUNDS = 4


@pytest.fixture
def pairs(postgres):  # noqa: F811
    """For each round two accounts of one person, enrolled in one course."""
    course, team, admin = make_course(), make_team(), make_admin()
    found = []
    for _round in range(ROUNDS):
        kept, other = make_user(), make_user()
        join(team, kept)
        join(team, other)
        found.append((kept, other, enroll(kept, course, by=admin), enroll(other, course, by=admin)))
    return found


def refused_or_done(act, *args, **kwargs):
    with suppress(CannotMerge, CannotUndo):
        return act(*args, **kwargs)


def test_opposite_merges_of_same_accounts_run_once(pairs):
    for kept, other, *_enrollments in pairs:
        one, two = make_hr(), make_hr()
        together(
            lambda kept=kept, other=other, one=one: refused_or_done(merge, kept, other, by=one),
            lambda kept=kept, other=other, two=two: refused_or_done(merge, other, kept, by=two),
        )
    assert AccountMerge.objects.in_force().count() == len(pairs)
    assert list(differences()) == []


def test_same_merge_and_its_undo_run_once(pairs):
    hr = make_hr()
    for kept, other, *_enrollments in pairs:
        rows = together(*[lambda kept=kept, other=other: merge(kept, other, by=hr)] * 2)
        assert rows[0] == rows[1]
        undone = together(*[lambda row=rows[0]: refused_or_done(undo_merge, row, by=hr)] * 2)
        assert sorted(each is None for each in undone) == [False, True]
    assert list(differences()) == []


@pytest.mark.parametrize("index", [2, 3])
def test_learning_during_merge_loses_nothing(pairs, index):
    hr = make_hr()
    for row in pairs:
        kept, other, enrollment = row[0], row[1], row[index]
        together(
            lambda enrollment=enrollment: learn(enrollment), lambda kept=kept, other=other: merge(kept, other, by=hr)
        )
        assert Enrollment.objects.filter(learner=kept, is_newest=True, exempted_at=None).count() == 1
    assert list(differences()) == []
    for merged in AccountMerge.objects.all():
        undo_merge(merged, by=hr)
    assert list(differences()) == []
    assert Enrollment.objects.open().count() == 2 * len(pairs)


def learn(enrollment):
    finish_lessons(enrollment)


def test_enrollment_during_merge_is_transferred_or_reported(pairs):
    hr, admin = make_hr(), make_admin()
    for kept, other, own, theirs in pairs:
        Enrollment.objects.filter(pk__in=[own.pk, theirs.pk]).delete()
        course = own.course
        together(
            lambda other=other, course=course: enroll(other, course, by=admin),
            lambda kept=kept, other=other: merge(kept, other, by=hr),
        )
        remaining = Enrollment.objects.filter(learner=other)  # enrolled after the merge: reported by the check
        found = [line for line in differences() if "alias" in line and f"person {other.pk}" in line]
        assert len(found) == remaining.count()


def test_renewal_and_merge_do_not_deadlock(pairs):
    hr = make_hr()
    course = pairs[0][2].course
    rule = make_rule(course, renewal="whole", renewal_days=60)
    for kept, other, *own in pairs:
        for enrollment in reversed(own):  # so that ids of enrollments and of people differ in order
            complete_course(enrollment)
        for person in (other, kept):
            complete_course(enroll(person, course, by=hr))
    for each in Certificate.objects.select_related("enrollment"):
        each.valid_until = site_day() + timedelta(days=9)
        with transaction.atomic():
            each.save()
            store_certifications([each])
    for kept, other, *_enrollments in pairs:
        together(
            lambda kept=kept, other=other: act_on([kept.pk, other.pk], site_day(), rule=rule.pk),
            lambda kept=kept, other=other: merge(kept, other, by=hr),
        )
    assert AccountMerge.objects.in_force().count() == len(pairs)


def test_certificate_is_revoked_during_undo_of_merge(pairs):
    hr = make_hr()
    for kept, other, own, transferred in pairs:
        complete_course(transferred)
        complete_course(own)
        row = merge(kept, other, by=hr)
        certificate = Certificate.objects.get(enrollment=transferred)
        together(
            lambda certificate=certificate: revoke_certificate(certificate, reason="Passed on", by=hr),
            lambda row=row: undo_merge(row, by=hr),
        )
    assert not AccountMerge.objects.in_force().exists()
    assert list(differences()) == []


# An enrollment of a certified learner ends while another process changes it.


def training(person, course):
    return ExternalTraining(
        person=person, course=course, trained_on=date(2026, 3, 2), valid_until=date(2027, 11, 15), proof="Seen"
    )


def enroll_by_rule():
    course, team, person = make_course(), make_team(), make_user()
    join(team, person)
    make_rule(course, team_id=team.pk)
    execution.act()
    return Enrollment.objects.get(learner=person)


def test_enrollment_started_meanwhile_stays_open(postgres):  # noqa: F811
    enrollment = enroll_by_rule()
    record_external_training([training(enrollment.learner, enrollment.course)], by=make_hr())
    adjustment = Adjustment(kind="certified", made_at=timezone.now())
    one_behind_the_other(lambda: finish_lessons(enrollment), lambda: end_unneeded([enrollment.pk], adjustment))
    enrollment.refresh_from_db()
    assert enrollment.started_at and not enrollment.exempted_at and not AdjustmentItem.objects.exists()


def test_job_and_hr_end_enrollment_once(postgres):  # noqa: F811
    enrollment = enroll_by_rule()
    hr = make_hr()
    record = lambda: record_trainings([training(enrollment.learner, enrollment.course)], by=hr, ends=True)  # noqa: E731
    one_behind_the_other(record, record)
    assert end_certified() == "end: 0"
    assert AdjustmentItem.objects.get().enrollment == enrollment


# Two managers answer about two people of one team at the same time.


def test_concurrent_last_answers_complete_group_of_5(postgres):  # noqa: F811
    team = make_team()
    enrollments = [completed(team) for _person in range(STEP)]

    def answer(enrollment):
        answered(Enrollment.objects.get(pk=enrollment.pk), {"seen-off": 0}, by=team.manager)

    for enrollment in enrollments[:-2]:
        answer(enrollment)
    one_behind_the_other(lambda: answer(enrollments[-2]), lambda: answer(enrollments[-1]))
    assert FollowUpAnswers.objects.filter(team=team).count() == STEP
