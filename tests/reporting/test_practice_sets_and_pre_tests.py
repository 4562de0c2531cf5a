"""What managers and auditors see of pre-checks and drills: facts, and never an attempt at the exam."""

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.assessment.models import ExamAttempt, PracticeAnswer
from courseware.learning.models import Completion, Enrollment
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.timeline import timeline
from courseware.reporting.integrity.check_all import differences
from tests.assessment.drills import finish, give
from tests.assessment.exams import START, drill_files, pre_check_files, ready, sit, start
from tests.making import make_course, make_enrollment
from tests.reporting.dashboards import exported, learner_of
from tests.world import finish_lessons, outline_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def course():
    """With both: a pre-check before its lesson, and a drill after its exam; and with no simulation."""
    files = pre_check_files() | drill_files()
    return make_course({path: text for path, text in files.items() if ".simulation." not in path})


def held(enrollment):
    """Passed, with the critical question on O1.1 missed."""
    finish_lessons(enrollment)
    return sit(enrollment, forget=("O1.1",))


# The board and its file


def test_the_board_and_the_file_say_that_a_drill_is_to_do(client, team, course):
    attempt = held(learner_of(team, course=course))
    words = "The last cup: passed, practice set to do"
    assert words in client.get("/team/").text
    assert words in client.get(f"/team/people/{attempt.enrollment_id}/").text
    assert [(row["Status"], row["Next step"], row["Done"]) for row in exported(client)] == [("in progress", words, "1")]
    finish(attempt)
    assert "practice set" not in client.get("/team/").text
    assert [(row["Status"], row["Next step"], row["Done"]) for row in exported(client)] == [("completed", "", "2")]


def test_a_drill_comes_before_what_is_optional_and_not_done(client, team):
    held(learner_of(team, course=make_course(drill_files())))
    assert [row["Next step"] for row in exported(client)] == ["The last cup: passed, practice set to do"]


@pytest.mark.parametrize(
    ("before", "after", "cells"),
    [
        (None, None, ["", "", ""]),
        (1, None, ["1 of 3", "", ""]),
        (1, 2, ["1 of 3", "2 of 3", "50"]),
        (2, 1, ["2 of 3", "1 of 3", "-100"]),
        (3, 3, ["3 of 3", "3 of 3", "retained"]),
        (3, 2, ["3 of 3", "2 of 3", ""]),
    ],
)
def test_the_file_gives_start_end_and_gain(client, team, course, before, after, cells):
    enrollment = learner_of(team, course=course)
    if before is not None:
        sit(enrollment, exam=START, points=before)
    finish_lessons(enrollment)
    sit(enrollment)
    if after is not None:
        sit(enrollment, exam=START, points=after)
    (row,) = exported(client)
    assert [row[name] for name in ("Pre-test", "Post-test", "Improvement (%)")] == cells


@pytest.mark.parametrize("people", [1, 3])
def test_rows_cost_the_same_for_any_number_of_attempts(team, course, people, django_assert_num_queries):
    for number in range(people):
        enrollment = learner_of(team, f"Lea {number}", course=course)
        sit(enrollment, exam=START, points=1)
        held(enrollment)
    now = timezone.now()
    enrollments = dashboard_rows.enrollments_with_facts(
        [each.pk for each in dashboard_rows.dashboard_rows_of(team.manager)], now
    )
    routes = dashboard_rows.outlines("en")
    with django_assert_num_queries(8):  # done, under way, attempts, teams, stuck; of the owed drill three
        rows = dashboard_rows.rows(enrollments, {}, routes, now)
        assert {(row.journey.next_action.words, row.journey.pre_post_test.before.points) for row in rows} == {
            ("The last cup: passed, practice set to do", 1)
        }


# One person


def test_the_timeline_tells_the_two_apart_from_attempts_and_names_the_rule_of_a_drill(team, course):
    enrollment = learner_of(team, course=course)
    sit(enrollment, exam=START, points=1)
    attempt = held(enrollment)
    sit(enrollment, exam=START, points=3)
    finish(attempt)
    enrollment.refresh_from_db()
    happened = [
        (each.kind, each.title, each.detail)
        for each in reversed(timeline(enrollment, outline_of(course, "en"), enrollment.learner))
    ]
    assert happened == [
        ("enrolled", "", ""),
        ("measured", "Where you start", "1 / 3"),
        ("completed", "Boiling water", ""),
        ("passed", "The last cup", "4 / 5"),
        ("measured-again", "Where you start", "3 / 3"),
        ("drilled", "Boil a kettle", ""),
        ("finished", "", ""),
    ]


