"""Two accounts of one person become one: every reader sees both, and no fact is rewritten."""

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
from courseware.learning.models import SAVED, Enrollment
from courseware.learning.reference.saved_phrases import save_phrase
from courseware.lib import dates
from courseware.reporting.integrity import audit_log
from courseware.reporting.integrity.check_all import differences
from courseware.reporting.integrity.enrollments import merged_enrollments, newest_enrollments
from tests.assignments.rules import make_rule
from tests.hr.two_accounts import another_course, assert_all_agrees, counted, facts, make_run, runs, state
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


def test_the_runs_of_both_are_the_persons_and_the_further_one_goes_on(kept, other, course, hr):
    make_run(kept, course)
    further = make_run(other, course)
    finish_lessons(further)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", False, True), ("王小明", True, False)]
    assert_all_agrees()


def test_of_two_that_are_as_far_the_one_begun_first_goes_on(kept, other, course, hr):
    make_run(other, course)
    make_run(kept, course)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", True, False), ("王小明", False, True)]
    assert_all_agrees()


def test_what_is_open_and_was_completed_in_the_other_account_meanwhile_is_done(kept, other, course, hr):
    make_run(kept, course)
    complete_course(make_run(other, course))
    merge(kept, other, by=hr)
    assert runs() == [("王小明", False, True), ("王小明", True, False)]
    assert_all_agrees()


def test_a_renewal_that_was_opened_after_the_other_account_had_completed_goes_on(kept, other, course, hr):
    complete_course(make_run(other, course))
    Enrollment.objects.update(completed_at=timezone.now() - timedelta(days=3))
    Certificate.objects.update(issued_at=timezone.now() - timedelta(days=3))
    make_run(kept, course)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", False, False), ("王小明", True, False)]


def test_an_excuse_in_one_account_excuses_the_other_from_nothing(kept, other, course, hr):
    make_run(kept, course)
    exempt(make_run(other, course), "a double", by=hr)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", True, False), ("王小明", False, True)]
    assert_all_agrees()


def test_runs_in_a_course_that_only_one_is_in_stay_as_they_are(kept, other, course, hr):
    second = another_course(b"coffee-room")
    make_run(kept, course)
    make_run(other, second)
    make_run(make_user("Somebody else"), course)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", True, False), ("王小明", True, False), ("Somebody else", True, False)]
    assert_all_agrees()


def test_no_fact_and_no_event_is_rewritten(kept, other, course, hr):
    complete_course(make_run(other, course))
    make_run(kept, course)
    before, events = facts(), list(Event.objects.order_by("pk").values())
    row = merge(kept, other, by=hr)
    assert facts() == before
    assert list(Event.objects.order_by("pk").values()[: len(events)]) == events
    assert Certificate.objects.get().holder == "王晓明"  # as it was printed
    undo_merge(row, by=hr)
    assert facts() == before
    assert list(Event.objects.order_by("pk").values()[: len(events)]) == events


def test_the_person_is_one_on_the_board_and_counted_once(kept, other, course, team, hr):
    make_run(kept, course)
    finish_lessons(make_run(other, course))
    assert sorted(counted().values()) == [1, 1, 1, 1]
    merge(kept, other, by=hr)
    assert [row.name for row in rows_shown_to(team.manager)] == ["王小明"]
    assert set(counted().values()) == {1}
    assert {place[0] for place in counted()} == {None, team.pk}


def test_the_better_certificate_is_the_persons(kept, other, course, hr):
    earlier = complete_course(make_run(kept, course)).enrollment
    later = complete_course(make_run(other, course)).enrollment
    Certificate.objects.filter(enrollment=later).update(valid_until=date(2030, 1, 1))
    Certificate.objects.filter(enrollment=earlier).update(valid_until=date(2027, 1, 1))
    merge(kept, other, by=hr)
    [standing] = Certification.objects.all()
    assert (standing.learner, standing.certificate.enrollment) == (kept, later)
    assert standing.certified_until == date(2030, 1, 1)
    assert list(Enrollment.objects.newest().values_list("certified_until", flat=True)) == [date(2030, 1, 1)]


