"""Pre-tests and practice sets on the dashboard, the person page and in integrity checks."""

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.assessment.models import ExamAttempt, PracticeAnswer
from courseware.learning.models import Completion, Enrollment
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.reporting.dashboard.timeline import timeline
from courseware.reporting.integrity.check_all import differences
from tests.assessment.exams import START, drill_files, pre_check_files, ready, sit, start
from tests.assessment.practice_sets import finish, give
from tests.making import make_course, make_enrollment
from tests.reporting.dashboards import exported, learner_of
from tests.world import finish_lessons, outline_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def course():
    """A course with a pre-test and a practice set, without a simulation."""
    files = pre_check_files() | drill_files()
    return make_course({path: text for path, text in files.items() if ".simulation." not in path})


def pass_with_practice_set(enrollment):
    """Pass the exam, but miss the must-know question on O1.1."""
    finish_lessons(enrollment)
    return sit(enrollment, forget=("O1.1",))


# Dashboard and export


def test_dashboard_and_export_show_open_practice_set(client, team, course):
    attempt = pass_with_practice_set(learner_of(team, course=course))
    words = "The last cup: passed, but the practice set is not done yet"
    assert words in client.get("/team/").text
    assert words in client.get(f"/team/people/{attempt.enrollment_id}/").text
    assert [(row["Status"], row["Next step"], row["Done"]) for row in exported(client)] == [("in progress", words, "1")]
    finish(attempt)
    assert "practice set" not in client.get("/team/").text
    assert [(row["Status"], row["Next step"], row["Done"]) for row in exported(client)] == [("completed", "", "2")]


def test_practice_set_comes_before_optional_steps(client, team):
    pass_with_practice_set(learner_of(team, course=make_course(drill_files())))
    assert [row["Next step"] for row in exported(client)] == [
        "The last cup: passed, but the practice set is not done yet"
    ]


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
def test_export_has_pre_test_post_test_and_improvement(client, team, course, before, after, cells):
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
def test_query_count_is_independent_of_people(team, course, people, django_assert_num_queries):
    for number in range(people):
        enrollment = learner_of(team, f"Lea {number}", course=course)
        sit(enrollment, exam=START, points=1)
        pass_with_practice_set(enrollment)
    now = timezone.now()
    enrollments = dashboard_rows.enrollments_with_facts(
        [each.pk for each in dashboard_rows.dashboard_rows_of(team.manager)], now
    )
    outlines = dashboard_rows.outlines("en")
    with django_assert_num_queries(8):  # done, under way, attempts, teams, stuck; 3 for the practice set
        rows = dashboard_rows.rows(enrollments, {}, outlines, now)
        assert {(row.journey.next_action.words, row.journey.pre_post_test.before.points) for row in rows} == {
            ("The last cup: passed, but the practice set is not done yet", 1)
        }


# One person


def test_timeline_names_pre_test_post_test_and_practice_set(team, course):
    enrollment = learner_of(team, course=course)
    sit(enrollment, exam=START, points=1)
    attempt = pass_with_practice_set(enrollment)
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
        ("practiced", "Boil a kettle", ""),
        ("finished", "", ""),
    ]


def test_person_page_shows_improvement_and_no_failure(client, team, course):
    enrollment = learner_of(team, course=course)
    sit(enrollment, exam=START, points=1)
    pass_with_practice_set(enrollment)
    sit(enrollment, exam=START, points=2)
    page = BeautifulSoup(client.get(f"/team/people/{enrollment.pk}/").content, "html.parser")
    facts = {fact.dt.text: fact.dd.text for fact in page.select(".facts div")}
    assert [facts[name] for name in ("Pre-test", "Post-test", "Improvement")] == ["1 / 3", "2 / 3", "50%"]
    assert "not passed" not in page.text
    assert "d2" not in page.text


# Integrity checks


@pytest.fixture
def passed_attempt(course):
    return sit(ready(course), forget=("O1.1",))


def test_open_and_completed_practice_sets_are_no_differences(course, passed_attempt):
    enrollment = make_enrollment(course=course)
    sit(enrollment, exam=START, points=1)
    start(make_enrollment(course=course), START)
    give(passed_attempt, is_right=False)
    assert list(differences()) == []
    finish(passed_attempt)
    assert list(differences()) == []


def test_exam_completed_before_practice_set_is_reported(passed_attempt):
    finish(passed_attempt)
    PracticeAnswer.objects.filter(number=3).delete()
    assert list(differences()) == [
        f"attempt {passed_attempt.pk}: its exam is completed before the practice set on O1.1"
    ]


def test_changed_practice_answer_is_reported(passed_attempt):
    answer = give(passed_attempt)
    PracticeAnswer.objects.update(is_right=False)
    assert list(differences()) == [f"practice answer {answer.pk}: is_right is False, graded again it is True"]
    PracticeAnswer.objects.update(question="nowhere")
    assert list(differences()) == [f"practice answer {answer.pk}: does not answer a question of its bank"]


def test_moved_or_deleted_practice_answer_is_reported(passed_attempt):
    give(passed_attempt)
    missed = give(passed_attempt, is_right=False)
    finish(passed_attempt)
    PracticeAnswer.objects.filter(pk=missed.pk).update(objective="O1.2")
    gap = f"attempt {passed_attempt.pk}: practice answers on O1.1 up to number 5, but fewer exist"
    wrong_number = f"attempt {passed_attempt.pk}: practice answers on O1.2 up to number 2, but fewer exist"
    rule = f"practice answer {missed.pk}: on O1.2, its question is on O1.1"
    assert {rule, gap, wrong_number} <= set(differences())
    PracticeAnswer.objects.filter(pk=missed.pk).delete()
    assert gap in list(differences())


def test_repeated_question_in_practice_set_is_reported(passed_attempt):
    finish(passed_attempt)
    first = PracticeAnswer.objects.earliest("number")
    PracticeAnswer.objects.update(question=first.question, response=first.response)
    assert list(differences()) == [
        f"attempt {passed_attempt.pk}: the same question twice in a row of correct answers on O1.1"
    ]


def test_activity_after_last_active_is_reported(passed_attempt):
    answer = give(passed_attempt)
    enrollment = Enrollment.objects.get(pk=passed_attempt.enrollment_id)
    Enrollment.objects.filter(pk=enrollment.pk).update(last_active_at=enrollment.started_at)
    assert list(differences()) == [
        f"enrollment {enrollment.pk}: last_active_at {enrollment.started_at}, last fact {answer.answered_at}"
    ]


def test_pre_test_completion_mismatch_is_reported(course):
    enrollment = make_enrollment(course=course)
    attempt = sit(enrollment, exam=START, points=1)
    Completion.objects.all().delete()
    assert f"attempt {attempt.pk}: is submitted, but its pre-test is not completed" in list(differences())
    other = sit(make_enrollment(course=course), exam=START, points=1)
    ExamAttempt.objects.filter(pk=other.pk).update(submitted_at=None, points=None)
    completion = Completion.objects.get()
    assert f"completion {completion.pk}: the pre-test was not submitted" in list(differences())
