"""The pre-check before the lessons, its parallel questions after the exam, and the gain."""

import pytest
from django.db import IntegrityError

from courseware.assessment import attempting
from courseware.assessment.attempting import AttemptClosed, NothingAnswered, NotYet, why_over
from courseware.assessment.eligibility import Eligibility, eligibility_of
from courseware.assessment.grading import Score
from courseware.assessment.models import Attempt, Certificate
from courseware.assessment.starting_point import Sitting, StartingPoint, starting_point_in
from courseware.content.compiled import serving
from courseware.content.releases.importing import import_course
from courseware.learning import enrolling
from courseware.learning.models import Completion
from courseware.learning.progress import progress_of
from tests.assessment.exams import (
    MONDAY,
    START,
    answer,
    asked,
    eligibility,
    point,
    pre_check_files,
    sit,
    start,
    through,
)
from tests.making import make_enrollment
from tests.world import finish_lessons, outline_of

pytestmark = pytest.mark.django_db


# The pure rule


OUTLINE = serving.Outline(
    "course", "Course", "en", {}, (), None, "exam", None, None, (), {}, pre_check_id="start", again_after="exam"
)
BEFORE, AFTER, EXAM = Sitting("start", 1, 3, 6, None), Sitting("start", 2, 5, 6, None), Sitting("exam", 1, 9, 20, False)


@pytest.mark.parametrize(
    ("sittings", "expected"),
    [
        ([], StartingPoint()),
        ([EXAM], StartingPoint()),
        ([BEFORE], StartingPoint(Score(3, 6))),
        ([BEFORE, EXAM], StartingPoint(Score(3, 6), may_ask_again=True)),
        ([BEFORE, EXAM, AFTER], StartingPoint(Score(3, 6), Score(5, 6))),
        ([Sitting("start", 1, 20, 20, True), EXAM], StartingPoint()),
    ],
    ids=["nothing", "no pre-check", "no exam yet", "both", "all three", "of when it was an exam"],
)
def test_the_parallel_questions_wait_for_an_attempt_at_the_exam_and_come_once(sittings, expected):
    assert starting_point_in(sittings, OUTLINE) == expected


@pytest.mark.parametrize(
    ("before", "after", "outcome", "gain"),
    [(3, 5, "gained", 66), (6, 6, "kept", None), (3, 3, "same", 0), (5, 4, "fell", -100), (6, 5, "fell", None)],
)
def test_what_came_of_it_has_a_word(before, after, outcome, gain):
    compared = StartingPoint(Score(before, 6), Score(after, 6))
    assert (compared.outcome, compared.gain) == (outcome, gain)


def test_without_both_there_is_nothing_to_compare():
    for one_sided in (StartingPoint(), StartingPoint(Score(3, 6))):
        assert (one_sided.outcome, one_sided.gain) == ("", None)


# Before the lessons


def test_it_asks_one_question_of_each_family_and_has_no_marks(enrollment):
    attempt = sit(enrollment, exam=START, points=2, at=MONDAY)
    assert {int(response.question[1]) % 3 for response in attempt.responses.all()} == {0, 1, 2}
    assert (attempt.points, attempt.max_points, attempt.pass_mark, attempt.is_passed) == (2, 3, None, None)
    completion = Completion.objects.get()
    assert (completion.document.identifier, completion.outcome) == (START, Completion.Outcome.COMPLETED)
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None


def test_it_is_neither_required_nor_in_the_percentage(enrollment):
    sit(enrollment, exam=START, points=3)
    progress = progress_of(enrollment, outline_of(enrollment.course))
    assert START not in progress.required
    assert (progress.done_count, progress.total, progress.percent) == (0, 2, 0)
    finish_lessons(enrollment)
    sit(enrollment)
    enrollment.refresh_from_db()
    assert enrollment.completed_at


def test_it_is_taken_once(enrollment):
    sit(enrollment, exam=START, points=0)
    assert eligibility(enrollment, exam=START) == Eligibility("taken")
    with pytest.raises(NotYet):
        start(enrollment, START)
    assert Attempt.objects.count() == 1


def test_it_closes_when_a_lesson_is_done_and_not_before(enrollment):
    assert eligibility(enrollment, exam=START) == Eligibility()
    finish_lessons(enrollment)
    assert eligibility(enrollment, exam=START) == Eligibility("closed")
    with pytest.raises(NotYet) as refused:
        start(enrollment, START)
    assert refused.value.eligibility == Eligibility("closed")
    assert not Attempt.objects.exists()


def test_one_under_way_is_gone_on_with_and_takes_no_more_once_a_lesson_is_done(enrollment):
    attempt = start(enrollment, START)
    attempting.save(attempt, 1, ["0"], saves=0)
    assert start(enrollment, START) == attempt
    assert why_over(attempt) == ""
    finish_lessons(enrollment)
    assert why_over(attempt) == "lesson"
    with pytest.raises(AttemptClosed):
        attempting.save(attempt, 2, ["0"], saves=0)
    assert attempting.submit(attempt).max_points == 3  # what was saved before the lesson may still be handed in


