"""Home as somebody meets it who has not begun: who asks, how far it is, and one button."""

import re

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from courseware.journey.newcomer import marks
from courseware.learning import enrolling
from tests.assessment.exams import START, make_course_with_pre_check, start
from tests.language.samples import make_files
from tests.making import days, join, make_course, make_enrollment, make_hr, make_team, make_user
from tests.world import outline_of

pytestmark = pytest.mark.django_db


def home(client, learner, **query):
    client.force_login(learner)
    return BeautifulSoup(client.get("/", query).content, "html.parser")


def test_it_names_the_person_counts_the_stops_and_draws_each_of_them(client):
    enrollment = make_enrollment(make_user(name="Lea Wang"), make_course_with_pre_check(), due_at=days(9))
    page = home(client, enrollment.learner)
    assert page.h1.text.strip().startswith("Welcome, ")
    assert page.select_one(".lead time")["datetime"] == str(enrollment.due_on)
    said = " ".join(page.select_one("main").get_text(" ").split())
    for words in ("2 stops by ", "First try 3 questions", "1 short lesson", "4 questions, 4 right pass."):
        assert words in said
    outline = outline_of(enrollment.course)
    drawn = page.select(".wide-line > circle:not([class]), .wide-line .sim")
    way = [step for step in outline.steps if step.kind in ("lesson", "simulation") and not step.is_after_exam]
    assert len(drawn) == len(page.select(".small-line circle, .small-line .sim")) == len(way)


def test_what_is_optional_is_one_number_here_on_the_route_below_and_on_home(client):
    enrollment = make_enrollment(course=make_course_with_pre_check())
    page = home(client, enrollment.learner)
    beside = sum(int(found[1]) for found in re.finditer(r"(\d+) optional", page.select_one(".route").text))
    assert f" {beside} more stops are optional." in page.select_one(".mid").text
    start(enrollment, START)
    assert f"{beside} optional" in home(client, enrollment.learner).select_one(".route-section > p").text


def test_each_other_course_says_what_is_next_in_it(client):
    learner = make_user()
    make_enrollment(learner, make_course(), due_at=days(9))
    files = {path: body.replace(b"id: tea-room", b"id: first-aid") for path, body in make_files().items()}
    make_enrollment(learner, make_course(files), due_at=days(20))
    said = home(client, learner).select_one(".other-courses li").get_text(" ", strip=True)
    assert said.endswith("· Boiling water")


def test_its_button_begins_the_starting_point_and_where_there_is_none_the_first_lesson(client):
    page = home(client, make_enrollment(course=make_course_with_pre_check()).learner)
    form = page.select_one("form.do")
    assert form["action"] == f"/exam/tea-room/{START}/start/"
    assert form.select_one("a")["href"] == "/learn/tea-room/boiling/"
    page = home(client, make_enrollment(course=make_course()).learner)
    assert not page.select("form.do")
    assert page.select_one(".do .btn")["href"] == "/learn/tea-room/boiling/"


def test_who_has_begun_meets_it_no_more(client):
    enrollment = make_enrollment(course=make_course_with_pre_check())
    start(enrollment, START)
    assert not home(client, enrollment.learner).select(".welcome")


def test_the_starting_point_begins_at_once_for_who_has_played_first_too(client):
    enrollment = make_enrollment(course=make_course_with_pre_check(), started_at=timezone.now())
    page = home(client, enrollment.learner)
    assert page.select_one(".go form")["action"] == f"/exam/tea-room/{START}/start/"
    assert [link["href"] for link in page.select(".go .actions a")] == ["/learn/tea-room/boiling/"]


def test_the_lead_asks_or_else_who_has_enrolled_and_nobody_is_made_up(client):
    hr, course = make_hr(name="Ada Hr"), make_course()
    ruled = make_enrollment(course=course)
    assert not home(client, ruled.learner).select(".asking")
    enrolled = enrolling.enroll(make_user(), course, by=hr)
    assert "Ada Hr asks you to take this course." in home(client, enrolled.learner).select_one(".asking").text
    join(make_team("Day shift", manager=make_user("Li Lin")), enrolled.learner)
    said = home(client, enrolled.learner).select_one(".asking").text
    assert "Li Lin asks you to take this course." in said
    assert "Leads Day shift" in said
    own = enrolling.enroll(make_user(), course, by=None)
    assert not home(client, own.learner).select(".asking")


def test_stops_stand_evenly_and_a_single_one_in_the_middle():
    steps = outline_of(make_course()).steps
    lesson = next(step for step in steps if step.kind == "lesson")
    assert [mark.x for mark in marks([lesson] * 3, 0, 100)] == ["0.0", "50.0", "100.0"]
    assert [mark.x for mark in marks([lesson], 0, 100)] == ["50.0"]
    assert marks([], 0, 100) == ()
