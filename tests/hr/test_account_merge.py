"""Merging two accounts of one person, and undoing it; no record is rewritten."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.accounts.models import AccountMerge, Membership, User
from courseware.accounts.people.merge_checks import CannotMerge, MergeRefusal
from courseware.accounts.teams.deputies import add_deputy
from courseware.assessment.certificates.certification import store_certifications
from courseware.assessment.certificates.external_training import record_external_training
from courseware.assessment.models import Certificate, Certification, ExternalTraining
from courseware.assignments.rules.execution import act
from courseware.audit_log.models import Event
from courseware.content.rendering import store
from courseware.hr.people.account_merge import CannotUndo, MergeUndoRefusal, merge, undo_merge
from courseware.learning.due_dates.absence_shifts import record_absence, settle_all
from courseware.learning.enrollments.enrollment import exempt
from courseware.learning.models import PHRASES_OF_LEARNER, Enrollment
from courseware.learning.reference.saved_phrases import save_phrase
from courseware.lib import dates
from courseware.reporting.integrity import audit_log
from courseware.reporting.integrity.check_all import differences
from courseware.reporting.integrity.enrollments import merged_enrollments, newest_enrollments
from tests.assignments.rules import make_rule
from tests.hr.two_accounts import another_course, assert_consistent, enroll_user, enrollments, facts, headcounts, state
from tests.making import (
    join,
    make_admin,
    make_auditor,
    make_course,
    make_editor,
    make_enrollment,
    make_hr,
    make_team,
    make_user,
)
from tests.world import complete_course, finish_lessons, rows_shown_to

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_enrollment_with_more_progress_continues(kept, other, course, hr):
    enroll_user(kept, course)
    further = enroll_user(other, course)
    finish_lessons(further)
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", False, True), ("王小明", True, False)]
    assert_consistent()


def test_earlier_enrollment_continues_if_progress_is_equal(kept, other, course, hr):
    enroll_user(other, course)
    enroll_user(kept, course)
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", True, False), ("王小明", False, True)]
    assert_consistent()


@pytest.mark.slow
def test_completed_enrollment_closes_open_one(kept, other, course, hr):
    enroll_user(kept, course)
    complete_course(enroll_user(other, course))
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", False, True), ("王小明", True, False)]
    assert_consistent()


@pytest.mark.slow
def test_renewal_opened_after_completion_continues(kept, other, course, hr):
    complete_course(enroll_user(other, course))
    Enrollment.objects.update(completed_at=timezone.now() - timedelta(days=3))
    Certificate.objects.update(issued_at=timezone.now() - timedelta(days=3))
    enroll_user(kept, course)
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", False, False), ("王小明", True, False)]


@pytest.mark.slow
def test_exemption_of_other_account_does_not_apply(kept, other, course, hr):
    enroll_user(kept, course)
    exempt(enroll_user(other, course), "a double", by=hr)
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", True, False), ("王小明", False, True)]
    assert_consistent()


@pytest.mark.slow
def test_enrollments_in_different_courses_are_unchanged(kept, other, course, hr):
    second = another_course(b"coffee-room")
    enroll_user(kept, course)
    enroll_user(other, second)
    enroll_user(make_user("Somebody else"), course)
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", True, False), ("王小明", True, False), ("Somebody else", True, False)]
    assert_consistent()


@pytest.mark.slow
def test_records_and_events_are_not_rewritten(kept, other, course, hr):
    complete_course(enroll_user(other, course))
    enroll_user(kept, course)
    before, events = facts(), list(Event.objects.order_by("pk").values())
    row = merge(kept, other, by=hr)
    assert facts() == before
    assert list(Event.objects.order_by("pk").values()[: len(events)]) == events
    assert Certificate.objects.get().holder == "王晓明"  # as printed
    undo_merge(row, by=hr)
    assert facts() == before
    assert list(Event.objects.order_by("pk").values()[: len(events)]) == events


def test_merged_person_is_shown_and_counted_once(kept, other, course, team, hr):
    enroll_user(kept, course)
    finish_lessons(enroll_user(other, course))
    assert sorted(headcounts().values()) == [1, 1, 1, 1]
    merge(kept, other, by=hr)
    assert [row.name for row in rows_shown_to(team.manager)] == ["王小明"]
    assert set(headcounts().values()) == {1}
    assert {key[0] for key in headcounts()} == {None, team.pk}


@pytest.mark.slow
def test_certificate_that_expires_later_applies(kept, other, course, hr):
    earlier = complete_course(enroll_user(kept, course)).enrollment
    later = complete_course(enroll_user(other, course)).enrollment
    Certificate.objects.filter(enrollment=later).update(valid_until=date(2030, 1, 1))
    Certificate.objects.filter(enrollment=earlier).update(valid_until=date(2027, 1, 1))
    merge(kept, other, by=hr)
    [certification] = Certification.objects.all()
    assert (certification.learner, certification.certificate.enrollment) == (kept, later)
    assert certification.certified_until == date(2030, 1, 1)
    assert list(Enrollment.objects.newest().values_list("certified_until", flat=True)) == [date(2030, 1, 1)]


@pytest.mark.slow
def test_external_training_counts_beside_certificates(kept, other, course, hr):
    training = ExternalTraining(person=kept, course=course, trained_on=date(2026, 1, 5), proof="A card")
    record_external_training([training], by=make_admin())
    complete_course(enroll_user(other, course))
    before = state()
    row = merge(kept, other, by=hr)
    [certification] = Certification.objects.all()
    assert (certification.learner, certification.outside) == (kept, training)  # it has no end
    assert_consistent()
    undo_merge(row, by=hr)
    assert state() == before
    assert_consistent()


def test_integrity_check_finds_misplaced_enrollment(kept, other, course, hr):
    enrollment = enroll_user(other, course)
    row = merge(kept, other, by=hr)
    Enrollment.objects.update(learner=other)
    assert list(merged_enrollments()) == [
        f"enrollment {enrollment.pk}: is of person {kept.pk} by merge {row.pk}",
        f"enrollment {enrollment.pk}: of person {other.pk}, who is an alias of person {kept.pk}",
    ]
    Enrollment.objects.update(learner=kept)
    undo_merge(row, by=hr)
    assert list(merged_enrollments()) == []
    Enrollment.objects.update(learner=kept)
    assert list(merged_enrollments()) == [
        f"enrollment {enrollment.pk}: is of person {other.pk}, as merge {row.pk} is undone"
    ]


def test_integrity_check_finds_unlogged_merge_changes(kept, other, hr):
    row = merge(kept, other, by=hr)
    AccountMerge.objects.update(made_at=row.made_at - timedelta(hours=1))
    assert list(audit_log.differences()) == [
        f"account-merge {row.pk}: the audit log has no “merged” with the same data"
    ]
    event = Event.objects.get(verb="merged")
    AccountMerge.objects.all().delete()
    nothing = f"event {event.pk}: “merged” of person:{kept.pk}, but no record of it exists"
    assert list(audit_log.differences()) == [nothing]


def test_audit_log_records_both_accounts_and_enrollments(kept, other, course, hr):
    own, brought = enroll_user(kept, course), enroll_user(other, course)
    before = Event.objects.count()
    row = merge(kept, other, by=hr)
    undo_merge(row, by=hr)
    logged = [(event.verb, event.subject, event.actor) for event in Event.objects.order_by("pk")[before:]]
    assert logged == [
        ("merged", f"person:{kept.pk}", hr),
        ("merged-into", f"person:{other.pk}", hr),
        ("enrollment-transferred", f"enrollment:{brought.pk}", hr),
        ("exempted", f"enrollment:{brought.pk}", hr),
        ("rights-changed", f"person:{other.pk}", hr),
        ("merge-undone", f"person:{kept.pk}", hr),
        ("account-separated", f"person:{other.pk}", hr),
        ("rights-changed", f"person:{other.pk}", hr),
        ("enrollment-returned", f"enrollment:{brought.pk}", hr),
        ("exemption-undone", f"enrollment:{brought.pk}", hr),
    ]
    assert own.is_open


@pytest.mark.slow
def test_merge_takes_same_queries_for_1_and_3_courses(kept, other, course, hr):
    def asked(kept, other, courses):
        for each in courses:
            enroll_user(kept, each)
            complete_course(enroll_user(other, each))
        by = User.objects.get(pk=hr.pk)  # as in a request, without cached attributes
        with CaptureQueriesContext(connection) as captured:
            row = merge(kept, other, by=by)
        with CaptureQueriesContext(connection) as again:
            undo_merge(row, by=by)
        return len(captured), len(again)

    two, three = another_course(b"coffee-room"), another_course(b"cake-room")
    assert asked(kept, other, [course]) == asked(make_user(), make_user(), [course, two, three])


@pytest.mark.slow
def test_superseded_enrollment_is_newest_only_if_last_one(kept, other, course, hr):
    complete_course(enroll_user(kept, course))
    exempt(enroll_user(other, course), "a double", by=hr)
    new = enroll_user(kept, course)
    merge(kept, other, by=hr)
    assert enrollments() == [("王小明", False, False), ("王小明", False, True), ("王小明", True, False)]
    Enrollment.objects.remove_many([new])
    assert enrollments() == [("王小明", False, False), ("王小明", True, True)]
    assert list(newest_enrollments()) == []


@pytest.mark.slow
def test_rule_does_not_repeat_action_of_other_account(kept, other, course, team, hr):
    Membership.objects.filter(person=kept).delete()
    make_rule(course, team_id=team.pk)
    assert act() == "enroll: 1"
    enrollment = Enrollment.objects.get(learner=other)
    complete_course(enrollment)
    Certificate.objects.update(valid_until=date(2026, 11, 1))
    store_certifications([Certificate.objects.get()])
    row = merge(kept, other, by=hr)
    join(team, kept)
    assert act() == ""
    undo_merge(row, by=hr)
    assert act() == "enroll: 1"
    assert Enrollment.objects.get(learner=kept).is_open


def test_saved_phrases_are_merged_and_separated(kept, other, course, hr):
    page = store.page(course.current, "boiling", "en")
    for person in (kept, other):
        save_phrase(enroll_user(person, course), page, "note:1")
    row = merge(kept, other, by=hr)
    assert (len(PHRASES_OF_LEARNER(learner=kept.pk)), len(PHRASES_OF_LEARNER(learner=other.pk))) == (
        2,
        0,
    )  # the page shows them as one
    undo_merge(row, by=hr)
    assert (len(PHRASES_OF_LEARNER(learner=kept.pk)), len(PHRASES_OF_LEARNER(learner=other.pk))) == (1, 1)


# Undoing a merge.


@pytest.mark.slow
def test_undo_restores_everything(kept, other, course, hr):
    second = another_course(b"coffee-room")
    enroll_user(kept, course)
    finish_lessons(enroll_user(other, course))
    complete_course(enroll_user(other, second))
    enroll_user(kept, second)
    before = state()
    row = merge(kept, other, by=hr)
    assert state() != before
    assert undo_merge(row, by=hr).undone_by == hr
    assert state() == before
    assert_consistent()
    again = merge(kept, other, by=hr)
    assert_consistent()
    undo_merge(again, by=hr)
    assert state() == before
    assert_consistent()


@pytest.mark.slow
def test_undo_keeps_later_work_where_it_was_done(kept, other, course, hr):
    own, brought = enroll_user(kept, course), enroll_user(other, course)
    finish_lessons(brought)
    row = merge(kept, other, by=hr)
    complete_course(Enrollment.objects.get(pk=brought.pk))
    done = facts()
    undo_merge(row, by=hr)
    assert facts() == done
    assert [(name, exempted) for name, _newest, exempted in enrollments()] == [("王小明", False), ("王晓明", False)]
    assert Enrollment.objects.get(pk=own.pk).is_open
    assert_consistent()


@pytest.mark.slow
def test_undo_keeps_enrollment_closed_after_newer_one(kept, other, course, hr):
    enroll_user(kept, course)
    finish_lessons(enroll_user(other, course))
    row = merge(kept, other, by=hr)
    complete_course(Enrollment.objects.get(is_newest=True))
    enroll_user(kept, course)
    undo_merge(row, by=hr)
    assert enrollments() == [("王小明", False, True), ("王晓明", True, False), ("王小明", True, False)]
    assert_consistent()


def test_undo_keeps_former_account_inactive(kept, other, hr):
    other.is_active = False
    other.save()
    undo_merge(merge(kept, other, by=hr), by=hr)
    other.refresh_from_db()
    assert not other.is_active


def test_repeated_merge_and_undo_change_nothing(kept, other, course, hr):
    enroll_user(other, course)
    row = merge(kept, other, by=hr)
    events = Event.objects.count()
    assert merge(kept, other, by=hr) == row
    assert Event.objects.count() == events
    undo_merge(row, by=hr)
    with pytest.raises(CannotUndo) as refused:
        undo_merge(row, by=hr)
    assert refused.value.why == MergeUndoRefusal.UNDONE


def test_merge_can_be_undone_for_1_day(kept, other, hr):
    now = timezone.now()
    row = merge(kept, other, by=hr, at=now)
    with pytest.raises(CannotUndo) as refused:
        undo_merge(row, by=hr, at=now + timedelta(days=1, seconds=1))
    assert refused.value.why == MergeUndoRefusal.LATE
    undo_merge(row, by=hr, at=now + timedelta(days=1))


@pytest.mark.slow
def test_later_merge_must_be_undone_first(kept, other, course, hr):
    third = make_user("Wang Xiaoming")
    for person in (kept, other, third):
        enroll_user(person, course)
    before = state()
    first, second = merge(kept, other, by=hr), merge(kept, third, by=hr)
    assert_consistent()
    with pytest.raises(CannotUndo) as refused:
        undo_merge(first, by=hr)
    assert refused.value.why == MergeUndoRefusal.LATER
    undo_merge(second, by=hr)
    assert_consistent()
    undo_merge(first, by=hr)
    assert state() == before
    assert_consistent()


# Accounts that cannot be merged.


def make_former(person):
    person.is_active = False
    person.save()
    return person


def make_deputy(person):
    manager = make_team().manager
    add_deputy(manager, person, first_day=date(2026, 11, 25), last_day=date(2026, 11, 26), by=manager)
    return person


def make_trained(person):
    training = ExternalTraining(person=person, course=make_course(), trained_on=date(2026, 1, 5), proof="A card")
    record_external_training([training], by=make_admin())
    return person


REFUSED = {
    "the same twice": (lambda hr: [make_user()] * 2, MergeRefusal.SAME),
    "oneself, kept": (lambda hr: (hr, make_user()), MergeRefusal.OWN),
    "oneself, the other": (lambda hr: (make_user(), hr), MergeRefusal.OWN),
    "an editor": (lambda hr: (make_editor(), make_user()), MergeRefusal.STAFF),
    "an admin, the other": (lambda hr: (make_user(), make_admin()), MergeRefusal.STAFF),
    "an auditor": (lambda hr: (make_user(), make_auditor()), MergeRefusal.STAFF),
    "who has left, kept": (lambda hr: (make_former(make_user()), make_user()), MergeRefusal.GONE),
    "who leads a team": (lambda hr: (make_user(), make_team().manager), MergeRefusal.LEADS),
    "who was external training": (lambda hr: (make_user(), make_trained(make_user())), MergeRefusal.TRAINED),
    "who stands in": (lambda hr: (make_user(), make_deputy(make_user())), MergeRefusal.LEADS),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("by", [make_hr, make_admin])
def test_merge_is_refused(case, by):
    person = by()
    pair, why = REFUSED[case]
    with pytest.raises(CannotMerge) as refused:
        merge(*pair(person), by=person)
    assert refused.value.why == why
    assert list(Event.objects.filter(verb="merged")) == []


def test_alias_cannot_be_merged_again(kept, other, hr):
    third = make_user()
    merge(kept, other, by=hr)
    for pair, why in {
        (third, other): MergeRefusal.MERGED,
        (other, third): MergeRefusal.MERGED,
        (other, kept): MergeRefusal.MERGED,
        (third, kept): MergeRefusal.HAS_NAMES,
    }.items():
        with pytest.raises(CannotMerge) as refused:
            merge(*pair, by=hr)
        assert refused.value.why == why
    merge(kept, third, by=hr)  # a third account of the same person


# Due dates after a merge follow the absences of the account that stays.


ZONE = ZoneInfo("Asia/Shanghai")
GIVEN = date(2026, 11, 25)


def november(day):
    return date(2026, 11, day)


@pytest.fixture
def clock():
    make_course()
    with time_machine.travel(datetime(2026, 11, 2, 9, tzinfo=ZONE), tick=False) as clock:
        yield clock


def on(clock, day):
    clock.move_to(datetime.combine(day, datetime.min.time().replace(hour=9), tzinfo=ZONE))
    settle_all()


def due_on(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk).due_on


def make_due(person):
    return make_enrollment(
        person, due_at=dates.due_instant(GIVEN, ZONE), enrolled_at=datetime(2026, 11, 2, tzinfo=ZONE)
    )


def test_absence_of_kept_account_moves_transferred_due_date(clock):
    kept, other, hr = make_user(), make_user(), make_hr()
    enrollment = make_due(other)
    record_absence(other, november(3), november(4), by=hr)
    on(clock, november(5))
    record_absence(kept, november(23), november(27), by=hr)
    on(clock, november(24))
    assert due_on(enrollment) == november(27)
    row = merge(kept, other, by=hr)
    assert due_on(enrollment) == date(2026, 12, 2)
    undo_merge(row, by=hr)
    assert due_on(enrollment) == november(27)
    assert list(differences()) == []


def test_undo_reverts_due_date_moved_by_absence(clock):
    kept, other, hr = make_user(), make_user(), make_hr()
    enrollment = make_due(other)
    row = merge(kept, other, by=hr)
    record_absence(kept, november(2), november(4), by=hr)
    assert due_on(enrollment) == november(30)
    undo_merge(row, by=hr)
    assert due_on(enrollment) == GIVEN
    assert list(differences()) == []