def test_a_persons_page_has_start_end_and_gain_and_no_failure(client, team, course):
    enrollment = learner_of(team, course=course)
    sit(enrollment, exam=START, points=1)
    held(enrollment)
    sit(enrollment, exam=START, points=2)
    page = BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser")
    facts = {fact.dt.text: fact.dd.text for fact in page.select(".facts div")}
    assert [facts[name] for name in ("Pre-test", "Post-test", "Improvement")] == ["1 / 3", "2 / 3", "50%"]
    assert "not passed" not in page.text
    assert "d2" not in page.text


# Derived against facts


@pytest.fixture
def held_attempt(course):
    return sit(ready(course), forget=("O1.1",))


def test_a_pass_that_waits_for_its_drill_is_no_difference_and_neither_is_one_that_did_it(course, held_attempt):
    enrollment = make_enrollment(course=course)
    sit(enrollment, exam=START, points=1)
    start(make_enrollment(course=course), START)
    give(held_attempt, is_right=False)
    assert list(differences()) == []
    finish(held_attempt)
    assert list(differences()) == []


def test_an_exam_completed_before_its_drill_is_named(held_attempt):
    finish(held_attempt)
    PracticeAnswer.objects.filter(number=3).delete()
    assert list(differences()) == [f"attempt {held_attempt.pk}: its exam is completed before the practice set on O1.1"]


def test_an_answer_of_a_drill_that_was_changed_is_named(held_attempt):
    answer = give(held_attempt)
    PracticeAnswer.objects.update(is_right=False)
    assert list(differences()) == [f"practice answer {answer.pk}: is_right is False, graded again it is True"]
    PracticeAnswer.objects.update(question="nowhere")
    assert list(differences()) == [f"practice answer {answer.pk}: does not answer a question of its bank"]


def test_an_answer_of_a_drill_that_was_moved_to_another_rule_or_taken_away_is_named(held_attempt):
    give(held_attempt)
    missed = give(held_attempt, is_right=False)
    finish(held_attempt)
    PracticeAnswer.objects.filter(pk=missed.pk).update(objective="O1.2")
    gap = f"attempt {held_attempt.pk}: practice answers on O1.1 up to number 5, and not as many"
    wrong_number = f"attempt {held_attempt.pk}: practice answers on O1.2 up to number 2, and not as many"
    rule = f"practice answer {missed.pk}: on O1.2, its question is on O1.1"
    assert {rule, gap, wrong_number} <= set(differences())
    PracticeAnswer.objects.filter(pk=missed.pk).delete()
    assert gap in list(differences())


def test_a_drill_done_by_one_question_again_and_again_is_named(held_attempt):
    finish(held_attempt)
    first = PracticeAnswer.objects.earliest("number")
    PracticeAnswer.objects.update(question=first.question, response=first.response)
    assert list(differences()) == [
        f"attempt {held_attempt.pk}: the same question twice in a row of correct answers on O1.1"
    ]


def test_activity_later_than_the_enrollment_says_is_named(held_attempt):
    answer = give(held_attempt)
    enrollment = Enrollment.objects.get(pk=held_attempt.enrollment_id)
    Enrollment.objects.filter(pk=enrollment.pk).update(last_active_at=enrollment.started_at)
    assert list(differences()) == [
        f"enrollment {enrollment.pk}: last_active_at {enrollment.started_at}, last fact {answer.answered_at}"
    ]


def test_a_pre_check_without_its_completion_and_one_that_was_not_handed_in_are_named(course):
    enrollment = make_enrollment(course=course)
    attempt = sit(enrollment, exam=START, points=1)
    Completion.objects.all().delete()
    assert f"attempt {attempt.pk}: is submitted, but its pre-test is not completed" in list(differences())
    other = sit(make_enrollment(course=course), exam=START, points=1)
    ExamAttempt.objects.filter(pk=other.pk).update(submitted_at=None, points=None)
    completion = Completion.objects.get()
    assert f"completion {completion.pk}: the pre-test was not submitted" in list(differences())