def test_an_excused_learner_is_asked_nothing(enrollment):
    enrolling.waive(enrollment, "moved", by=None)
    assert eligibility(enrollment, exam=START) == Eligibility("ended")
    with pytest.raises(NotYet):
        start(enrollment, START)


def test_a_pass_without_a_pass_mark_cannot_be_kept(enrollment):
    attempt = sit(enrollment, exam=START, points=3)
    with pytest.raises(IntegrityError):
        Attempt.objects.filter(pk=attempt.pk).update(is_passed=True)


# It counts for nothing


def test_it_is_no_attempt_at_the_exam(enrollment):
    sit(enrollment, exam=START, points=3)
    finish_lessons(enrollment)
    course = enrollment.course
    page = serving.page(course.current, "last-cup", course.source_language)
    assert eligibility_of(enrollment, outline_of(course), page) == Eligibility()
    first = sit(enrollment, points=0)
    assert first.number == 1
    sit(enrollment, exam=START, points=3)
    assert not Certificate.objects.exists()
    assert not enrollment.attempts.filter(exam__identifier="last-cup", is_passed=True).exists()


def test_the_certificate_says_the_points_of_the_exam(enrollment):
    sit(enrollment, exam=START, points=3)
    finish_lessons(enrollment)
    sit(enrollment)
    certificate = Certificate.objects.get()
    assert (certificate.points, certificate.max_points) == (4, 4)


# After the exam


@pytest.mark.parametrize("exam", [None, 0], ids=["passed", "not passed"])
def test_after_an_attempt_at_the_exam_the_other_question_of_each_family_is_asked_once(enrollment, exam):
    again = through(enrollment, before=1, after=3, exam=exam)
    first = enrollment.attempts.get(exam=again.exam, number=1)
    questions = [{response.question for response in attempt.responses.all()} for attempt in (first, again)]
    assert len(questions[0] | questions[1]) == 6
    assert again.number == 2
    assert eligibility(enrollment, exam=START) == Eligibility("compared")
    with pytest.raises(NotYet):
        start(enrollment, START)
    assert (point(enrollment).before, point(enrollment).after) == (Score(1, 3), Score(3, 3))


def test_an_attempt_that_is_still_open_is_not_behind_the_learner(enrollment):
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    start(enrollment)
    assert eligibility(enrollment, exam=START) == Eligibility("taken")


def test_who_took_no_pre_check_or_left_it_open_is_not_asked_again(enrollment):
    start(enrollment, START)
    finish_lessons(enrollment)
    sit(enrollment)
    assert not point(enrollment).may_ask_again
    other = make_enrollment(course=enrollment.course)
    finish_lessons(other)
    sit(other)
    assert eligibility(other, exam=START) == Eligibility("closed")


def test_a_second_run_asks_pairs_of_its_own(enrollment):
    through(enrollment, before=1, after=3)
    second = make_enrollment(enrollment.learner, enrollment.course)
    again = through(second, before=0, after=0)
    first = second.attempts.get(exam=again.exam, number=1)
    assert len({response.question for attempt in (first, again) for response in attempt.responses.all()}) == 6


def test_questions_that_left_the_bank_are_asked_from_the_release_that_had_them(enrollment):
    through(enrollment, before=1)
    import_course(pre_check_files(families=4) | without_the_pairs())
    enrollment.course.refresh_from_db()
    again = start(enrollment, START)
    assert again.release != enrollment.course.current
    assert len(asked(again)) == 3


def without_the_pairs():
    """A bank of the same name with other families."""
    files = pre_check_files(families=4)
    return {path: text.replace(b"family=f", b"family=g") for path, text in files.items() if "start.bank" in path}


def test_a_sheet_nobody_wrote_on_is_not_handed_in(enrollment):
    """As a start of nought it would make every gain a whole one."""
    attempt = start(enrollment, START)
    with pytest.raises(NothingAnswered):
        attempting.submit(attempt)
    attempting.save(attempt, 1, ["0"], saves=0)
    attempting.save(attempt, 1, [], saves=1)
    with pytest.raises(NothingAnswered):
        attempting.submit(attempt)
    assert (Completion.objects.count(), eligibility(enrollment, exam=START)) == (0, Eligibility())
    attempting.save(attempt, 1, ["0"], saves=2)
    assert attempting.submit(attempt).submitted_at


def test_it_ends_with_the_answer_to_its_last_open_question_and_an_exam_does_not(enrollment):
    attempt = start(enrollment, START)
    for position in (3, 1):
        attempting.save(attempt, position, ["0"], saves=0)
    assert Attempt.objects.get().submitted_at is None
    attempting.save(attempt, 2, ["0"], saves=0, at=MONDAY)
    assert Attempt.objects.get().submitted_at == MONDAY
    assert Completion.objects.get().document.identifier == START
    with pytest.raises(AttemptClosed):
        attempting.save(attempt, 2, ["1"], saves=1)
    finish_lessons(enrollment)
    exam = start(enrollment)
    answer(exam)
    assert enrollment.attempts.get(pk=exam.pk).submitted_at is None


def test_an_exam_nobody_wrote_on_is_handed_in_and_failed(enrollment):
    finish_lessons(enrollment)
    assert attempting.submit(start(enrollment)).is_passed is False
