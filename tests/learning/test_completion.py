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
def told():
    """Enrollments that were announced as completed."""
    heard = []

    def receive(sender, enrollment, **kwargs):
        heard.append(enrollment)

    enrollment_completed.connect(receive)
    yield heard
    enrollment_completed.disconnect(receive)


def outline_of(enrollment):
    course = enrollment.course
    course.refresh_from_db()
    return store.outline(course.current, course.source_language)


def do(enrollment, identifier, outcome=COMPLETED, at=None):
    document = Document.objects.get(course=enrollment.course, identifier=identifier)
    return complete(enrollment, document, revision=document.head, outcome=outcome, at=at)


def test_who_is_excused_completes_documents_and_no_more_the_course(told):
    enrollment = make_enrollment(exempted_at=timezone.now())
    do(enrollment, "boiling")
    do(enrollment, "last-cup", PASSED)
    assert not finish(enrollment)
    assert (told, Completion.objects.count()) == ([], 2)


def test_a_document_is_completed_once_and_the_first_fact_stands():
    enrollment, at = make_enrollment(), timezone.now()
    first = do(enrollment, "boiling", at=at)
    second = do(enrollment, "boiling", outcome=PASSED)
    assert (second, second.outcome, second.completed_at) == (first, COMPLETED, at)
    [event] = Event.objects.filter(verb="completed")
    assert event.data == {"document": "boiling", "revision": first.revision_id, "outcome": "completed"}


def test_an_enrollment_is_complete_with_the_last_required_document_and_told_once(told):
    enrollment, at = make_enrollment(), timezone.now()
    do(enrollment, "last-cup", PASSED)
    assert told == []
    do(enrollment, "boiling", at=at)
    do(enrollment, "boiling")
    enrollment.refresh_from_db()
    assert enrollment.completed_at == at
    assert told == [enrollment]
    assert Event.objects.filter(verb="enrollment-completed").count() == 1


def test_pages_after_the_exam_and_what_is_not_required_complete_nothing(told):
    enrollment = make_enrollment()
    do(enrollment, "drill")
    do(enrollment, "voice")
    enrollment.refresh_from_db()
    assert (enrollment.completed_at, told) == (None, [])


def test_a_receiver_that_fails_undoes_the_completion():
    def refuse(sender, **kwargs):
        raise RuntimeError("no certificate today")

    enrollment = make_enrollment()
    do(enrollment, "last-cup", PASSED)
    enrollment_completed.connect(refuse)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            do(enrollment, "boiling")
    finally:
        enrollment_completed.disconnect(refuse)
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None
    assert not enrollment.completions.filter(document__identifier="boiling").exists()


def test_a_later_release_with_more_lessons_never_reopens_a_completion(told):
    enrollment = make_enrollment()
    do(enrollment, "boiling")
    do(enrollment, "last-cup", PASSED)
    import_course(make_files(**SECOND_LESSON))
    enrollment.refresh_from_db()
    assert enrollment.completed_at
    assert progress_of(enrollment, outline_of(enrollment)).percent == 66
    do(enrollment, "cups")
    assert told == [enrollment]


def test_a_retired_document_leaves_the_denominator_and_what_is_left_can_be_finished(told):
    enrollment = make_enrollment(course=make_course(make_files(**SECOND_LESSON)))
    do(enrollment, "boiling")
    do(enrollment, "last-cup", PASSED)
    assert progress_of(enrollment, outline_of(enrollment)).done_count == 2
    assert not finish(enrollment)
    import_course(make_files())
    progress = progress_of(enrollment, outline_of(enrollment))
    assert (progress.done_count, progress.total, progress.percent) == (2, 2, 100)
    assert finish(enrollment)
    assert finish(enrollment)
    assert told == [enrollment]


def test_a_lesson_without_a_check_is_done_when_the_learner_says_so():
    enrollment = make_enrollment(course=make_course(make_files(**SECOND_LESSON)))
    step = outline_of(enrollment).step("cups")
    assert mark_read(enrollment, step) == mark_read(enrollment, step)
    assert [one.document.identifier for one in enrollment.completions.all()] == ["cups"]


def test_a_lesson_with_a_check_is_not_done_by_saying_so():
    enrollment = make_enrollment()
    with pytest.raises(LessonIncomplete):
        mark_read(enrollment, outline_of(enrollment).step("boiling"))
    assert not enrollment.completions.exists()


def test_a_check_counts_for_the_post_it_is_asked_of():
    files = make_files()
    path = "01-water/01-boiling.zh-hans.md"
    night = b"{#is-it-off .one tracks=night objective=O1.2}"
    files[path] = files[path].replace(b"{#is-it-off .one objective=O1.2}", night)
    course = make_course(files)
    by_day, by_night = make_enrollment(course=course), make_enrollment(course=course, job_role="night")
    step = outline_of(by_day).step("boiling")
    practise(by_day)
    practise(by_night)
    assert by_day.completions.count() == 1
    with pytest.raises(LessonIncomplete):
        mark_read(by_night, step)
    answers.answer(by_night, step, "is-it-off", ["1"], token=uuid.uuid4())
    assert by_night.completions.count() == 1


def test_tries_at_a_question_that_has_changed_its_shape_do_not_count():
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


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_complete_an_enrollment_once(told):
    enrollment = make_enrollment(course=make_course())
    do(enrollment, "boiling")
    passed = at_once(lambda _: do(Enrollment.objects.get(pk=enrollment.pk), "last-cup", PASSED).pk)
    assert len(set(passed)) == 1
    assert told == [enrollment]
    assert Event.objects.filter(verb="enrollment-completed").count() == 1
