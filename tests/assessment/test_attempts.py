"""Saving and submitting answers: conflicts between tabs, time limit, grading."""

import uuid
from datetime import timedelta

import pytest

from courseware.assessment.certificates import issuing
from courseware.assessment.exams import attempts
from courseware.assessment.exams.attempts import AttemptClosed, NewerAnswer
from courseware.assessment.models import Certificate, ExamAttempt, Response
from courseware.audit_log.models import Event
from courseware.audit_log.verify import verify
from courseware.content.releases.course_import import import_course
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
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def attempt():
    return start(ready(make_course_of_every_kind()), at=MONDAY)


def of_kind(attempt, kind):
    return next((response, question) for response, question in asked(attempt) if question.kind == kind)


def save(attempt, position, raw, saves=0, at=MONDAY + MINUTE, **more):
    return attempts.save(attempt, position, raw, saves=saves, at=at, **more)


@pytest.mark.parametrize("kind", ["one", "several", "mark", "order", "sort"])
def test_answer_of_each_question_type_is_stored_ungraded(attempt, kind):
    response, question = of_kind(attempt, kind)
    save(attempt, response.position, right(question))
    response.refresh_from_db()
    stored = (response.response, response.saves, response.saved_at, response.is_right)
    assert stored == (list(question.key), 1, MONDAY + MINUTE, None)  # graded only on submit


def test_answer_can_be_changed_and_repeated():
    attempt = start(ready(make_course()))
    save(attempt, 1, ["0"])
    save(attempt, 1, ["1"], saves=1)
    again = save(attempt, 1, ["1"], saves=1, at=MONDAY + HOUR)
    assert (again.response, again.saves, again.saved_at) == ([1], 2, MONDAY + MINUTE)


def test_old_tab_never_replaces_newer_answer(attempt):
    response, _question = of_kind(attempt, "several")
    save(attempt, response.position, ["0"], page=uuid.uuid4())
    for raw in (["1"], ["0", "1"], []):
        with pytest.raises(NewerAnswer):
            save(attempt, response.position, raw, saves=0, page=uuid.uuid4())
    response.refresh_from_db()
    assert (response.response, response.saves) == ([0], 1)


def test_old_tab_with_same_answer_is_no_conflict(attempt):
    response, _question = of_kind(attempt, "one")
    save(attempt, response.position, ["1"], page=uuid.uuid4())
    assert save(attempt, response.position, ["1"], saves=0, page=uuid.uuid4()).saves == 1


def test_page_whose_reply_was_lost_can_save_again(attempt):
    response, _question = of_kind(attempt, "one")
    page = uuid.uuid4()
    save(attempt, response.position, ["0"], page=page)  # stored, but the reply was lost
    changed = save(attempt, response.position, ["1"], saves=0, sent=1, page=page)
    assert (changed.response, changed.saves) == ([1], 2)


def test_save_arriving_out_of_order_is_refused(attempt):
    response, _question = of_kind(attempt, "one")
    page = uuid.uuid4()
    save(attempt, response.position, ["1"], saves=0, sent=1, page=page)
    with pytest.raises(NewerAnswer):
        save(attempt, response.position, ["0"], saves=0, sent=0, page=page)


def test_late_save_is_refused_after_unchanged_later_ones(attempt):
    response, _question = of_kind(attempt, "one")
    save(attempt, response.position, ["0"], page=uuid.uuid4())
    page = uuid.uuid4()
    late = {"raw": ["1"], "saves": 1, "sent": 0, "page": page}  # still on its way when "0" is chosen again
    for _twice in range(2):
        assert save(attempt, response.position, ["0"], saves=1, sent=1, page=page).saves == 3
    with pytest.raises(NewerAnswer):
        save(attempt, response.position, **late)
    response.refresh_from_db()
    assert response.response == [0]


def test_page_with_unheard_saves_conflicts_with_other_page(attempt):
    response, _question = of_kind(attempt, "one")
    save(attempt, response.position, ["0"], page=uuid.uuid4())
    with pytest.raises(NewerAnswer):
        save(attempt, response.position, ["1"], saves=0, sent=5, page=uuid.uuid4())


