"""Undoing manager actions within 1 day, and how they are shown."""

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
from tests.making import days, emails_after_undo, join, make_course, make_enrollment, make_team, make_user, sent_emails
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def in_days(number):
    return timezone.localdate() + timedelta(days=number)


def items_of(adjustment):
    return list(adjustment.lines.all())


def undo_all(adjustment, *, by=None, at=None):
    done, remaining = undo(adjustment, items_of(adjustment), by=by, at=at)
    return done, [(each.learner, each.why.value) for each in remaining]


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


@pytest.mark.parametrize(("offset", "why"), [(-timedelta(seconds=1), None), (timedelta(0), None), (DAY / 1000, "late")])
def test_action_can_be_undone_for_1_day(enrollment, manager, offset, why):
    adjustment = extend(enrollment, in_days(9), by=manager)
    done, remaining = undo_all(adjustment, at=adjustment.made_at + DAY + offset)
    assert (done, remaining) == (([], [(enrollment.learner_id, why)]) if why else ([enrollment.learner_id], []))


def test_action_stays_if_something_changed_since(manager):
    completed, again, with_extra_time = (make_enrollment(due_at=days(3)) for _ in range(3))
    adjustments = [extend(completed, in_days(9), by=manager)]
    adjustments += [
        exempt(again, "moved", by=manager),
        alone(with_extra_time, Adjustment(kind=SetExtraTime.kind, time="2", made_by=manager)),
    ]
    complete_course(completed)
    enroll(again.learner, again.course)
    type(with_extra_time.learner).objects.filter(pk=with_extra_time.learner_id).update(extra_time="off")
    before = [state_of(each) for each in (completed, again, with_extra_time)]
    people = [each.learner_id for each in (completed, again, with_extra_time)]
    assert [undo_all(each) for each in adjustments] == [([], [(person, "later")]) for person in people]
    assert [state_of(each) for each in (completed, again, with_extra_time)] == before


def test_action_is_not_undone_after_other_action(enrollment, manager):
    adjustment = extend(enrollment, in_days(9), by=manager)
    alone(enrollment, Adjustment(kind=SetExtraTime.kind, time="1.5", made_by=manager))
    after = state_of(enrollment)
    assert undo_all(adjustment) == ([], [(enrollment.learner_id, "later")])
    assert state_of(enrollment) == after


@pytest.mark.slow
def test_undone_exemption_reopens_enrollment_unchanged(manager):
    team = make_team(manager=manager)
    enrollment = make_enrollment(due_at=days(-3))
    join(team, enrollment.learner)
    finish_lessons(enrollment)
    adjustment = exempt(enrollment, "moved", by=manager)
    undo_all(adjustment, by=manager)
    enrollment.refresh_from_db()
    assert (enrollment.is_open, enrollment.state_at()) == (True, Enrollment.State.OVERDUE)
    headcount_updates.compact_headcounts()
    assert list(differences()) == []
    exempt(enrollment, "moved", by=manager)  # a second exemption, separate in the log
    assert list(differences()) == []


# Enrollments


def enroll_by(manager, *people, course=None, **fields):
    adjustment = Adjustment(kind=Enroll.kind, course=course or Course.objects.get(), made_by=manager, **fields)
    return enroll_people([person.pk for person in people], adjustment, again=len(people) == 1)


def test_undone_enrollment_is_removed_and_previous_becomes_newest(manager):
    course = make_course()
    first = make_enrollment(course=course, completed_at=days(-300))
    adjustment, _refused = enroll_by(manager, first.learner)
    assert Enrollment.objects.newest().get() != first
    assert undo_all(adjustment, by=manager) == ([first.learner_id], [])
    assert list(Enrollment.objects.newest()) == [first]
    [text] = items_of(adjustment)
    assert (text.enrollment, text.undone_by) == (None, manager)
    assert undo_all(adjustment) == ([], [(first.learner_id, "undone")])
    assert Event.objects.filter(verb="enrollment-removed", actor=manager).count() == 1
    assert [each for each in differences() if "newest" in each or "people at" in each] == []


