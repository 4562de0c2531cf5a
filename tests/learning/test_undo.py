"""Decisions on enrollments: shown to manager and learner, and undone within a day."""

from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courseware.accounts.permissions.permissions import undecidable_ids
from courseware.audit_log.models import Event
from courseware.content.models import Course
from courseware.learning.due_dates.extensions import ask_manager
from courseware.learning.enrollments.adjustments import adjust, decide_on_all, enroll_people, undo
from courseware.learning.enrollments.enrollment import alone, enroll, exempt, extend
from courseware.learning.manager_actions.enrollment import Enroll
from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.manager_actions.extension import Extend
from courseware.learning.manager_actions.extra_time import SetExtraTime
from courseware.learning.models import Adjustment, AdjustmentItem, Enrollment
from courseware.learning.status import headcount_updates
from courseware.lib.dates import due_instant
from courseware.notifications.email.queue import queue_emails
from courseware.notifications.models import DeliveryState, OutgoingEmail
from courseware.reporting.integrity.check_all import differences
from tests.making import days, join, letters, letters_after_undo, make_course, make_enrollment, make_team, make_user
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


def all_of(adjustment):
    return list(adjustment.lines.all())


def take_back(adjustment, *, by=None, at=None):
    done, left = undo(adjustment, all_of(adjustment), by=by, at=at)
    return done, [(each.learner, each.why.value) for each in left]


@pytest.fixture
def manager():
    return make_user()


@pytest.fixture
def enrollment(team):
    enrollment = make_enrollment(make_user("Zhou Kai", language="en"), due_at=days(2))
    join(team, enrollment.learner)
    return enrollment


def state_of(enrollment):
    enrollment.refresh_from_db()
    enrollment.learner.refresh_from_db()
    return enrollment.due_at, enrollment.exempted_at, enrollment.exemption_reason, enrollment.learner.extra_time


@pytest.mark.parametrize(("late", "why"), [(-timedelta(seconds=1), None), (timedelta(0), None), (DAY / 1000, "late")])
def test_it_is_taken_back_for_a_day(enrollment, manager, late, why):
    adjustment = extend(enrollment, in_days(9), by=manager)
    done, left = take_back(adjustment, at=adjustment.made_at + DAY + late)
    assert (done, left) == (([], [(enrollment.learner_id, why)]) if why else ([enrollment.learner_id], []))


def test_what_has_happened_since_otherwise_stays(manager):
    completed, again, timed = (make_enrollment(due_at=days(3)) for _ in range(3))
    made = [extend(completed, in_days(9), by=manager)]
    made += [
        exempt(again, "moved", by=manager),
        alone(timed, Adjustment(kind=SetExtraTime.kind, time="2", made_by=manager)),
    ]
    complete_course(completed)
    enroll(again.learner, again.course)
    type(timed.learner).objects.filter(pk=timed.learner_id).update(extra_time="off")
    before = [state_of(each) for each in (completed, again, timed)]
    people = [each.learner_id for each in (completed, again, timed)]
    assert [take_back(each) for each in made] == [([], [(person, "later")]) for person in people]
    assert [state_of(each) for each in (completed, again, timed)] == before


def test_decision_is_not_undone_after_one_of_another_kind(enrollment, manager):
    adjustment = extend(enrollment, in_days(9), by=manager)
    alone(enrollment, Adjustment(kind=SetExtraTime.kind, time="1.5", made_by=manager))
    after = state_of(enrollment)
    assert take_back(adjustment) == ([], [(enrollment.learner_id, "later")])
    assert state_of(enrollment) == after


def test_an_excuse_taken_back_opens_the_run_again_as_it_was(manager):
    team = make_team(manager=manager)
    enrollment = make_enrollment(due_at=days(-3))
    join(team, enrollment.learner)
    finish_lessons(enrollment)
    adjustment = exempt(enrollment, "moved", by=manager)
    take_back(adjustment, by=manager)
    enrollment.refresh_from_db()
    assert (enrollment.is_open, enrollment.state_at()) == (True, Enrollment.State.OVERDUE)
    headcount_updates.compact_headcounts()
    assert list(differences()) == []
    exempt(enrollment, "moved", by=manager)  # which the log tells from the one before
    assert list(differences()) == []


# Enrolling


def enroll_by(manager, *people, course=None, **fields):
    adjustment = Adjustment(kind=Enroll.kind, course=course or Course.objects.get(), made_by=manager, **fields)
    return enroll_people([person.pk for person in people], adjustment, again=len(people) == 1)