def test_answer_can_be_removed(attempt):
    response, question = of_kind(attempt, "several")
    save(attempt, response.position, right(question))
    removed = save(attempt, response.position, [], saves=1)
    assert (removed.response, removed.is_answered, removed.saves) == (None, False, 2)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("one", ["0", "1"]), ("one", ["9"]), ("several", ["x"]), ("order", ["0", "1"]), ("order", ["0", "0", "1"]),
     ("sort", ["0", "", "1"]), ("sort", ["0", "1", "7"]), ("mark", ["-1"])],
)  # fmt: skip
def test_invalid_answer_is_refused_and_nothing_changes(attempt, kind, raw):
    response, _question = of_kind(attempt, kind)
    with pytest.raises(ValueError):
        save(attempt, response.position, raw)
    response.refresh_from_db()
    assert (response.response, response.saves) == (None, 0)


def test_submitted_attempt_takes_no_answers(attempt):
    attempts.submit(attempt)
    with pytest.raises(AttemptClosed):
        save(attempt, 1, ["0"])


@pytest.mark.parametrize(
    ("late", "is_taken"),
    [
        (timedelta(0), True),
        (10 * SECOND, True),
        (11 * SECOND, False),
        (timedelta(days=3), False),
        (-timedelta(hours=2), True),
    ],
    ids=["at the end", "within the grace", "past it", "days later", "with the clock jumped back meanwhile"],
)
def test_time_limit_counts_from_server_start_with_10_seconds_grace(late, is_taken):
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    at = MONDAY + 30 * MINUTE + late
    if is_taken:
        assert save(attempt, 1, ["0"], at=at).is_answered
    else:
        with pytest.raises(AttemptClosed):
            save(attempt, 1, ["0"], at=at)
    attempt.refresh_from_db()
    assert attempt.submitted_at is None  # expiry does not submit


@pytest.mark.parametrize(
    ("late", "set_back", "is_taken"),
    [
        (MINUTE, 2 * HOUR, False),
        (MINUTE, 2 * MINUTE, False),
        (23 * HOUR, 23.5 * HOUR, False),
        (timedelta(days=3), timedelta(days=3, minutes=1), True),
    ],
    ids=["two hours back", "two minutes back", "most of a day back", "back from a jump of three days"],
)
def test_expired_time_survives_clock_set_back_up_to_1_day(late, set_back, is_taken):
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    for _twice in range(2):
        with pytest.raises(AttemptClosed):
            save(attempt, 1, ["0"], at=MONDAY + 30 * MINUTE + late)
    attempt.refresh_from_db()
    time_after = MONDAY + 30 * MINUTE + late - set_back
    assert attempts.why_over(attempt, time_after) == ("" if is_taken else "time")
    if is_taken:
        assert save(attempt, 1, ["0"], at=time_after).is_answered
    else:
        with pytest.raises(AttemptClosed):
            save(attempt, 1, ["0"], at=time_after)
        assert attempts.submit(attempt, at=time_after).points == 0


def test_save_after_submit_does_not_mark_time_as_up():
    attempt = attempts.submit(start(ready(make_course(time_limit="30")), at=MONDAY), at=MONDAY + MINUTE)
    with pytest.raises(AttemptClosed):
        save(attempt, 1, ["0"], at=MONDAY + 31 * MINUTE)
    attempt.refresh_from_db()
    assert attempt.time_up_found_at is None


@pytest.mark.django_db(transaction=True)
def test_concurrent_saves_of_2_tabs_keep_one():
    attempt = start(ready(make_course()))
    results = at_once(lambda number: save(attempt, 1, [str(number)], page=uuid.uuid4()), times=2)
    assert sorted(type(each).__name__ for each in results) == ["NewerAnswer", "Response"]
    stored = next(each for each in results if isinstance(each, Response))
    assert attempt.responses.get(position=1).response == stored.response


@pytest.mark.slow
def test_submit_grades_every_type_and_open_questions_as_missed():
    enrollment = ready(make_course_of_every_kind(pass_mark=60))
    attempt = start(enrollment)
    for response, question in asked(attempt):
        if question.kind in ("one", "order", "sort"):
            attempts.save(attempt, response.position, right(question), saves=0)
        elif question.kind == "several":
            attempts.save(attempt, response.position, wrong(question), saves=0)
    attempt = attempts.submit(attempt, at=MONDAY)
    assert (attempt.points, attempt.max_points, attempt.is_passed, attempt.submitted_at) == (3, 5, True, MONDAY)
    assert {question.kind: response.is_right for response, question in asked(attempt)} == {
        "one": True, "order": True, "sort": True, "several": False, "mark": False,
    }  # fmt: skip


