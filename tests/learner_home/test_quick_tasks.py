"""What fits into some minutes: the next act first, what waits behind it, and at last what was done longest ago."""

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


def found(enrollment, minutes):
    """Why, which step, and its minutes, of each proposal."""
    enrollment = Enrollment.objects.with_release().get(pk=enrollment.pk)
    (journey,) = learner_progress_of([enrollment], {enrollment.course_id: outline_of(enrollment.course)})
    return [
        (each.why.value, each.step.id, each.minutes)
        for each in proposals(journey, answered_lessons(enrollment.pk), minutes)
    ]


def test_the_next_act_comes_first_where_it_fits_and_else_what_does(enrollment):
    assert found(enrollment, 3) == [("next", "boiling", 1.5), ("play", "drill", 2)]
    assert found(enrollment, 1) == []
    finish_lessons(enrollment)  # the exam is next, and takes five
    assert found(enrollment, 5)[0] == ("next", "last-cup", 5)
    assert found(enrollment, 3) == [("play", "drill", 2), ("review", "boiling", 0.5)]


def test_of_a_lesson_that_was_begun_only_what_is_left_has_to_fit(enrollment):
    practise(enrollment)  # all but the check: one question of seven is left
    assert found(enrollment, 1) == [("next", "boiling", 1)]


def test_a_missed_question_is_offered_until_it_is_right(enrollment):
    try_it(enrollment, "what-first", ["0"])  # practice: it keeps nothing from being done
    finish_lessons(enrollment, but={"what-first"})
    assert ("missed", "boiling", 0.5) in found(enrollment, 3)
    try_it(enrollment, "what-first", ["1"])
    assert "missed" not in [why for why, _step, _minutes in found(enrollment, 3)]


def test_who_has_done_all_reviews_and_plays_again_what_was_done(enrollment):
    complete_course(enrollment)
    assert found(enrollment, 3) == [("play", "drill", 2), ("review", "boiling", 0.5)]
    start_run(enrollment)
    assert found(enrollment, 3) == [("review", "boiling", 0.5), ("play-again", "drill", 2)]
    assert found(enrollment, 0) == []


def test_in_a_short_renewal_nothing_is_offered_that_it_does_not_ask_for(enrollment):
    Enrollment.objects.filter(pk=enrollment.pk).update(required=["last-cup"])
    assert found(enrollment, 10) == [("next", "last-cup", 5)]


def test_a_question_that_the_course_has_no_more_is_not_offered(enrollment):
    now = datetime(2026, 11, 26, tzinfo=UTC)
    (journey,) = learner_progress_of([enrollment], {enrollment.course_id: outline_of(enrollment.course)})
    tried = {"boiling": LessonTried(frozenset(), ("gone",), now)}
    assert "missed" not in [each.why for each in proposals(journey, tried, 10)]


def test_the_page_shows_one_and_why_and_two_others_at_most_and_writes_nothing(client, enrollment):
    def page(query=""):
        return soup_of(client.get(MINUTES + query, headers={"accept-language": "en"}))

    assert page().select_one(".proposed h2").text == "Boiling water"
    assert page("?for=5").select_one(".proposed .btn")["href"] == LESSON
    assert page("?for=5").select_one(".proposed p:not(.small)").text == "This is your next step in the course."
    assert [link.text for link in page("?for=5").select(".others a")] == ["Drill"]
    assert page("?for=7").select_one("[aria-current]").text == page("?for=x").select_one("[aria-current]").text
    assert not Answer.objects.exists()
    assert soup_of(client.get(reverse("home"))).select_one(f"a[href='{MINUTES}']")


def test_a_question_that_was_missed_at_another_post_is_not_offered(client):
    files, path = make_files(), "01-water/01-boiling.zh-hans.md"
    files[path] = files[path].replace(b"{#what-first .one ", b"{#what-first .one tracks=night ")
    enrollment = make_enrollment(course=make_course(files), job_role="night")
    try_it(enrollment, "what-first", ["0"])
    finish_lessons(enrollment, but={"what-first"})
    assert ("missed", "boiling", 0.5) in found(enrollment, 3)
    Enrollment.objects.filter(pk=enrollment.pk).update(job_role="day")
    assert "missed" not in [why for why, _step, _minutes in found(enrollment, 3)]
