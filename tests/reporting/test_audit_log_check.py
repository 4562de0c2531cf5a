"""What the log remembers against what is kept: for who changes the tables so that they hang together."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseware.assessment.models import Certificate, ExamAttempt, Response
from courseware.assignments.manager_actions.daily_actions import note_talks, undo_conversations
from courseware.assignments.models import Conversation
from courseware.audit_log.models import Event
from courseware.audit_log.record import record_many, subject_of
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Completion, Enrollment
from courseware.reporting.integrity import audit_log
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import START, make_course_with_pre_check, sit
from tests.making import make_enrollment, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.django_db


@pytest.fixture
def enrollment():
    """Completed with a pre-check before and its parallel questions after; beside it one that was excused."""
    enrollment = make_enrollment(course=make_course_with_pre_check())
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    sit(enrollment)
    sit(enrollment, exam=START, points=3)
    enrolling.exempt(make_enrollment(course=enrollment.course), "moved", by=None)
    enrollment.refresh_from_db()
    return enrollment


def key(verb, **data):
    """The primary key of the event."""
    return Event.objects.filter(verb=verb, **{f"data__{name}": value for name, value in data.items()}).first().pk


def test_what_the_product_writes_is_what_the_log_remembers(enrollment):
    assert list(audit_log.differences()) == []


def test_a_starting_point_that_was_lowered_with_its_answers_is_named(enrollment):
    """So that the gain looks larger: the responses, their grades and the points, all of them."""
    attempt = enrollment.attempts.get(exam__identifier=START, number=2)
    Response.objects.filter(attempt=attempt).update(response=None, is_right=False)
    ExamAttempt.objects.filter(pk=attempt.pk).update(points=0)
    assert list(differences()) == [
        f"examattempt {attempt.pk}: the audit log has no “exam-submitted” with the same data"
    ]


def test_an_attempt_that_vanished_with_all_it_led_to_is_named(enrollment):
    first = subject_of(ExamAttempt.objects.earliest("pk"))
    ExamAttempt.objects.filter(exam__identifier=START).delete()
    Completion.objects.filter(document__identifier=START).delete()
    gone = list(differences())
    assert len(gone) == 5
    assert gone[0] == f"event {key('exam-started', exam=START)}: “exam-started” of {first}, but no record of it exists"


def test_a_lesson_that_nobody_did_is_named(enrollment):
    other, real = Enrollment.objects.latest("pk"), Completion.objects.get(document__kind="lesson")
    now = timezone.now()
    other.started_at = other.last_active_at = now
    other.save()
    forged = Completion.objects.create(
        enrollment=other, document=real.document, revision=real.revision, outcome=real.outcome, completed_at=now
    )
    assert list(differences()) == [f"completion {forged.pk}: the audit log has no “completed” with the same data"]


def test_a_completion_that_was_taken_away_is_named(enrollment):
    Completion.objects.filter(document__kind="lesson").delete()
    told = key("completed", document="boiling")
    assert list(differences()) == [
        f"event {told}: “completed” of enrollment:{enrollment.pk}, but no record of it exists"
    ]


def test_a_course_completed_earlier_than_it_was_is_named(enrollment):
    earlier = enrollment.completed_at - timedelta(days=30)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=earlier)
    Certificate.objects.update(issued_at=earlier)
    pk = Certificate.objects.get().pk
    assert list(audit_log.differences()) == [
        f"enrollment {enrollment.pk}: the audit log has no “enrollment-completed” with the same data",
        f"certificate {pk}: the audit log has no “certificate-issued” with the same data",
    ]


def test_a_talk_that_was_made_up_hidden_or_taken_out_of_sight_is_named(enrollment):
    lead, run = make_user(), make_enrollment(course=enrollment.course)
    [talk], events = note_talks([run], by=lead)
    record_many(events)
    assert list(differences()) == []

    Conversation.objects.filter(pk=talk.pk).update(undone_at=timezone.now())
    assert list(differences()) == [
        f"conversation {talk.pk}: the audit log has no “conversation-undone” with the same data"
    ]
    Conversation.objects.filter(pk=talk.pk).update(undone_at=None)
    record_many(undo_conversations([talk], by=lead))
    made_up = Conversation.objects.create(enrollment=run, made_by=lead)
    assert list(differences()) == [
        f"conversation {made_up.pk}: the audit log has no “conversation-noted” with the same data"
    ]
    Conversation.objects.all().delete()
    assert list(differences()) == [
        f"event {key(verb, talk=talk.pk)}: “{verb}” of {subject_of(run)}, but no record of it exists"
        for verb in ("conversation-noted", "conversation-undone")
    ]


def test_who_was_excused_and_is_not_any_more_is_named(enrollment):
    other = Enrollment.objects.latest("pk")
    other.exempted_at = None
    other.save()
    assert list(differences()) == [
        f"event {key('waived')}: “waived” of enrollment:{other.pk}, but no record of it exists"
    ]


def test_it_reads_on_past_a_chunk(enrollment, monkeypatch):
    monkeypatch.setattr(audit_log, "CHUNK", 1)
    assert list(audit_log.differences()) == []
    pk = Completion.objects.latest("pk").pk
    Completion.objects.filter(pk=pk).update(completed_at=timezone.now())
    assert list(audit_log.differences()) == [f"completion {pk}: the audit log has no “completed” with the same data"]
