"""The next act: the first that holds, with its words, its address and its minutes, on home as on the board."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from courseware.assessment.exams import attempts as attempting
from courseware.assessment.exams.practice_sets import practice_sets_of
from courseware.content.releases.course_import import import_course
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Enrollment
from courseware.reporting.dashboard import rows as dashboard_rows
from courseware.simulations import attempts as running
from tests.assessment.drills import drill, finish, give, held
from tests.assessment.exams import (
    answer,
    exam_files,
    go_through_again,
    make_course,
    make_course_with_drill,
    make_course_with_pre_check,
    ready,
    sit,
    start,
)
from tests.learning.test_changes_to_see import now_says
from tests.making import days, join, make_enrollment, make_user
from tests.simulations.playing import RED, begin, play, take
from tests.simulations.samples import make_simulation_course
from tests.world import complete_course, finish_lessons

pytestmark = pytest.mark.django_db
STEP = "/learn/tea-room/{}/".format


def row_of(enrollment, team, at=None):
    if not team.memberships.filter(person=enrollment.learner).exists():
        join(team, enrollment.learner)
    [found] = dashboard_rows.rows(
        dashboard_rows.enrollments_with_facts([enrollment.pk], at or timezone.now()),
        {},
        dashboard_rows.outlines("en"),
        at or timezone.now(),
    )
    return found


def told(enrollment, team, at=None):
    act = row_of(enrollment, team, at).journey.next_action
    return act.kind, act.words, act.address, act.minutes


def test_who_has_not_begun_begins_and_who_has_goes_on(team):
    enrollment = make_enrollment(course=make_course())
    assert told(enrollment, team) == ("begin", "Boiling water", STEP("boiling"), 2)
    Enrollment.objects.update(started_at=timezone.now())
    assert told(enrollment, team) == ("go-on", "Boiling water", STEP("boiling"), 2)


def test_a_run_that_renews_a_certificate_is_called_so_until_it_is_begun_or_the_certificate_ends(team):
    first = make_enrollment(course=make_course())
    complete_course(first)
    again = make_enrollment(first.learner, first.course)
    assert told(again, team)[:2] == ("renew", "Renewal: Boiling water")
    assert told(again, team, at=days(400))[:2] == ("begin", "Boiling water")
    Enrollment.objects.filter(pk=again.pk).update(started_at=timezone.now())
    assert told(again, team)[:2] == ("go-on", "Boiling water")


def test_the_exam_is_next_once_it_is_open_though_a_simulation_before_it_is_not_done(team):
    enrollment = ready(make_course())
    assert told(enrollment, team) == ("exam", "The last cup: ready to take", STEP("last-cup"), 5)


def changed(weight):
    """The lesson says something else by a release of this weight."""
    now_says(f"Water first, {weight}.", weight)


def test_what_changed_in_a_lesson_comes_before_the_exam_and_is_said_beside_anything_else(team):
    enrollment = ready(make_course(), make_user(language="en"))
    changed("reread")
    assert told(enrollment, team) == (
        "reread", "Boiling water was updated: read it again", STEP("boiling") + "#changed", None,
    )  # fmt: skip
    attempt = start(enrollment)
    assert row_of(enrollment, team).journey.words == "The last cup: started, not submitted · 1 updated lesson to read"
    sit(enrollment, points=4)
    assert attempt.enrollment_id == enrollment.pk
    assert told(enrollment, team)[0] == "completed"
    assert row_of(enrollment, team).journey.words == "1 updated lesson to read"


def test_a_check_that_is_asked_for_again_comes_before_the_next_lesson_but_not_before_what_was_begun(team):
    enrollment = make_enrollment(make_user(language="en"), make_course())
    finish_lessons(enrollment)
    changed("retake")
    assert told(enrollment, team)[:2] == ("retake", "Boiling water was updated: answer its check again")
    start(enrollment)
    assert told(enrollment, team)[0] == "attempt"


def test_an_attempt_under_way_comes_first(team):
    attempt = start(ready(make_course()))
    enrollment = attempt.enrollment
    address = reverse("assessment:attempt", args=[attempt.pk])
    assert told(enrollment, team) == ("attempt", "The last cup: started, not submitted", address, 5)
    answer(attempt)
    assert told(enrollment, team)[0] == "attempt"


def test_a_pre_check_under_way_is_next_until_a_lesson_has_overtaken_it(team):
    enrollment = make_enrollment(course=make_course_with_pre_check())
    attempt = start(enrollment, "start")
    assert told(enrollment, team)[2] == reverse("assessment:attempt", args=[attempt.pk])
    finish_lessons(enrollment)
    assert told(enrollment, team)[0] == "exam"


def test_after_a_failed_exam_come_the_lessons_then_the_waiting_then_the_exam(team):
    enrollment = ready(make_course(draw=4))
    attempt = sit(enrollment, points=1)
    again = "/learn/tea-room/boiling/?again=check"
    assert told(enrollment, team) == ("again", "Exam 1/4: repeat 1 lesson first", again, 0.5)
    go_through_again(enrollment, at=timezone.now())
    opens_at = attempt.submitted_at + timedelta(minutes=10)
    kind, words, address, minutes = told(enrollment, team)
    assert (kind, address, minutes) == ("wait", reverse("assessment:result", args=[attempt.pk]), None)
    assert words.startswith("Exam 1/4: reopens ")
    assert words.endswith(timezone.localtime(opens_at).strftime("%H:%M"))
    assert told(enrollment, team, at=opens_at)[:2] == ("exam", "The last cup: ready to take")


def test_who_has_used_all_attempts_waits_till_the_exam_opens_again_or_for_nothing(team):
    enrollment = ready(make_course(retakes="reopens: 7 days\n"))
    attempt = sit(enrollment, points=0)
    assert told(enrollment, team)[1].startswith("Exam 0/4: reopens ")
    assert told(enrollment, team, at=attempt.submitted_at + timedelta(days=7))[0] == "exam"
    never = ready(make_course(retakes=""))
    sit(never, points=0)
    assert told(never, team, at=days(999))[:2] == ("wait", "Exam 0/4: all attempts used")


def test_a_drill_that_is_owed_comes_before_the_exam_and_each_is_led_to_until_it_is_done(team):
    attempt = held(make_course_with_drill(), "O1.1", "O1.2")
    for rule in [each.rule for each in practice_sets_of(attempt)]:
        address = reverse("assessment:practice", args=[attempt.pk, rule])
        assert told(attempt.enrollment, team) == ("drill", "The last cup: passed, practice set to do", address, 2)
        finish(attempt, rule)
    assert told(attempt.enrollment, team)[0] == "completed"


def test_a_required_simulation_left_in_the_middle_comes_before_the_exam_and_not_one_done_or_given_up(team):
    enrollment = make_enrollment(course=make_simulation_course())
    finish_lessons(enrollment)
    run = begin(enrollment, flags=())
    address = reverse("simulations:attempt", args=[run.pk])
    assert told(enrollment, team)[:3] == ("run", "The kettle is on fire: stopped at situation 1", address)
    take(run, 0)
    assert told(enrollment, team)[1] == "The kettle is on fire: stopped at situation 2"
    running.quit_attempt(run)
    assert told(enrollment, team)[0] == "exam"
    play(enrollment, RED)
    assert told(enrollment, team)[0] == "exam"
    play(enrollment)
    begin(enrollment)
    assert told(enrollment, team)[0] == "exam"


def test_who_is_done_excused_or_away_is_asked_nothing_whatever_was_left_open(team):
    course = make_course()
    done, excused = ready(course), ready(course)
    start(excused)
    enrolling.exempt(excused, "moved", by=None)
    sit(done)
    assert told(done, team)[:2] == ("completed", "")
    assert told(excused, team)[:2] == ("waived", "")
    assert not row_of(excused, team).journey.next_action.is_asked


@pytest.mark.parametrize("number", [1, 3])
def test_rows_cost_the_same_for_any_number_of_people_whatever_is_next_for_them(team, number, django_assert_num_queries):
    course = make_course()
    for _each in range(number):
        enrollment = ready(course)
        sit(enrollment, points=0)
        join(team, enrollment.learner)
        start(ready(course))
    row_of(enrollment, team)  # now the process knows the pages
    now = timezone.now()
    enrollments = dashboard_rows.enrollments_with_facts(list(Enrollment.objects.values_list("pk", flat=True)), now)
    routes = dashboard_rows.outlines("en")
    with django_assert_num_queries(
        8
    ):  # done, under way, attempts, teams, stuck; of who failed exam, attempts, what came
        rows = dashboard_rows.rows(enrollments, {}, routes, now)
        assert {row.journey.next_action.kind for row in rows} == {"again", "attempt"}


def main_of(client, enrollment):
    client.force_login(enrollment.learner)
    return BeautifulSoup(client.get("/").content, "html.parser").select_one(".go, .go-first")


def test_home_says_the_same_act_leads_straight_to_it_and_gives_the_reason(client, team):
    enrollment = ready(make_course())
    attempt = start(enrollment)
    assert main_of(client, enrollment).select_one(".btn")["href"] == reverse("assessment:attempt", args=[attempt.pk])
    answer(attempt, points=1)
    attempt = attempting.submit(attempt)
    result, check = reverse("assessment:result", args=[attempt.pk]), "/learn/tea-room/boiling/?again=check"
    shown = main_of(client, enrollment)
    assert heading(shown) == "3 more correct answers needed: Review 1 lesson, then retake the exam"
    assert leads_to(shown) == [check, check, result]
    assert "Attempt 1: 1 correct, 4 needed to pass." in shown.get_text()
    assert shown.select_one(".score-bar")["aria-label"] == "1 of 4 right, 4 needed to pass"
    go_through_again(enrollment, at=timezone.now())
    shown = main_of(client, enrollment)
    opens_at = timezone.localtime(attempt.submitted_at + timedelta(minutes=10))
    assert heading(shown).startswith("Attempt 2 opens t")
    assert heading(shown).endswith(f" at {opens_at:%H:%M}")
    assert leads_to(shown) in ([result, STEP("drill")], [result, STEP("boiling")])  # by what was drawn
    assert shown.select_one(".clock")
    assert client.get("/").context["main"].act == row_of(enrollment, team).journey.next_action


def heading(shown):
    return " ".join(shown.h1.get_text().split())


def leads_to(shown):
    return [link["href"] for link in shown.select(":is(.again, .actions) a")]


def test_home_starts_the_exam_by_one_press_unless_its_clock_would_begin(client):
    enrollment = ready(make_course())
    shown = main_of(client, enrollment)
    assert heading(shown) == "The exam is open: 4 questions, 4 correct to pass"
    assert "Attempt 1 of 2." in shown.get_text()
    assert leads_to(shown) == [STEP("last-cup")]
    client.post(shown.form["action"])
    assert heading(main_of(client, enrollment)) == "Continue: The last cup"
    limited = ready(make_course(time_limit="20"))
    shown = main_of(client, limited)
    assert not shown.select("form")
    assert leads_to(shown) == [STEP("last-cup")]


def test_home_names_the_rule_to_practise_and_the_answers_left(client):
    attempt = held(make_course_with_drill())
    shown = main_of(client, attempt.enrollment)
    assert heading(shown) == "One step left: practise one rule"
    assert "4 of 5" in shown.get_text()
    left = drill(attempt).left
    assert f"{left} more right answers in a row" in shown.get_text()
    give(attempt)
    assert f"{left - 1} more right answer" in main_of(client, attempt.enrollment).get_text()
    assert leads_to(shown) == [reverse("assessment:practice", args=[attempt.pk, "O1.1"])]


def test_home_shows_a_run_that_was_left_as_dark_as_practice_and_leads_into_it(client):
    enrollment = make_enrollment(course=make_simulation_course())
    run = begin(enrollment, flags=())
    take(run, 0)
    shown = main_of(client, enrollment)
    assert "night" in shown["class"]
    assert heading(shown) == "You stopped at situation 2"
    assert leads_to(shown) == [reverse("simulations:attempt", args=[run.pk])]
    assert shown.form["action"] == reverse("simulations:quit", args=[run.pk])
    assert len(shown.select(".bent .now")) == 1
    client.post(shown.form["action"])
    assert "night" not in main_of(client, enrollment)["class"]


def test_home_names_the_next_act_of_the_other_courses_in_a_line(client):
    learner = make_user()
    first = ready(make_course(), learner, due_at=days(1))
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in exam_files().items()}
    sit(ready(import_course(other).course, learner, due_at=days(9)), points=0)
    [line] = BeautifulSoup(client_home(client, first), "html.parser").select(".beside li:has(a[href^='?course='])")
    assert "Exam 0/4: repeat 1 lesson first" in line.get_text()


def client_home(client, enrollment):
    client.force_login(enrollment.learner)
    return client.get("/").content


def test_once_the_exam_is_passed_a_check_that_is_asked_for_again_stands_beside_what_is_left(team, client):
    enrollment = make_enrollment(make_user(language="en"), make_simulation_course())
    finish_lessons(enrollment)
    sit(enrollment)
    changed("retake")
    assert row_of(enrollment, team).journey.words == "The kettle is on fire · 1 updated lesson to read"
    assert "The kettle is on fire" in heading(main_of(client, enrollment))
