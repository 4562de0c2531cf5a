"""Stored data is compared with the audit log."""

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
    """Completed, with a pre-test and a post-test; another one is exempt."""
    enrollment = make_enrollment(course=make_course_with_pre_check())
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    sit(enrollment)
    sit(enrollment, exam=START, points=3)
    enrolling.exempt(make_enrollment(course=enrollment.course), "moved", by=None)
    enrollment.refresh_from_db()
    return enrollment


def key(verb, **data):
    """Primary key of the event."""
    return Event.objects.filter(verb=verb, **{f"data__{name}": value for name, value in data.items()}).first().pk


def test_product_data_matches_log(enrollment):
    assert list(audit_log.differences()) == []


@pytest.mark.slow
def test_changed_exam_points_are_reported(enrollment):
    """Responses, grades and points are changed consistently."""
    attempt = enrollment.attempts.get(exam__identifier=START, number=2)
    Response.objects.filter(attempt=attempt).update(response=None, is_right=False)
    ExamAttempt.objects.filter(pk=attempt.pk).update(points=0)
    assert list(differences()) == [
        f"exam-attempt {attempt.pk}: the audit log has no “exam-submitted” with the same data"
    ]


def test_deleted_attempt_is_reported(enrollment):
    first = subject_of(ExamAttempt.objects.earliest("pk"))
    ExamAttempt.objects.filter(exam__identifier=START).delete()
    Completion.objects.filter(document__identifier=START).delete()
    gone = list(differences())
    assert len(gone) == 5
    assert gone[0] == f"event {key('exam-started', exam=START)}: “exam-started” of {first}, but no record of it exists"


@pytest.mark.slow
def test_forged_lesson_completion_is_reported(enrollment):
    other, real = Enrollment.objects.latest("pk"), Completion.objects.get(document__kind="lesson")
    now = timezone.now()
    other.started_at = other.last_active_at = now
    other.save()
    forged = Completion.objects.create(
        enrollment=other, document=real.document, revision=real.revision, outcome=real.outcome, completed_at=now
    )
    assert list(differences()) == [f"completion {forged.pk}: the audit log has no “completed” with the same data"]


def test_deleted_completion_is_reported(enrollment):
    Completion.objects.filter(document__kind="lesson").delete()
    event = key("completed", document="boiling")
    assert list(differences()) == [
        f"event {event}: “completed” of enrollment:{enrollment.pk}, but no record of it exists"
    ]


def test_backdated_course_completion_is_reported(enrollment):
    earlier = enrollment.completed_at - timedelta(days=30)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=earlier)
    Certificate.objects.update(issued_at=earlier)
    pk = Certificate.objects.get().pk
    assert list(audit_log.differences()) == [
        f"enrollment {enrollment.pk}: the audit log has no “enrollment-completed” with the same data",
        f"certificate {pk}: the audit log has no “certificate-issued” with the same data",
    ]


@pytest.mark.slow
def test_changed_conversation_is_reported(enrollment):
    manager, other = make_user(), make_enrollment(course=enrollment.course)
    [real], events = note_talks([other], by=manager)
    record_many(events)
    assert list(differences()) == []

    Conversation.objects.filter(pk=real.pk).update(undone_at=timezone.now())
    assert list(differences()) == [
        f"conversation {real.pk}: the audit log has no “conversation-undone” with the same data"
    ]
    Conversation.objects.filter(pk=real.pk).update(undone_at=None)
    record_many(undo_conversations([real], by=manager))
    forged = Conversation.objects.create(enrollment=other, made_by=manager)
    assert list(differences()) == [
        f"conversation {forged.pk}: the audit log has no “conversation-noted” with the same data"
    ]
    Conversation.objects.all().delete()
    assert list(differences()) == [
        f"event {key(verb, talk=real.pk)}: “{verb}” of {subject_of(other)}, but no record of it exists"
        for verb in ("conversation-noted", "conversation-undone")
    ]


@pytest.mark.slow
def test_removed_exemption_is_reported(enrollment):
    other = Enrollment.objects.latest("pk")
    other.exempted_at = None
    other.save()
    assert list(differences()) == [
        f"event {key('exempted')}: “exempted” of enrollment:{other.pk}, but no record of it exists"
    ]


@pytest.mark.slow
def test_check_reads_past_first_chunk(enrollment, monkeypatch):
    monkeypatch.setattr(audit_log, "CHUNK", 1)
    assert list(audit_log.differences()) == []
    pk = Completion.objects.latest("pk").pk
    Completion.objects.filter(pk=pk).update(completed_at=timezone.now())
    assert list(audit_log.differences()) == [f"completion {pk}: the audit log has no “completed” with the same data"]
