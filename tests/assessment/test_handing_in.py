"""Handing in: graded once, whole, by the questions and the mark the attempt began with."""

from datetime import timedelta

import pytest

from courseware.assessment import attempting, certifying
from courseware.assessment.attempting import AttemptClosed
from courseware.assessment.models import Attempt, Certificate
from courseware.content.releases.importing import import_course
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning.models import Completion
from tests.assessment.exams import (
    MONDAY,
    answer,
    asked,
    at_once,
    exam_files,
    make_course,
    make_course_of_every_kind,
    ready,
    right,
    sit,
    start,
    wrong,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def test_handing_in_grades_every_kind_and_what_was_left_open_counts_as_missed():
    enrollment = ready(make_course_of_every_kind(pass_mark=60))
    attempt = start(enrollment)
    for response, question in asked(attempt):
        if question.kind in ("one", "order", "sort"):
            attempting.save(attempt, response.position, right(question), saves=0)
        elif question.kind == "several":
            attempting.save(attempt, response.position, wrong(question), saves=0)
    attempt = attempting.submit(attempt, at=MONDAY)
    assert (attempt.points, attempt.max_points, attempt.is_passed, attempt.submitted_at) == (3, 5, True, MONDAY)
    assert {question.kind: response.is_right for response, question in asked(attempt)} == {
        "one": True, "order": True, "sort": True, "several": False, "mark": False,
    }  # fmt: skip


@pytest.mark.parametrize(("draw", "points", "passes"), [(5, 4, True), (5, 3, False), (4, 3, False), (4, 4, True)])
def test_a_mark_of_80_percent_is_decided_in_whole_points(draw, points, passes):
    enrollment = ready(make_course(draw=draw))
    attempt = sit(enrollment, points=points)
    assert (attempt.points, attempt.is_passed) == (points, passes)
    enrollment.refresh_from_db()
    assert (enrollment.completed_at is not None) is passes
    assert Certificate.objects.count() == Completion.objects.filter(document__kind="exam").count() == passes


def test_handing_in_again_changes_nothing():
    attempt = sit(ready(make_course()), at=MONDAY)
    events = Event.objects.count()
    again = attempting.submit(attempt, at=MONDAY + MINUTE)
    assert (again.submitted_at, again.points) == (MONDAY, 4)
    assert (Certificate.objects.count(), Event.objects.count()) == (1, events)


def test_a_late_hand_in_counts_what_was_saved_in_time():
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    answer(attempt, at=MONDAY + MINUTE)
    attempt = attempting.submit(attempt, at=MONDAY + timedelta(days=3))
    assert (attempt.points, attempt.is_passed) == (4, True)


@pytest.mark.django_db(transaction=True)
def test_twenty_hand_ins_at_once_make_one_completion_and_one_certificate():
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)
    told = at_once(lambda _number: attempting.submit(attempt))
    assert {(each.pk, each.points, each.submitted_at) for each in told} == {(attempt.pk, 4, told[0].submitted_at)}
    assert (Certificate.objects.count(), Completion.objects.filter(document__kind="exam").count()) == (1, 1)
    assert Event.objects.filter(verb="attempt-submitted").count() == 1
    assert verify() == []


@pytest.mark.django_db(transaction=True)
def test_saving_and_handing_in_at_once_lose_nothing_that_was_acknowledged():
    attempt = start(ready(make_course()))
    answer(attempt, points=0)
    work = [lambda: attempting.save(attempt, 1, right(asked(attempt)[0][1]), saves=1)]
    work.append(lambda: attempting.submit(attempt))
    saved, submitted = at_once(lambda number: work[number](), times=2)
    assert submitted.points == (0 if isinstance(saved, AttemptClosed) else 1)


def test_without_a_certificate_there_is_no_pass(monkeypatch):
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)

    def breaks(*args, **kwargs):
        raise RuntimeError("no certificate today")

    monkeypatch.setattr(certifying, "issue", breaks)
    with pytest.raises(RuntimeError):
        attempting.submit(attempt)
    enrollment.refresh_from_db()
    attempt.refresh_from_db()
    assert (enrollment.completed_at, attempt.submitted_at, attempt.points) == (None, None, None)
    assert not attempt.responses.exclude(is_right=None).exists()
    assert not Completion.objects.filter(document__kind="exam").exists()
    assert not Event.objects.filter(verb="attempt-submitted").exists()


def test_a_mark_that_is_raised_later_judges_no_attempt_that_had_begun():
    course = make_course(pass_mark=50)
    begun, finished = start(ready(course)), sit(ready(course), points=2)
    import_course(exam_files(pass_mark=100))
    answer(begun, points=2)
    assert (attempting.submit(begun).is_passed, Attempt.objects.get(pk=finished.pk).is_passed) == (True, True)
    assert start(ready(course)).pass_mark == 100


def test_an_attempt_stays_on_the_questions_it_began_with():
    course = make_course()
    attempt = start(ready(course))
    before = asked(attempt)
    changed = bytes_replaced(exam_files(questions=9), b"\xe9\x92\xa5\xe5\x8c\x99", "新钥匙".encode())
    import_course(changed)  # edited, one deleted
    attempt = Attempt.objects.get(pk=attempt.pk)
    assert [question for _response, question in asked(attempt)] == [question for _response, question in before]
    answer(attempt)
    assert attempting.submit(attempt).points == 4
    assert "新钥匙" in str(asked(start(ready(course))))


def bytes_replaced(files, old, new):
    return {path: body.replace(old, new) for path, body in files.items()}


def test_an_enrollment_under_way_meets_the_newest_release_in_its_next_attempt():
    course = make_course(retakes="retakes:\n  - {wait: 0 min}\n")
    enrollment = ready(course)
    sit(enrollment, points=0)
    import_course(exam_files(draw=3, retakes="retakes:\n  - {wait: 0 min}\n"))
    assert start(enrollment).max_points == 3
