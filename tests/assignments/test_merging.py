"""Two accounts of one person become one: every reader sees both, and no fact is rewritten."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.accounts.merges import Merge
from courseware.accounts.models import Membership, User
from courseware.assessment.models import Certificate, OutsideTraining, Standing
from courseware.assessment.outside_records import record_outside
from courseware.assessment.standing import keep_standings
from courseware.assignments.acting import act
from courseware.assignments.merging import merge, undo_merge
from courseware.content.compiled import serving
from courseware.evidence.models import Event
from courseware.learning.enrolling import enroll, waive
from courseware.learning.kept_phrases import KEPT
from courseware.learning.models import Enrollment
from courseware.learning.phrase_book import keep_phrase
from courseware.reporting import log_check
from courseware.reporting.enrollment_check import merged_runs, newest_runs
from tests.assignments.rules import make_rule
from tests.assignments.two_accounts import another_course, assert_all_agrees, counted, facts, make_run, runs, state
from tests.making import join, make_admin, make_course, make_hr, make_user
from tests.world import complete_course, finish_lessons, rows_shown_to

pytestmark = pytest.mark.django_db


def test_the_runs_of_both_are_the_persons_and_the_further_one_goes_on(kept, other, course, hr):
    make_run(kept, course)
    further = make_run(other, course)
    finish_lessons(further)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", False, True), ("王小明", True, False)]
    assert_all_agrees()


def test_the_further_one_goes_on_also_where_it_was_begun_first(kept, other, course, hr):
    finish_lessons(make_run(kept, course))
    make_run(other, course)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", True, False), ("王小明", False, True)]
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
    waive(make_run(other, course), "a double", by=hr)
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
    [standing] = Standing.objects.all()
    assert (standing.learner, standing.certificate.enrollment) == (kept, later)
    assert standing.certified_until == date(2030, 1, 1)
    assert list(Enrollment.objects.newest().values_list("certified_until", flat=True)) == [date(2030, 1, 1)]


def test_what_the_account_that_stays_learned_elsewhere_counts_beside_the_certificates_of_both(kept, other, course, hr):
    training = OutsideTraining(person=kept, course=course, trained_on=date(2026, 1, 5), proof="A card")
    record_outside([training], by=make_admin())
    complete_course(make_run(other, course))
    before = state()
    row = merge(kept, other, by=hr)
    [standing] = Standing.objects.all()
    assert (standing.learner, standing.outside) == (kept, training)  # it has no end
    assert_all_agrees()
    undo_merge(row, by=hr)
    assert state() == before
    assert_all_agrees()


def test_a_run_that_is_not_where_the_merges_say_is_named(kept, other, course, hr):
    run = make_run(other, course)
    row = merge(kept, other, by=hr)
    Enrollment.objects.update(learner=other)
    assert list(merged_runs()) == [
        f"enrollment {run.pk}: is of person {kept.pk} by merge {row.pk}",
        f"enrollment {run.pk}: of person {other.pk}, who is another name of person {kept.pk}",
    ]
    Enrollment.objects.update(learner=kept)
    undo_merge(row, by=hr)
    assert list(merged_runs()) == []
    Enrollment.objects.update(learner=kept)
    assert list(merged_runs()) == [f"enrollment {run.pk}: is of person {other.pk}, as merge {row.pk} is undone"]


def test_a_merge_that_was_put_in_or_taken_out_past_the_product_is_named(kept, other, hr):
    row = merge(kept, other, by=hr)
    Merge.objects.update(made_at=row.made_at - timedelta(hours=1))
    assert list(log_check.differences()) == [f"merge {row.pk}: the log knows no “merged” that says the same"]
    event = Event.objects.get(verb="merged")
    Merge.objects.all().delete()
    nothing = f"event {event.pk}: “merged” of person:{kept.pk}, and nothing is kept of it"
    assert list(log_check.differences()) == [nothing]


def test_the_log_tells_both_and_each_run(kept, other, course, hr):
    own, brought = make_run(kept, course), make_run(other, course)
    before = Event.objects.count()
    row = merge(kept, other, by=hr)
    undo_merge(row, by=hr)
    said = [(event.verb, event.subject, event.actor) for event in Event.objects.order_by("pk")[before:]]
    assert said == [
        ("merged", f"person:{kept.pk}", hr),
        ("merged-into", f"person:{other.pk}", hr),
        ("run-brought", f"enrollment:{brought.pk}", hr),
        ("waived", f"enrollment:{brought.pk}", hr),
        ("rights-changed", f"person:{other.pk}", hr),
        ("merge-undone", f"person:{kept.pk}", hr),
        ("merged-no-more", f"person:{other.pk}", hr),
        ("rights-changed", f"person:{other.pk}", hr),
        ("run-given-back", f"enrollment:{brought.pk}", hr),
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
    waive(make_run(other, course), "a double", by=hr)
    new = make_run(kept, course)
    merge(kept, other, by=hr)
    assert runs() == [("王小明", False, False), ("王小明", False, True), ("王小明", True, False)]
    Enrollment.objects.remove_many([new])
    assert runs() == [("王小明", False, False), ("王小明", True, True)]
    assert list(newest_runs()) == []


def test_what_a_rule_did_in_the_other_account_it_does_not_do_again(kept, other, course, team, hr):
    Membership.objects.filter(person=kept).delete()
    make_rule(course, team_id=team.pk)
    assert act() == "enroll: 1"
    run = Enrollment.objects.get(learner=other)
    complete_course(run)
    Certificate.objects.update(valid_until=date(2026, 11, 1))
    keep_standings([Certificate.objects.get()])
    row = merge(kept, other, by=hr)
    join(team, kept)
    assert act() == ""
    undo_merge(row, by=hr)
    assert act() == "enroll: 1"
    assert Enrollment.objects.get(learner=kept).is_open


def test_phrases_kept_in_either_account_are_the_persons_and_go_back_with_their_runs(kept, other, course, hr):
    page = serving.page(course.current, "boiling", "en")
    for person in (kept, other):
        keep_phrase(make_run(person, course), page, "note:1")
    row = merge(kept, other, by=hr)
    assert (len(KEPT(learner=kept.pk)), len(KEPT(learner=other.pk))) == (2, 0)  # the page shows them as one
    undo_merge(row, by=hr)
    assert (len(KEPT(learner=kept.pk)), len(KEPT(learner=other.pk))) == (1, 1)


# Which runs go on where one account of a person was ahead of the other.


def test_a_completion_closes_what_the_other_account_had_open_but_no_renewal_begun_since():
    kept, other, course, hr = make_user(), make_user(), make_course(), make_hr()
    finish_lessons(enroll(other, course, by=hr))
    complete_course(enroll(kept, course, by=hr))
    Enrollment.objects.filter(learner=kept).update(completed_at=timezone.now() + timedelta(seconds=1))
    enroll(kept, course, by=hr, at=timezone.now() + timedelta(seconds=2))
    merge(kept, other, by=hr)
    rows = Enrollment.objects.order_by("pk").values_list("is_newest", "waived_at")
    found = [(is_newest, waived is not None) for is_newest, waived in rows]
    assert found == [(False, True), (False, False), (True, False)]