def test_an_enrollment_in_which_nothing_was_done_is_removed_and_the_run_before_is_the_newest_again(manager):
    course = make_course()
    first = make_enrollment(course=course, completed_at=days(-300))
    adjustment, _refused = enroll_by(manager, first.learner)
    assert Enrollment.objects.newest().get() != first
    assert take_back(adjustment, by=manager) == ([first.learner_id], [])
    assert list(Enrollment.objects.newest()) == [first]
    [line] = all_of(adjustment)
    assert (line.enrollment, line.undone_by) == (None, manager)
    assert take_back(adjustment) == ([], [(first.learner_id, "undone")])
    assert Event.objects.filter(verb="enrollment-removed", actor=manager).count() == 1
    assert [each for each in differences() if "newest" in each or "people at" in each] == []


def test_whom_a_letter_has_reached_is_excused_instead_and_told_why(manager):
    make_course()
    told, waiting = make_user(language="en"), make_user()
    adjustment, _refused = enroll_by(manager, told, waiting)
    for person, state in ((told, DeliveryState.SENT), (waiting, DeliveryState.QUEUED)):
        OutgoingEmail.objects.create(kind="invitation", person=person, address=person.email, state=state)
    take_back(adjustment, by=manager)
    [left] = Enrollment.objects.all()
    assert (left.learner, left.exemption_reason) == (told, "enrolled by mistake")
    assert list(differences()) == []


def test_a_letter_that_waited_and_took_the_course_in_has_told_of_it(manager):
    make_course()
    person = make_user(language="en")
    queue_emails("enrolled", {person: []}, data={"by": None})
    OutgoingEmail.objects.update(written_at=days(-1))
    adjustment, _refused = enroll_by(manager, person)
    assert letters() == []  # for two minutes
    [letter] = letters_after_undo()
    assert letter.to == [person.email]
    take_back(adjustment, by=manager)
    assert Enrollment.objects.get().exemption_reason == "enrolled by mistake"


def test_whoever_has_asked_the_manager_is_excused_instead_and_the_question_stays(manager):
    learner = make_user()
    adjustment, _refused = enroll_by(manager, learner, course=make_course())
    question = ask_manager(Enrollment.objects.get(learner=learner), "May I learn at work?")
    assert take_back(adjustment, by=manager) == ([learner.pk], [])
    question.refresh_from_db()
    assert question.enrollment.exempted_at


def test_who_has_begun_stays_enrolled(manager):
    make_course()
    person = make_user()
    adjustment, _refused = enroll_by(manager, person)
    finish_lessons(Enrollment.objects.get())
    assert take_back(adjustment) == ([], [(person.pk, "begun")])
    assert Enrollment.objects.get().is_open


# Several at once


@pytest.mark.parametrize("kind", [Extend.kind, Exempt.kind, Enroll.kind])
def test_what_was_taken_back_stays_so_where_a_worker_begins_again(manager, kind):
    course, due_at = make_course(), days(3)
    run = None if kind == Enroll.kind else make_enrollment(course=course, due_at=due_at)
    keys = [run.pk if run else make_user().pk]
    adjustment = Adjustment.objects.create(
        kind=kind, course=course, due_on=in_days(9), made_by=manager, made_at=timezone.now()
    )
    decide_on_all.call(adjustment.pk, keys)
    assert len(take_back(adjustment, by=manager)[0]) == 1
    decide_on_all.call(adjustment.pk, keys)
    as_before = [(due_at, None)] if run else []
    assert list(Enrollment.objects.values_list("due_at", "exempted_at")) == as_before


@pytest.mark.parametrize("kind", [Extend.kind, Exempt.kind, SetExtraTime.kind, Enroll.kind])
def test_many_are_decided_on_and_taken_back_by_as_many_statements_as_one(manager, kind):
    course = make_course()
    undecidable_ids(manager)  # asked once for each user

    def statements(number):
        runs = [make_enrollment(course=course, due_at=days(3)) for _ in range(number)]
        people = [make_user() for _ in range(number)]
        adjustment = Adjustment(kind=kind, made_by=manager, due_on=in_days(9), time="2", reason="flood", course=course)
        with CaptureQueriesContext(connection) as to_make:
            if kind == Enroll.kind:
                made, refused = enroll_people([person.pk for person in people], adjustment)
            else:
                made, refused = adjust(runs, adjustment)
        assert (made.lines.count(), refused) == (number, [])
        lines = all_of(made)
        with CaptureQueriesContext(connection) as to_undo:
            done, left = undo(made, lines, by=manager)
        assert (len(done), left) == (number, [])
        return len(to_make), len(to_undo)

    assert statements(1) == statements(3) == statements(30)