@pytest.mark.parametrize(("draw", "points", "passes"), [(5, 4, True), (5, 3, False), (4, 3, False), (4, 4, True)])
def test_pass_mark_is_compared_in_whole_points(draw, points, passes):
    enrollment = ready(make_course(draw=draw))
    attempt = sit(enrollment, points=points)
    assert (attempt.points, attempt.is_passed) == (points, passes)
    enrollment.refresh_from_db()
    assert (enrollment.completed_at is not None) is passes
    assert Certificate.objects.count() == Completion.objects.filter(document__kind="exam").count() == passes


def test_second_submit_is_ignored():
    attempt = sit(ready(make_course()), at=MONDAY)
    events = Event.objects.count()
    again = attempts.submit(attempt, at=MONDAY + MINUTE)
    assert (again.submitted_at, again.points) == (MONDAY, 4)
    assert (Certificate.objects.count(), Event.objects.count()) == (1, events)


def test_late_submit_counts_answers_saved_in_time():
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    answer(attempt, at=MONDAY + MINUTE)
    attempt = attempts.submit(attempt, at=MONDAY + timedelta(days=3))
    assert (attempt.points, attempt.is_passed) == (4, True)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_submits_complete_once():
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)
    results = at_once(lambda _number: attempts.submit(attempt))
    assert {(each.pk, each.points, each.submitted_at) for each in results} == {(attempt.pk, 4, results[0].submitted_at)}
    assert (Certificate.objects.count(), Completion.objects.filter(document__kind="exam").count()) == (1, 1)
    assert Event.objects.filter(verb="exam-submitted").count() == 1
    assert verify() == []


@pytest.mark.django_db(transaction=True)
def test_concurrent_save_and_submit_lose_no_acknowledged_answer():
    attempt = start(ready(make_course()))
    answer(attempt, points=0)
    work = [lambda: attempts.save(attempt, 1, right(asked(attempt)[0][1]), saves=1)]
    work.append(lambda: attempts.submit(attempt))
    saved, submitted = at_once(lambda number: work[number](), times=2)
    assert submitted.points == (0 if isinstance(saved, AttemptClosed) else 1)


def test_failed_certificate_rolls_back_submit(monkeypatch):
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)

    def fail(*args, **kwargs):
        raise RuntimeError("no certificate today")

    monkeypatch.setattr(issuing, "issue", fail)
    with pytest.raises(RuntimeError):
        attempts.submit(attempt)
    enrollment.refresh_from_db()
    attempt.refresh_from_db()
    assert (enrollment.completed_at, attempt.submitted_at, attempt.points) == (None, None, None)
    assert not attempt.responses.exclude(is_right=None).exists()
    assert not Completion.objects.filter(document__kind="exam").exists()
    assert not Event.objects.filter(verb="exam-submitted").exists()


@pytest.mark.slow
def test_raised_pass_mark_applies_to_new_attempts_only():
    course = make_course(pass_mark=50)
    begun, finished = start(ready(course)), sit(ready(course), points=2)
    import_course(exam_files(pass_mark=100))
    answer(begun, points=2)
    assert (attempts.submit(begun).is_passed, ExamAttempt.objects.get(pk=finished.pk).is_passed) == (True, True)
    assert start(ready(course)).pass_mark == 100


@pytest.mark.slow
def test_attempt_keeps_questions_of_its_release():
    course = make_course()
    attempt = start(ready(course))
    before = asked(attempt)
    changed = bytes_replaced(exam_files(questions=9), b"\xe9\x92\xa5\xe5\x8c\x99", "新钥匙".encode())
    import_course(changed)  # edited, one deleted
    attempt = ExamAttempt.objects.get(pk=attempt.pk)
    assert [question for _response, question in asked(attempt)] == [question for _response, question in before]
    answer(attempt)
    assert attempts.submit(attempt).points == 4
    assert "新钥匙" in str(asked(start(ready(course))))


def bytes_replaced(files, old, new):
    return {path: body.replace(old, new) for path, body in files.items()}


@pytest.mark.slow
def test_next_attempt_uses_newest_release():
    course = make_course(retakes="retakes:\n  - {wait: 0 min}\n")
    enrollment = ready(course)
    sit(enrollment, points=0)
    import_course(exam_files(draw=3, retakes="retakes:\n  - {wait: 0 min}\n"))
    assert start(enrollment).max_points == 3
