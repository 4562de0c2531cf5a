"""Tasks for a short break: the next action, then missed questions, then reviews."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from courseware.learner_home.next_action import learner_progress_of
from courseware.learner_home.quick_tasks import LessonTried, answered_lessons, proposals
from courseware.learning.models import Answer, Enrollment
from tests.course_format.samples import make_files
from tests.learning.lesson_pages import LESSON, practise, soup_of, try_it
from tests.making import make_course, make_enrollment
from tests.world import complete_course, finish_lessons, outline_of, start_run

pytestmark = pytest.mark.django_db
MINUTES = reverse("learner_home:quick-tasks", args=["tea-room"])


def tasks_for(enrollment, minutes):
    """(reason, step, minutes) of each task."""
    enrollment = Enrollment.objects.with_release().get(pk=enrollment.pk)
    (journey,) = learner_progress_of([enrollment], {enrollment.course_id: outline_of(enrollment.course)})
    return [
        (each.why.value, each.step.id, each.minutes)
        for each in proposals(journey, answered_lessons(enrollment.pk), minutes)
    ]


def test_next_action_comes_first_if_it_fits(enrollment):
    assert tasks_for(enrollment, 3) == [("next", "boiling", 1.5), ("play", "drill", 2)]
    assert tasks_for(enrollment, 1) == []
    finish_lessons(enrollment)  # the exam is next and takes 5 minutes
    assert tasks_for(enrollment, 5)[0] == ("next", "last-cup", 5)
    assert tasks_for(enrollment, 3) == [("play", "drill", 2), ("review", "boiling", 0.5)]


def test_started_lesson_counts_remaining_minutes_only(enrollment):
    practise(enrollment)  # 1 question of 7 is left
    assert tasks_for(enrollment, 1) == [("next", "boiling", 1)]


def test_missed_question_is_offered_until_right(enrollment):
    try_it(enrollment, "what-first", ["0"])  # practice does not block completion
    finish_lessons(enrollment, but={"what-first"})
    assert ("missed", "boiling", 0.5) in tasks_for(enrollment, 3)
    try_it(enrollment, "what-first", ["1"])
    assert "missed" not in [why for why, _step, _minutes in tasks_for(enrollment, 3)]


def test_completed_course_offers_reviews_and_replays(enrollment):
    complete_course(enrollment)
    assert tasks_for(enrollment, 3) == [("play", "drill", 2), ("review", "boiling", 0.5)]
    start_run(enrollment)
    assert tasks_for(enrollment, 3) == [("review", "boiling", 0.5), ("play-again", "drill", 2)]
    assert tasks_for(enrollment, 0) == []


def test_short_renewal_offers_required_steps_only(enrollment):
    Enrollment.objects.filter(pk=enrollment.pk).update(required=["last-cup"])
    assert tasks_for(enrollment, 10) == [("next", "last-cup", 5)]


def test_removed_question_is_not_offered(enrollment):
    now = datetime(2026, 11, 26, tzinfo=UTC)
    (journey,) = learner_progress_of([enrollment], {enrollment.course_id: outline_of(enrollment.course)})
    tried = {"boiling": LessonTried(frozenset(), ("gone",), now)}
    assert "missed" not in [each.why for each in proposals(journey, tried, 10)]


def test_page_shows_one_task_and_writes_nothing(client, enrollment):
    def page(query=""):
        return soup_of(client.get(MINUTES + query, headers={"accept-language": "en"}))

    assert page().select_one(".proposed h2").text == "Boiling water"
    assert page("?for=5").select_one(".proposed .btn")["href"] == LESSON
    assert page("?for=5").select_one(".proposed p:not(.small)").text == "This is your next step in the course."
    assert [link.text for link in page("?for=5").select(".others a")] == ["Drill"]
    assert page("?for=7").select_one("[aria-current]").text == page("?for=x").select_one("[aria-current]").text
    assert not Answer.objects.exists()
    assert soup_of(client.get(reverse("home"))).select_one(f"a[href='{MINUTES}']")


@pytest.mark.slow
def test_missed_question_of_other_job_role_is_not_offered(client):
    files, path = make_files(), "01-water/01-boiling.zh-hans.md"
    files[path] = files[path].replace(b"{#what-first .one ", b"{#what-first .one tracks=night ")
    enrollment = make_enrollment(course=make_course(files), job_role="night")
    try_it(enrollment, "what-first", ["0"])
    finish_lessons(enrollment, but={"what-first"})
    assert ("missed", "boiling", 0.5) in tasks_for(enrollment, 3)
    Enrollment.objects.filter(pk=enrollment.pk).update(job_role="day")
    assert "missed" not in [why for why, _step, _minutes in tasks_for(enrollment, 3)]