def test_what_the_account_that_stays_learned_elsewhere_counts_beside_the_certificates_of_both(kept, other, course, hr):
    training = ExternalTraining(person=kept, course=course, trained_on=date(2026, 1, 5), proof="A card")
    record_external_training([training], by=make_admin())
    complete_course(make_run(other, course))
    before = state()
    row = merge(kept, other, by=hr)
    [standing] = Certification.objects.all()
    assert (standing.learner, standing.outside) == (kept, training)  # it has no end
    assert_all_agrees()
    undo_merge(row, by=hr)
    assert state() == before
    assert_all_agrees()


def test_a_run_that_is_not_where_the_merges_say_is_named(kept, other, course, hr):
    run = make_run(other, course)
    row = merge(kept, other, by=hr)
    Enrollment.objects.update(learner=other)
    assert list(merged_enrollments()) == [
        f"enrollment {run.pk}: is of person {kept.pk} by merge {row.pk}",
        f"enrollment {run.pk}: of person {other.pk}, who is an alias of person {kept.pk}",
    ]
    Enrollment.objects.update(learner=kept)
    undo_merge(row, by=hr)
    assert list(merged_enrollments()) == []
    Enrollment.objects.update(learner=kept)
    assert list(merged_enrollments()) == [f"enrollment {run.pk}: is of person {other.pk}, as merge {row.pk} is undone"]


def test_a_merge_that_was_put_in_or_taken_out_past_the_product_is_named(kept, other, hr):
    row = merge(kept, other, by=hr)
    AccountMerge.objects.update(made_at=row.made_at - timedelta(hours=1))
    assert list(audit_log.differences()) == [f"account-merge {row.pk}: the audit log has no “merged” with the same data"]
    event = Event.objects.get(verb="merged")
    AccountMerge.objects.all().delete()
    nothing = f"event {event.pk}: “merged” of person:{kept.pk}, but no record of it exists"
    assert list(audit_log.differences()) == [nothing]


def test_the_log_tells_both_and_each_run(kept, other, course, hr):
    own, brought = make_run(kept, course), make_run(other, course)
    before = Event.objects.count()
    row = merge(kept, other, by=hr)
    undo_merge(row, by=hr)
    said = [(event.verb, event.subject, event.actor) for event in Event.objects.order_by("pk")[before:]]
    assert said == [
        ("merged", f"person:{kept.pk}", hr),
        ("merged-into", f"person:{other.pk}", hr),
        ("enrollment-transferred", f"enrollment:{brought.pk}", hr),
        ("waived", f"enrollment:{brought.pk}", hr),
        ("rights-changed", f"person:{other.pk}", hr),
        ("merge-undone", f"person:{kept.pk}", hr),
        ("account-separated", f"person:{other.pk}", hr),
        ("rights-changed", f"person:{other.pk}", hr),
        ("enrollment-returned", f"enrollment:{brought.pk}", hr),
        ("excuse-undone", f"enrollment:{brought.pk}", hr),
    ]
    assert own.is_open


def test_as_many_statements_for_one_course_as_for_three(kept, other, course, hr):
    def asked(kept, other, courses):
        for each in courses:
            make_run(kept, each)
            complete_course(make_run(other, each))
        by = User.objects.get(pk=hr.pk)  # as in a request: nothing of it is cached yet
        with CaptureQueriesContext(connection) as captured:
            row = merge(kept, other, by=by)
        with CaptureQueriesContext(connection) as again:
            undo_merge(row, by=by)
        return len(captured), len(again)

    two, three = another_course(b"coffee-room"), another_course(b"cake-room")
    assert asked(kept, other, [course]) == asked(make_user(), make_user(), [course, two, three])


def test_what_a_merge_has_set_aside_is_newest_again_only_where_nothing_else_is_left(kept, other, course, hr):
    complete_course(make_run(kept, course))
    exempt(make_run(other, course), "a double", by=hr)
    new = make_run(kept, course)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", False, False), ("王小明", False, True), ("王小明", True, False)]
    Enrollment.objects.remove_many([new])
    assert runs() == [("王小明", False, False), ("王小明", True, True)]
    assert list(newest_enrollments()) == []


