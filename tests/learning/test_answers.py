"""Storing answers: grading, completion, rate limit, idempotency."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from courseware import settings as site
from courseware.audit_log.models import Event
from courseware.content.models import Document
from courseware.content.rendering import store
from courseware.learning.lessons.answers import NoSuchQuestion, QuestionChanged, TokenReused, answer
from courseware.learning.lessons.rate_limits import TooFast
from courseware.learning.models import Answer, Completion, Enrollment
from tests.assessment.exams import at_once
from tests.course_format.samples import damage
from tests.learning.lesson_pages import PRACTICE, practise
from tests.making import make_course, make_enrollment, make_user

pytestmark = pytest.mark.django_db
RIGHT, WRONG = ["1"], ["0"]  # of the sample's check question "is-it-off"


def step_of(enrollment, identifier="boiling"):
    course = enrollment.course
    return store.outline(course.current, course.source_language).step(identifier)


def try_it(enrollment, raw=RIGHT, question="is-it-off", token=None, **more):
    return answer(enrollment, step_of(enrollment), question, raw, token=token or uuid.uuid4(), **more)


def test_answer_is_graded_and_stored_with_revision_and_signature():
    enrollment, at = make_enrollment(), timezone.now()
    stored = try_it(enrollment, WRONG, at=at)
    assert (stored.question, stored.shape, stored.response, stored.is_right) == ("is-it-off", "one -x", [0], False)
    assert stored.revision == stored.document.latest_revision
    enrollment.refresh_from_db()
    assert (enrollment.started_at, enrollment.last_active_at) == (at, at)


def test_clock_jumping_back_keeps_last_activity():
    enrollment, at = make_enrollment(), timezone.now()
    try_it(enrollment, WRONG, at=at)
    try_it(enrollment, WRONG, at=at - timedelta(hours=2))
    enrollment.refresh_from_db()
    assert enrollment.last_active_at == at


def test_last_right_check_answer_completes_lesson():
    enrollment = make_enrollment()
    practise(enrollment)
    try_it(enrollment, WRONG)
    assert not enrollment.completions.exists()
    try_it(enrollment, RIGHT)
    assert enrollment.completions.get().document.identifier == "boiling"
    try_it(enrollment, WRONG)  # an older tab: another answer
    try_it(enrollment, RIGHT)
    assert (enrollment.answers.filter(question="is-it-off").count(), enrollment.completions.count()) == (4, 1)
    assert Event.objects.filter(verb="completed").count() == 1


def test_answers_are_limited_to_60_per_minute_and_retries_count_once(settings):
    settings.ANSWERS_PER_MINUTE = site.ANSWERS_PER_MINUTE
    enrollment, at = make_enrollment(), timezone.now()
    first = uuid.uuid4()
    for _ in range(3):
        try_it(enrollment, token=first, at=at)
    for second in range(59):
        try_it(enrollment, at=at + timedelta(seconds=second))
    last = at + timedelta(seconds=59)
    with pytest.raises(TooFast):
        try_it(enrollment, at=last)
    assert try_it(enrollment, token=first, at=last).token == first
    try_it(make_enrollment(make_user(), enrollment.course), at=last)
    assert enrollment.answers.count() == 60
    try_it(enrollment, at=at + timedelta(seconds=60))
    assert enrollment.answers.count() == 61


@pytest.mark.parametrize("last", PRACTICE)
def test_last_answer_to_any_question_completes_lesson(last):
    enrollment = make_enrollment()
    try_it(enrollment, RIGHT)
    practise(enrollment, but=[last])
    assert not enrollment.completions.exists()
    try_it(enrollment, PRACTICE[last], last)
    assert [one.document.identifier for one in enrollment.completions.all()] == ["boiling"]


@pytest.mark.parametrize("check", [[], [WRONG, WRONG]], ids=["not answered", "missed twice"])
def test_lesson_is_not_completed_until_check_is_right(check):
    enrollment = make_enrollment()
    for raw in check:
        try_it(enrollment, raw)
    practise(enrollment)
    assert not enrollment.completions.exists()


@pytest.mark.parametrize(
    "raw, question", [(WRONG, "is-it-off"), (["1"], "what-first")], ids=["another choice", "another question"]
)
def test_other_content_with_same_token_is_refused(raw, question):
    enrollment, token = make_enrollment(), uuid.uuid4()
    try_it(enrollment, RIGHT, token=token)
    with pytest.raises(TokenReused):
        try_it(enrollment, raw, question, token=token)
    assert Answer.objects.get().response == [1]


def test_token_of_another_learner_is_refused():
    enrollment, token = make_enrollment(), uuid.uuid4()
    try_it(enrollment, token=token)
    with pytest.raises(TokenReused):
        try_it(make_enrollment(make_user(), enrollment.course), token=token)


@pytest.mark.parametrize("raw", [[], ["2"], ["-1"], ["x"], ["0", "1"], ["0\0"], ["0" * 1_000_000]])
def test_invalid_response_is_refused_and_not_stored(raw):
    enrollment = make_enrollment()
    with pytest.raises(ValueError):
        try_it(enrollment, raw)
    assert not Answer.objects.exists()
    enrollment.refresh_from_db()
    assert enrollment.started_at is None


@pytest.mark.parametrize("question", ["bank-boiled", "nowhere", ""])
def test_question_outside_lesson_is_refused(question):
    with pytest.raises(NoSuchQuestion):
        try_it(make_enrollment(), question=question)


def test_completed_learner_can_continue_practising():
    enrollment = make_enrollment(completed_at=timezone.now())
    try_it(enrollment)
    assert enrollment.answers.count() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("token", [uuid.UUID(int=7), None], ids=["one form", "twenty forms"])
def test_concurrent_answers_complete_lesson_once(token):
    enrollment = make_enrollment(course=make_course())
    practise(enrollment)

    answers = at_once(lambda _: try_it(Enrollment.objects.get(pk=enrollment.pk), token=token).pk)
    assert len(set(answers)) == Answer.objects.filter(question="is-it-off").count() == (1 if token else 20)
    assert Completion.objects.count() == 1
    assert Event.objects.filter(verb="completed").count() == 1


def test_changed_options_are_refused_under_lock():
    enrollment = make_enrollment()
    shown = step_of(enrollment), Document.objects.get(identifier="boiling").latest_revision_id
    files = damage("01-water/01-boiling.en.md", "[ ] No\n", "[ ] Yes.\n")
    make_course(files)
    with pytest.raises(QuestionChanged):
        answer(enrollment, shown[0], "is-it-off", WRONG, token=uuid.uuid4(), revision=shown[1])
    assert not Answer.objects.exists()