def test_of_many_each_that_was_changed_since_stays_and_the_others_are_as_before(manager):
    runs = [make_enrollment(due_at=days(3)) for _ in range(3)]
    made, _refused = adjust(runs, Adjustment(kind=Extend.kind, due_on=in_days(9), made_by=manager))
    extend(runs[1], in_days(20), by=manager)
    people = [each.learner_id for each in runs]
    assert take_back(made) == ([people[0], people[2]], [(people[1], "later")])
    for run in runs:
        run.refresh_from_db()
    assert [run.due_on for run in runs] == [runs[0].due_on, in_days(20), runs[0].due_on]
    assert AdjustmentItem.objects.filter(undone_at=None).count() == 2


# On the pages of manager and learner


def kept():
    columns = ("adjustment__kind", "adjustment__made_by", "adjustment__reason", "learner", "enrollment")
    return list(AdjustmentItem.objects.values_list(*columns))


def lines(response, where):
    found = BeautifulSoup(response.content, "html.parser").select(where)
    return [" ".join(line.text.split()) for line in found]


def test_manager_and_learner_read_what_was_changed_by_whom_and_why(client, team, enrollment):
    with time_machine.travel("2026-11-30 09:00+08:00", tick=False):
        enrollment.due_at = due_instant(timezone.localdate(), enrollment.zone)
        enrollment.save()
        extend(enrollment, timezone.localdate() + timedelta(days=7), "a sick child", by=team.manager)
        alone(enrollment, Adjustment(kind=SetExtraTime.kind, time="1.5", made_by=team.manager))
        exempt(enrollment, "moved", by=team.manager)
        client.force_login(team.manager)
        page = client.get(reverse("reporting:person", args=[enrollment.pk]))
        assert [line.partition(", ")[2] for line in lines(page, ".timeline .extended, .timeline .timed")] == [
            "09:00 Li Lin set the extra time in exams and simulations: 1½ times the time",
            "09:00 Li Lin moved the due date from 30 November 2026 to 7 December 2026: a sick child",
        ]
        assert [line.partition(", ")[2] for line in lines(page, ".timeline .waived")] == [
            "09:00 Exempted by Li Lin: moved Undo"
        ]
        client.force_login(enrollment.learner)
        record = client.get(reverse("learner_home:record", args=[enrollment.course.identifier]))
        assert lines(record, "[aria-labelledby=adjusted] li") == [
            "Li Lin extended your due date to 7 December 2026: a sick child 30 November 2026",
            "Li Lin set your extra time in exams and simulations: 1½ times the time 30 November 2026",
            "Li Lin exempted you from this course: moved 30 November 2026",
        ]


def test_exemption_without_an_adjustment_is_shown(client, team, enrollment):
    type(enrollment).objects.update(exempted_at=days(-3), exemption_reason="moved")
    client.force_login(team.manager)
    page = client.get(reverse("reporting:person", args=[enrollment.pk]))
    assert [line[-12:] for line in lines(page, ".timeline .waived")] == ["Exempt moved"]


@pytest.mark.parametrize(("due_in", "since"), [(2, 2), (-5, 0), (None, 0)])
def test_a_button_moves_the_due_day_from_where_it_is_or_from_today(client, team, due_in, since):
    today = timezone.localdate()
    due_at = None if due_in is None else due_instant(today + timedelta(days=due_in), team.zone)
    enrollment = make_enrollment(due_at=due_at)
    join(team, enrollment.learner)
    client.force_login(team.manager)
    page = client.get(reverse("reporting:person", args=[enrollment.pk]))
    assert [button["value"] for button in BeautifulSoup(page.content, "html.parser").select("[name=days]")] == [
        "3",
        "7",
    ]
    client.post(
        reverse("reporting:extend", args=[enrollment.pk]), {"due_on": "", "reason": "a sick child", "days": "7"}
    )
    enrollment.refresh_from_db()
    assert enrollment.due_on == today + timedelta(days=since + 7)
    assert kept() == [("extended", team.manager.pk, "a sick child", enrollment.learner_id, enrollment.pk)]


@pytest.mark.parametrize("days_sent", ["4", "-3", "x", "700", "³"])
def test_a_number_of_days_that_is_on_no_button_moves_nothing(client, team, enrollment, days_sent):
    client.force_login(team.manager)
    address = reverse("reporting:extend", args=[enrollment.pk])
    assert client.post(address, {"due_on": "", "days": days_sent}).status_code == 422
    assert kept() == []
