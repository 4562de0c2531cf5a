"""Completing documents and enrollments."""

import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from courseware.audit_log.models import Event
from courseware.content.models import Document
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.lessons import answers
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.completion import LessonIncomplete, complete, enrollment_completed, finish, mark_read
from courseware.learning.status.progress import progress_of
from tests.assessment.exams import at_once
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import practise
from tests.making import make_course, make_enrollment

pytestmark = pytest.mark.django_db
COMPLETED, PASSED = Completion.Outcome.COMPLETED, Completion.Outcome.PASSED
SECOND_LESSON = {
    "01-water/03-cups.zh-hans.md": """---
id: cups
title: 杯子
objectives: [O1.1]
---

洗杯子。
""",
    "01-water/03-cups.en.md": """---
id: cups
title: Cups
---

Wash them.
""",
}


@pytest.fixture
def announced():
    """Enrollments received by `enrollment_completed`."""
    received = []

    def receive(sender, enrollment, **kwargs):
        received.append(enrollment)

    enrollment_completed.connect(receive)
    yield received
    enrollment_completed.disconnect(receive)


def outline_of(enrollment):
    course = enrollment.course
    course.refresh_from_db()
    return store.outline(course.current, course.source_language)


def complete_document(enrollment, identifier, outcome=COMPLETED, at=None):
    document = Document.objects.get(course=enrollment.course, identifier=identifier)
    return complete(enrollment, document, revision=document.latest_revision, outcome=outcome, at=at)


def test_exempt_learner_completes_documents_but_not_course(announced):
    enrollment = make_enrollment(exempted_at=timezone.now())
    complete_document(enrollment, "boiling")
    complete_document(enrollment, "last-cup", PASSED)
    assert not finish(enrollment)
    assert (announced, Completion.objects.count()) == ([], 2)


def test_second_completion_keeps_first_outcome_and_time():
    enrollment, at = make_enrollment(), timezone.now()
    first = complete_document(enrollment, "boiling", at=at)
    second = complete_document(enrollment, "boiling", outcome=PASSED)
    assert (second, second.outcome, second.completed_at) == (first, COMPLETED, at)
    [event] = Event.objects.filter(verb="completed")
    assert event.data == {"document": "boiling", "revision": first.revision_id, "outcome": "completed"}


def test_last_required_document_completes_enrollment_once(announced):
    enrollment, at = make_enrollment(), timezone.now()
    complete_document(enrollment, "last-cup", PASSED)
    assert announced == []
    complete_document(enrollment, "boiling", at=at)
    complete_document(enrollment, "boiling")
    enrollment.refresh_from_db()
    assert enrollment.completed_at == at
    assert announced == [enrollment]
    assert Event.objects.filter(verb="enrollment-completed").count() == 1


def test_optional_steps_and_steps_after_exam_complete_nothing(announced):
    enrollment = make_enrollment()
    complete_document(enrollment, "drill")
    complete_document(enrollment, "voice")
    enrollment.refresh_from_db()
    assert (enrollment.completed_at, announced) == (None, [])


def test_failing_receiver_rolls_back_completion():
    def fail(sender, **kwargs):
        raise RuntimeError("no certificate today")

    enrollment = make_enrollment()
    complete_document(enrollment, "last-cup", PASSED)
    enrollment_completed.connect(fail)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            complete_document(enrollment, "boiling")
    finally:
        enrollment_completed.disconnect(fail)
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None
    assert not enrollment.completions.filter(document__identifier="boiling").exists()


@pytest.mark.slow
def test_new_lessons_never_reopen_completed_enrollment(announced):
    enrollment = make_enrollment()
    complete_document(enrollment, "boiling")
    complete_document(enrollment, "last-cup", PASSED)
    import_course(make_files(**SECOND_LESSON))
    enrollment.refresh_from_db()
    assert enrollment.completed_at
    assert progress_of(enrollment, outline_of(enrollment)).percent == 66
    complete_document(enrollment, "cups")
    assert announced == [enrollment]


def test_archived_document_no_longer_counts(announced):
    enrollment = make_enrollment(course=make_course(make_files(**SECOND_LESSON)))
    complete_document(enrollment, "boiling")
    complete_document(enrollment, "last-cup", PASSED)
    assert progress_of(enrollment, outline_of(enrollment)).done_count == 2
    assert not finish(enrollment)
    import_course(make_files())
    progress = progress_of(enrollment, outline_of(enrollment))
    assert (progress.done_count, progress.total, progress.percent) == (2, 2, 100)
    assert finish(enrollment)
    assert finish(enrollment)
    assert announced == [enrollment]


def test_lesson_without_check_is_completed_by_mark_read():
    enrollment = make_enrollment(course=make_course(make_files(**SECOND_LESSON)))
    step = outline_of(enrollment).step("cups")
    assert mark_read(enrollment, step) == mark_read(enrollment, step)
    assert [one.document.identifier for one in enrollment.completions.all()] == ["cups"]


def test_lesson_with_open_check_cannot_be_marked_read():
    enrollment = make_enrollment()
    with pytest.raises(LessonIncomplete):
        mark_read(enrollment, outline_of(enrollment).step("boiling"))
    assert not enrollment.completions.exists()


def test_check_question_counts_for_its_job_role_only():
    files = make_files()
    path = "01-water/01-boiling.zh-hans.md"
    night_only = b"{#is-it-off .one tracks=night objective=O1.2}"
    files[path] = files[path].replace(b"{#is-it-off .one objective=O1.2}", night_only)
    course = make_course(files)
    for_day, for_night = make_enrollment(course=course), make_enrollment(course=course, job_role="night")
    step = outline_of(for_day).step("boiling")
    practise(for_day)
    practise(for_night)
    assert for_day.completions.count() == 1
    with pytest.raises(LessonIncomplete):
        mark_read(for_night, step)
    answers.answer(for_night, step, "is-it-off", ["1"], token=uuid.uuid4())
    assert for_night.completions.count() == 1


def test_answers_to_question_with_old_signature_do_not_count():
    enrollment = make_enrollment()
    step = outline_of(enrollment).step("boiling")
    practise(enrollment, but=["note"])
    answers.answer(enrollment, step, "note", ["Later."], token=uuid.uuid4())
    answers.answer(enrollment, step, "note", ["Later still."], token=uuid.uuid4())
    last = enrollment.answers.filter(pk=enrollment.answers.latest("pk").pk)
    last.update(question="is-it-off", is_right=True, shape="one --x")
    with pytest.raises(LessonIncomplete):
        mark_read(enrollment, step)
    last.update(shape="one -x")
    assert mark_read(enrollment, step)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_completions_complete_enrollment_once(announced):
    enrollment = make_enrollment(course=make_course())
    complete_document(enrollment, "boiling")
    passed = at_once(lambda _: complete_document(Enrollment.objects.get(pk=enrollment.pk), "last-cup", PASSED).pk)
    assert len(set(passed)) == 1
    assert announced == [enrollment]
    assert Event.objects.filter(verb="enrollment-completed").count() == 1