def test_what_a_rule_did_in_the_other_account_it_does_not_do_again(kept, other, course, team, hr):
    Membership.objects.filter(person=kept).delete()
    make_rule(course, team_id=team.pk)
    assert act() == "enroll: 1"
    run = Enrollment.objects.get(learner=other)
    complete_course(run)
    Certificate.objects.update(valid_until=date(2026, 11, 1))
    store_certifications([Certificate.objects.get()])
    row = merge(kept, other, by=hr)
    join(team, kept)
    assert act() == ""
    undo_merge(row, by=hr)
    assert act() == "enroll: 1"
    assert Enrollment.objects.get(learner=kept).is_open


def test_phrases_kept_in_either_account_are_the_persons_and_go_back_with_their_runs(kept, other, course, hr):
    page = store.page(course.current, "boiling", "en")
    for person in (kept, other):
        save_phrase(make_run(person, course), page, "note:1")
    row = merge(kept, other, by=hr)
    assert (len(SAVED(learner=kept.pk)), len(SAVED(learner=other.pk))) == (2, 0)  # the page shows them as one
    undo_merge(row, by=hr)
    assert (len(SAVED(learner=kept.pk)), len(SAVED(learner=other.pk))) == (1, 1)


# A merge of two accounts that is undone: everything is as before, and what was done since stays where it was done.


def test_undone_within_the_day_everything_reads_as_before(kept, other, course, hr):
    second = another_course(b"coffee-room")
    make_run(kept, course)
    finish_lessons(make_run(other, course))
    complete_course(make_run(other, second))
    make_run(kept, second)
    before = state()
    row = merge(kept, other, by=hr)
    assert state() != before
    assert undo_merge(row, by=hr).undone_by == hr
    assert state() == before
    assert_all_agrees()
    again = merge(kept, other, by=hr)
    assert_all_agrees()
    undo_merge(again, by=hr)
    assert state() == before
    assert_all_agrees()


def test_what_was_done_since_stays_where_it_was_done(kept, other, course, hr):
    own, brought = make_run(kept, course), make_run(other, course)
    finish_lessons(brought)
    row = merge(kept, other, by=hr)
    complete_course(Enrollment.objects.get(pk=brought.pk))
    done = facts()
    undo_merge(row, by=hr)
    assert facts() == done
    assert [(name, waived) for name, _newest, waived in runs()] == [("王小明", False), ("王晓明", False)]
    assert Enrollment.objects.get(pk=own.pk).is_open
    assert_all_agrees()


def test_what_the_merge_closed_stays_closed_where_another_run_was_opened_since(kept, other, course, hr):
    make_run(kept, course)
    finish_lessons(make_run(other, course))
    row = merge(kept, other, by=hr)
    complete_course(Enrollment.objects.get(is_newest=True))
    make_run(kept, course)
    undo_merge(row, by=hr)
    assert runs() == [("王小明", False, True), ("王晓明", True, False), ("王小明", True, False)]
    assert_all_agrees()


def test_who_had_left_before_has_left_again(kept, other, hr):
    other.is_active = False
    other.save()
    undo_merge(merge(kept, other, by=hr), by=hr)
    other.refresh_from_db()
    assert not other.is_active


def test_repeated_it_is_the_same_row_and_changes_nothing(kept, other, course, hr):
    make_run(other, course)
    row = merge(kept, other, by=hr)
    events = Event.objects.count()
    assert merge(kept, other, by=hr) == row
    assert Event.objects.count() == events
    undo_merge(row, by=hr)
    with pytest.raises(CannotUndo) as refused:
        undo_merge(row, by=hr)
    assert refused.value.why == MergeUndoRefusal.UNDONE


def test_a_day_later_it_stays(kept, other, hr):
    now = timezone.now()
    row = merge(kept, other, by=hr, at=now)
    with pytest.raises(CannotUndo) as refused:
        undo_merge(row, by=hr, at=now + timedelta(days=1, seconds=1))
    assert refused.value.why == MergeUndoRefusal.LATE
    undo_merge(row, by=hr, at=now + timedelta(days=1))