def test_enrollment_known_by_email_is_exempted_instead_of_removed(manager):
    make_course()
    notified, not_notified = make_user(language="en"), make_user()
    adjustment, _refused = enroll_by(manager, notified, not_notified)
    for person, state in ((notified, DeliveryState.SENT), (not_notified, DeliveryState.QUEUED)):
        OutgoingEmail.objects.create(kind="invitation", person=person, address=person.email, state=state)
    undo_all(adjustment, by=manager)
    [remaining] = Enrollment.objects.all()
    assert (remaining.learner, remaining.exemption_reason) == (notified, "enrolled by mistake")
    assert list(differences()) == []


def test_waiting_email_that_included_course_counts_as_sent(manager):
    make_course()
    person = make_user(language="en")
    queue_emails("enrolled", {person: []}, data={"by": None})
    OutgoingEmail.objects.update(written_at=days(-1))
    adjustment, _refused = enroll_by(manager, person)
    assert sent_emails() == []  # held back for 2 minutes
    [email] = emails_after_undo()
    assert email.to == [person.email]
    undo_all(adjustment, by=manager)
    assert Enrollment.objects.get().exemption_reason == "enrolled by mistake"


def test_enrollment_with_question_to_manager_is_exempted_instead(manager):
    learner = make_user()
    adjustment, _refused = enroll_by(manager, learner, course=make_course())
    question = ask_manager(Enrollment.objects.get(learner=learner), "May I learn at work?")
    assert undo_all(adjustment, by=manager) == ([learner.pk], [])
    question.refresh_from_db()
    assert question.enrollment.exempted_at


def test_started_enrollment_is_not_undone(manager):
    make_course()
    person = make_user()
    adjustment, _refused = enroll_by(manager, person)
    finish_lessons(Enrollment.objects.get())
    assert undo_all(adjustment) == ([], [(person.pk, "begun")])
    assert Enrollment.objects.get().is_open


# Bulk actions


@pytest.mark.parametrize("kind", [Extend.kind, Exempt.kind, Enroll.kind])
def test_repeated_worker_task_does_not_redo_undone_action(manager, kind):
    course, due_at = make_course(), days(3)
    enrollment = None if kind == Enroll.kind else make_enrollment(course=course, due_at=due_at)
    keys = [enrollment.pk if enrollment else make_user().pk]
    adjustment = Adjustment.objects.create(
        kind=kind, course=course, due_on=in_days(9), made_by=manager, made_at=timezone.now()
    )
    decide_on_all.call(adjustment.pk, keys)
    assert len(undo_all(adjustment, by=manager)[0]) == 1
    decide_on_all.call(adjustment.pk, keys)
    as_before = [(due_at, None)] if enrollment else []
    assert list(Enrollment.objects.values_list("due_at", "exempted_at")) == as_before


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Extend.kind, Exempt.kind, SetExtraTime.kind, Enroll.kind])
def test_bulk_action_and_undo_cost_same_queries_for_any_size(manager, kind):
    course = make_course()
    undecidable_ids(manager)  # cached per user

    def statements(number):
        enrollments = [make_enrollment(course=course, due_at=days(3)) for _ in range(number)]
        people = [make_user() for _ in range(number)]
        adjustment = Adjustment(kind=kind, made_by=manager, due_on=in_days(9), time="2", reason="flood", course=course)
        with CaptureQueriesContext(connection) as to_make:
            if kind == Enroll.kind:
                result, refused = enroll_people([person.pk for person in people], adjustment)
            else:
                result, refused = adjust(enrollments, adjustment)
        assert (result.lines.count(), refused) == (number, [])
        lines = items_of(result)
        with CaptureQueriesContext(connection) as to_undo:
            done, remaining = undo(result, lines, by=manager)
        assert (len(done), remaining) == (number, [])
        return len(to_make), len(to_undo)

    assert statements(1) == statements(3) == statements(30)


