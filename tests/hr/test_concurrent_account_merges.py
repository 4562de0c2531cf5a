"""Two merges in one moment, and a merge while the person learns: whoever comes second sees what the first has done."""

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
from tests.site.test_chains import postgres, together  # noqa: F401 - a fixture
from tests.world import complete_course, finish_lessons

ROUNDS = 4


@pytest.fixture
def pairs(postgres):  # noqa: F811
    """Two accounts of one person, enrolled in one course, as often as there are rounds."""
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


def test_of_two_merges_of_the_same_two_one_is_done(pairs):
    for kept, other, *_runs in pairs:
        one, two = make_hr(), make_hr()
        together(
            lambda kept=kept, other=other, one=one: refused_or_done(merge, kept, other, by=one),
            lambda kept=kept, other=other, two=two: refused_or_done(merge, other, kept, by=two),
        )
    assert AccountMerge.objects.standing().count() == len(pairs)
    assert list(differences()) == []


def test_the_same_merge_twice_is_one_row_and_undone_twice_is_undone_once(pairs):
    hr = make_hr()
    for kept, other, *_runs in pairs:
        rows = together(*[lambda kept=kept, other=other: merge(kept, other, by=hr)] * 2)
        assert rows[0] == rows[1]
        undone = together(*[lambda row=rows[0]: refused_or_done(undo_merge, row, by=hr)] * 2)
        assert sorted(each is None for each in undone) == [False, True]
    assert list(differences()) == []


@pytest.mark.parametrize("place", [2, 3])
def test_who_learns_meanwhile_loses_nothing(pairs, place):
    hr = make_hr()
    for row in pairs:
        kept, other, run = row[0], row[1], row[place]
        together(lambda run=run: learn(run), lambda kept=kept, other=other: merge(kept, other, by=hr))
        assert Enrollment.objects.filter(learner=kept, is_newest=True, exempted_at=None).count() == 1
    assert list(differences()) == []
    for merged in AccountMerge.objects.all():
        undo_merge(merged, by=hr)
    assert list(differences()) == []
    assert Enrollment.objects.open().count() == 2 * len(pairs)


def learn(run):
    finish_lessons(run)


def test_who_is_enrolled_in_one_moment_with_it_waits_or_is_brought_along(pairs):
    hr, admin = make_hr(), make_admin()
    for kept, other, own, theirs in pairs:
        Enrollment.objects.filter(pk__in=[own.pk, theirs.pk]).delete()
        course = own.course
        together(
            lambda other=other, course=course: enroll(other, course, by=admin),
            lambda kept=kept, other=other: merge(kept, other, by=hr),
        )
        left = Enrollment.objects.filter(learner=other)  # where it came after the merge, it is named
        said = [line for line in differences() if "alias" in line and f"person {other.pk}" in line]
        assert len(said) == left.count()


def test_a_renewal_of_both_accounts_and_a_merge_of_them_wait_for_each_other(pairs):
    hr = make_hr()
    course = pairs[0][2].course
    rule = make_rule(course, renewal="whole", renewal_days=60)
    for kept, other, *own in pairs:
        for run in reversed(own):  # so that the keys of the newest runs are in another order than those of the people
            complete_course(run)
        for person in (other, kept):
            complete_course(enroll(person, course, by=hr))
    for each in Certificate.objects.select_related("enrollment"):
        each.valid_until = site_day() + timedelta(days=9)
        with transaction.atomic():
            each.save()
            store_certifications([each])
    for kept, other, *_runs in pairs:
        together(
            lambda kept=kept, other=other: act_on([kept.pk, other.pk], site_day(), rule=rule.pk),
            lambda kept=kept, other=other: merge(kept, other, by=hr),
        )
    assert AccountMerge.objects.standing().count() == len(pairs)


def test_a_certificate_is_withdrawn_while_accounts_are_merged_or_two_again(pairs):
    hr = make_hr()
    for kept, other, own, brought in pairs:
        complete_course(brought)
        complete_course(own)
        row = merge(kept, other, by=hr)
        certificate = Certificate.objects.get(enrollment=brought)
        together(
            lambda certificate=certificate: revoke_certificate(certificate, reason="Passed on", by=hr),
            lambda row=row: undo_merge(row, by=hr),
        )
    assert not AccountMerge.objects.standing().exists()
    assert list(differences()) == []


# An enrollment of a certified learner ends while another process changes it.


def training(person, course):
    return ExternalTraining(
        person=person, course=course, trained_on=date(2026, 3, 2), valid_until=date(2027, 11, 15), proof="Seen"
    )


def enrolled_by_a_rule():
    course, team, person = make_course(), make_team(), make_user()
    join(team, person)
    make_rule(course, team_id=team.pk)
    execution.act()
    return Enrollment.objects.get(learner=person)


def test_an_enrollment_that_begins_at_that_moment_stays_open(postgres):  # noqa: F811
    run = enrolled_by_a_rule()
    record_external_training([training(run.learner, run.course)], by=make_hr())
    adjustment = Adjustment(kind="certified", made_at=timezone.now())
    one_behind_the_other(lambda: finish_lessons(run), lambda: end_unneeded([run.pk], adjustment))
    run.refresh_from_db()
    assert run.started_at and not run.exempted_at and not AdjustmentItem.objects.exists()


def test_the_job_and_hr_end_an_enrollment_once(postgres):  # noqa: F811
    run = enrolled_by_a_rule()
    hr = make_hr()
    record = lambda: record_trainings([training(run.learner, run.course)], by=hr, ends=True)  # noqa: E731
    one_behind_the_other(record, record)
    assert end_certified() == "end: 0"
    assert AdjustmentItem.objects.get().enrollment == run


# Two leads who answer about two people of one team at the same moment: neither answer is overlooked by the other.


def test_the_last_two_of_five_are_shown_with_the_others(postgres):  # noqa: F811
    team = make_team()
    runs = [completed(team) for _person in range(STEP)]

    def answer(run):
        answered(Enrollment.objects.get(pk=run.pk), {"seen-off": 0}, by=team.manager)

    for run in runs[:-2]:
        answer(run)
    one_behind_the_other(lambda: answer(runs[-2]), lambda: answer(runs[-1]))
    assert FollowUpAnswers.objects.filter(team=team).count() == STEP