def test_of_two_merges_the_later_one_is_undone_first(kept, other, course, hr):
    third = make_user("Wang Xiaoming")
    for person in (kept, other, third):
        make_run(person, course)
    before = state()
    first, second = merge(kept, other, by=hr), merge(kept, third, by=hr)
    assert_all_agrees()
    with pytest.raises(CannotUndo) as refused:
        undo_merge(first, by=hr)
    assert refused.value.why == MergeUndoRefusal.LATER
    undo_merge(second, by=hr)
    assert_all_agrees()
    undo_merge(first, by=hr)
    assert state() == before
    assert_all_agrees()


# Which accounts become one, and which never do.


def left(person):
    person.is_active = False
    person.save()
    return person


def stands_in(person):
    lead = make_team().manager
    add_deputy(lead, person, first_day=date(2026, 11, 25), last_day=date(2026, 11, 26), by=lead)
    return person


def trained(person):
    training = ExternalTraining(person=person, course=make_course(), trained_on=date(2026, 1, 5), proof="A card")
    record_external_training([training], by=make_admin())
    return person


WHO = {
    "the same twice": (lambda hr: [make_user()] * 2, MergeRefusal.SAME),
    "oneself, kept": (lambda hr: (hr, make_user()), MergeRefusal.OWN),
    "oneself, the other": (lambda hr: (make_user(), hr), MergeRefusal.OWN),
    "an editor": (lambda hr: (make_editor(), make_user()), MergeRefusal.STAFF),
    "an admin, the other": (lambda hr: (make_user(), make_admin()), MergeRefusal.STAFF),
    "an auditor": (lambda hr: (make_user(), make_auditor()), MergeRefusal.STAFF),
    "who has left, kept": (lambda hr: (left(make_user()), make_user()), MergeRefusal.GONE),
    "who leads a team": (lambda hr: (make_user(), make_team().manager), MergeRefusal.LEADS),
    "who was external training": (lambda hr: (make_user(), trained(make_user())), MergeRefusal.TRAINED),
    "who stands in": (lambda hr: (make_user(), stands_in(make_user())), MergeRefusal.LEADS),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("by", [make_hr, make_admin])
def test_who_is_never_merged(who, by):
    person = by()
    pair, why = WHO[who]
    with pytest.raises(CannotMerge) as refused:
        merge(*pair(person), by=person)
    assert refused.value.why == why
    assert list(Event.objects.filter(verb="merged")) == []


def test_who_is_another_name_already_is_merged_with_nobody_else(kept, other, hr):
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


# Due days of somebody whose accounts are merged: they follow the absences of the account that stays, at once.


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


def due_on(run):
    return Enrollment.objects.get(pk=run.pk).due_on


def given(person):
    return make_enrollment(
        person, due_at=dates.due_instant(GIVEN, ZONE), enrolled_at=datetime(2026, 11, 2, tzinfo=ZONE)
    )


def test_who_is_away_by_the_account_that_stays_is_not_late_in_a_run_of_the_other_one(clock):
    kept, other, hr = make_user(), make_user(), make_hr()
    run = given(other)
    record_absence(other, november(3), november(4), by=hr)
    on(clock, november(5))
    record_absence(kept, november(23), november(27), by=hr)
    on(clock, november(24))
    assert due_on(run) == november(27)
    row = merge(kept, other, by=hr)
    assert due_on(run) == date(2026, 12, 2)
    undo_merge(row, by=hr)
    assert due_on(run) == november(27)
    assert list(differences()) == []


def test_what_the_absences_of_the_account_that_stays_have_moved_is_moved_back_when_it_is_undone(clock):
    kept, other, hr = make_user(), make_user(), make_hr()
    run = given(other)
    row = merge(kept, other, by=hr)
    record_absence(kept, november(2), november(4), by=hr)
    assert due_on(run) == november(30)
    undo_merge(row, by=hr)
    assert due_on(run) == GIVEN
    assert list(differences()) == []