def test_bulk_undo_skips_enrollments_changed_since(manager):
    rows = [make_enrollment(due_at=days(3)) for _ in range(3)]
    adjustment, _refused = adjust(rows, Adjustment(kind=Extend.kind, due_on=in_days(9), made_by=manager))
    extend(rows[1], in_days(20), by=manager)
    people = [each.learner_id for each in rows]
    assert undo_all(adjustment) == ([people[0], people[2]], [(people[1], "later")])
    for each in rows:
        each.refresh_from_db()
    assert [each.due_on for each in rows] == [rows[0].due_on, in_days(20), rows[0].due_on]
    assert AdjustmentItem.objects.filter(undone_at=None).count() == 2


def stored_items():
    columns = ("adjustment__kind", "adjustment__made_by", "adjustment__reason", "learner", "enrollment")
    return list(AdjustmentItem.objects.values_list(*columns))


def lines(response, selector):
    found = BeautifulSoup(response.content, "html.parser").select(selector)
    return [" ".join(text.text.split()) for text in found]


@pytest.mark.slow
def test_manager_and_learner_see_changes_with_author_and_reason(client, team, enrollment):
    with time_machine.travel("2026-11-30 09:00+08:00", tick=False):
        enrollment.due_at = due_instant(timezone.localdate(), enrollment.zone)
        enrollment.save()
        extend(enrollment, timezone.localdate() + timedelta(days=7), "a sick child", by=team.manager)
        alone(enrollment, Adjustment(kind=SetExtraTime.kind, time="1.5", made_by=team.manager))
        exempt(enrollment, "moved", by=team.manager)
        client.force_login(team.manager)
        page = client.get(reverse("reporting:person", args=[enrollment.pk]))
        assert [text.partition(", ")[2] for text in lines(page, ".timeline .extended, .timeline .timed")] == [
            "09:00 Li Lin set the extra time in exams and simulations: 1½ times the standard time",
            "09:00 Li Lin moved the due date from 30 November 2026 to 7 December 2026: a sick child",
        ]
        assert [text.partition(", ")[2] for text in lines(page, ".timeline .exempted")] == [
            "09:00 Exempted by Li Lin: moved Undo"
        ]
        client.force_login(enrollment.learner)
        record = client.get(reverse("learner_home:record", args=[enrollment.course.identifier]))
        assert lines(record, "[aria-labelledby=adjusted] li") == [
            "Li Lin extended your due date to 7 December 2026: a sick child 30 November 2026",
            "Li Lin set your extra time in exams and simulations: 1½ times the standard time 30 November 2026",
            "Li Lin exempted you from this course: moved 30 November 2026",
        ]


def test_exemption_without_adjustment_is_shown(client, team, enrollment):
    type(enrollment).objects.update(exempted_at=days(-3), exemption_reason="moved")
    client.force_login(team.manager)
    page = client.get(reverse("reporting:person", args=[enrollment.pk]))
    assert [text[-12:] for text in lines(page, ".timeline .exempted")] == ["Exempt moved"]


@pytest.mark.parametrize(("due_in", "since"), [(2, 2), (-5, 0), (None, 0)])
def test_extension_button_counts_from_due_date_or_today(client, team, due_in, since):
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
    assert stored_items() == [("extended", team.manager.pk, "a sick child", enrollment.learner_id, enrollment.pk)]


@pytest.mark.parametrize("days_sent", ["4", "-3", "x", "700", "³"])
def test_unknown_number_of_days_is_refused(client, team, enrollment, days_sent):
    client.force_login(team.manager)
    address = reverse("reporting:extend", args=[enrollment.pk])
    assert client.post(address, {"due_on": "", "days": days_sent}).status_code == 422
    assert stored_items() == []
