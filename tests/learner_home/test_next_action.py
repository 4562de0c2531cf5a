"""The next action: the first that applies, with label, address and minutes, on home and dashboard."""

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
from tests.assessment.practice_sets import drill, finish, give, held
from tests.learning.test_changed_lessons import now_says
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


def action_of(enrollment, team, at=None):
    action = row_of(enrollment, team, at).journey.next_action
    return action.kind, action.words, action.address, action.minutes


def test_new_learner_begins_and_started_one_continues(team):
    enrollment = make_enrollment(course=make_course())
    assert action_of(enrollment, team) == ("begin", "Boiling water", STEP("boiling"), 2)
    Enrollment.objects.update(started_at=timezone.now())
    assert action_of(enrollment, team) == ("go-on", "Boiling water", STEP("boiling"), 2)


def test_renewal_is_named_until_started_or_expired(team):
    first = make_enrollment(course=make_course())
    complete_course(first)
    again = make_enrollment(first.learner, first.course)
    assert action_of(again, team)[:2] == ("renew", "Renewal: Boiling water")
    assert action_of(again, team, at=days(400))[:2] == ("begin", "Boiling water")
    Enrollment.objects.filter(pk=again.pk).update(started_at=timezone.now())
    assert action_of(again, team)[:2] == ("go-on", "Boiling water")


def test_open_exam_comes_before_open_simulation(team):
    enrollment = ready(make_course())
    assert action_of(enrollment, team) == ("exam", "The last cup: can be started now", STEP("last-cup"), 5)


def release_change(impact):
    """Release a changed lesson with this impact."""
    now_says(f"Water first, {impact}.", impact)


@pytest.mark.slow
def test_changed_lesson_comes_before_exam(team):
    enrollment = ready(make_course(), make_user(language="en"))
    release_change("reread")
    assert action_of(enrollment, team) == (
        "reread", "Boiling water was updated: read it again", STEP("boiling") + "#changed", None,
    )  # fmt: skip
    attempt = start(enrollment)
    assert row_of(enrollment, team).journey.words == "The last cup: started, not submitted · 1 updated lesson to read"
    sit(enrollment, points=4)
    assert attempt.enrollment_id == enrollment.pk
    assert action_of(enrollment, team)[0] == "completed"
    assert row_of(enrollment, team).journey.words == "1 updated lesson to read"


def test_repeated_check_comes_after_open_attempt(team):
    enrollment = make_enrollment(make_user(language="en"), make_course())
    finish_lessons(enrollment)
    release_change("retake")
    assert action_of(enrollment, team)[:2] == ("retake", "Boiling water was updated: answer its check questions again")
    start(enrollment)
    assert action_of(enrollment, team)[0] == "attempt"


def test_open_attempt_comes_first(team):
    attempt = start(ready(make_course()))
    enrollment = attempt.enrollment
    address = reverse("assessment:attempt", args=[attempt.pk])
    assert action_of(enrollment, team) == ("attempt", "The last cup: started, not submitted", address, 5)
    answer(attempt)
    assert action_of(enrollment, team)[0] == "attempt"


@pytest.mark.slow
def test_open_pre_test_comes_first_until_lesson_is_done(team):
    enrollment = make_enrollment(course=make_course_with_pre_check())
    attempt = start(enrollment, "start")
    assert action_of(enrollment, team)[2] == reverse("assessment:attempt", args=[attempt.pk])
    finish_lessons(enrollment)
    assert action_of(enrollment, team)[0] == "exam"


def test_failed_exam_leads_to_lessons_wait_and_retake(team):
    enrollment = ready(make_course(draw=4))
    attempt = sit(enrollment, points=1)
    again = "/learn/tea-room/boiling/?again=check"
    assert action_of(enrollment, team) == ("again", "Exam not passed (1/4): repeat 1 lesson first", again, 0.5)
    go_through_again(enrollment, at=timezone.now())
    opens_at = attempt.submitted_at + timedelta(minutes=10)
    kind, words, address, minutes = action_of(enrollment, team)
    assert (kind, address, minutes) == ("wait", reverse("assessment:result", args=[attempt.pk]), None)
    assert words.startswith("Exam not passed (1/4): it opens again ")
    assert words.endswith(timezone.localtime(opens_at).strftime("%H:%M"))
    assert action_of(enrollment, team, at=opens_at)[:2] == ("exam", "The last cup: can be started now")


@pytest.mark.slow
def test_used_attempts_wait_for_reopening_or_forever(team):
    enrollment = ready(make_course(retakes="reopens: 7 days\n"))
    attempt = sit(enrollment, points=0)
    assert action_of(enrollment, team)[1].startswith("Exam not passed (0/4): it opens again ")
    assert action_of(enrollment, team, at=attempt.submitted_at + timedelta(days=7))[0] == "exam"
    never = ready(make_course(retakes=""))
    sit(never, points=0)
    assert action_of(never, team, at=days(999))[:2] == ("wait", "Exam not passed (0/4): all attempts are used")


@pytest.mark.slow
def test_each_open_practice_set_comes_next(team):
    attempt = held(make_course_with_drill(), "O1.1", "O1.2")
    for rule in [each.rule for each in practice_sets_of(attempt)]:
        address = reverse("assessment:practice", args=[attempt.pk, rule])
        assert action_of(attempt.enrollment, team) == (
            "practice",
            "The last cup: passed, but the practice set is not done yet",
            address,
            2,
        )
        finish(attempt, rule)
    assert action_of(attempt.enrollment, team)[0] == "completed"


def test_open_required_simulation_comes_before_exam(team):
    enrollment = make_enrollment(course=make_simulation_course())
    finish_lessons(enrollment)
    attempt = begin(enrollment, flags=())
    address = reverse("simulations:attempt", args=[attempt.pk])
    assert action_of(enrollment, team)[:3] == ("run", "The kettle is on fire: paused at situation 1", address)
    take(attempt, 0)
    assert action_of(enrollment, team)[1] == "The kettle is on fire: paused at situation 2"
    running.quit_attempt(attempt)
    assert action_of(enrollment, team)[0] == "exam"
    play(enrollment, RED)
    assert action_of(enrollment, team)[0] == "exam"
    play(enrollment)
    begin(enrollment)
    assert action_of(enrollment, team)[0] == "exam"


def test_closed_enrollment_asks_nothing(team):
    course = make_course()
    done, exempted = ready(course), ready(course)
    start(exempted)
    enrolling.exempt(exempted, "moved", by=None)
    sit(done)
    assert action_of(done, team)[:2] == ("completed", "")
    assert action_of(exempted, team)[:2] == ("waived", "")
    assert not row_of(exempted, team).journey.next_action.is_asked


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 3])
def test_query_count_is_independent_of_people(team, number, django_assert_num_queries):
    course = make_course()
    for _each in range(number):
        enrollment = ready(course)
        sit(enrollment, points=0)
        join(team, enrollment.learner)
        start(ready(course))
    row_of(enrollment, team)  # fills the caches
    now = timezone.now()
    enrollments = dashboard_rows.enrollments_with_facts(list(Enrollment.objects.values_list("pk", flat=True)), now)
    outlines = dashboard_rows.outlines("en")
    with django_assert_num_queries(8):  # done, under way, attempts, teams, stuck; of failed exams attempts, work since
        rows = dashboard_rows.rows(enrollments, {}, outlines, now)
        assert {row.journey.next_action.kind for row in rows} == {"again", "attempt"}


def main_of(client, enrollment):
    client.force_login(enrollment.learner)
    return BeautifulSoup(client.get("/").content, "html.parser").select_one(".go, .go-first")


def test_home_shows_same_action_with_reason(client, team):
    enrollment = ready(make_course())
    attempt = start(enrollment)
    assert main_of(client, enrollment).select_one(".btn")["href"] == reverse("assessment:attempt", args=[attempt.pk])
    answer(attempt, points=1)
    attempt = attempting.submit(attempt)
    result, check = reverse("assessment:result", args=[attempt.pk]), "/learn/tea-room/boiling/?again=check"
    shown = main_of(client, enrollment)
    assert heading(shown) == "3 more correct answers are needed to pass: Review 1 lesson, then retake the exam"
    assert leads_to(shown) == [check, check, result]
    assert "Attempt 1: 1 correct, 4 needed to pass." in shown.get_text()
    assert shown.select_one(".score-bar")["aria-label"] == "1 of 4 questions answered correctly, 4 needed to pass"
    go_through_again(enrollment, at=timezone.now())
    shown = main_of(client, enrollment)
    opens_at = timezone.localtime(attempt.submitted_at + timedelta(minutes=10))
    assert heading(shown).startswith("Attempt 2 opens t")
    assert heading(shown).endswith(f" at {opens_at:%H:%M}")
    assert leads_to(shown) in ([result, STEP("drill")], [result, STEP("boiling")])  # depends on the drawn questions
    assert shown.select_one(".clock")
    assert client.get("/").context["main"].act == row_of(enrollment, team).journey.next_action


def heading(shown):
    return " ".join(shown.h1.get_text().split())


def leads_to(shown):
    return [link["href"] for link in shown.select(":is(.again, .actions) a")]


@pytest.mark.slow
def test_home_starts_untimed_exam_directly(client):
    enrollment = ready(make_course())
    shown = main_of(client, enrollment)
    assert heading(shown) == "The exam is open: 4 questions, 4 correct answers to pass"
    assert "This is attempt 1 of 2." in shown.get_text()
    assert leads_to(shown) == [STEP("last-cup")]
    client.post(shown.form["action"])
    assert heading(main_of(client, enrollment)) == "Continue: The last cup"
    limited = ready(make_course(time_limit="20"))
    shown = main_of(client, limited)
    assert not shown.select("form")
    assert leads_to(shown) == [STEP("last-cup")]


def test_home_names_rule_to_practise_and_answers_left(client):
    attempt = held(make_course_with_drill())
    shown = main_of(client, attempt.enrollment)
    assert heading(shown) == "One step left: complete a practice set"
    assert "4 of 5" in shown.get_text()
    left = drill(attempt).left
    assert f"Answer {left} more questions correctly in a row" in shown.get_text()
    give(attempt)
    assert f"Answer {left - 1} more question" in main_of(client, attempt.enrollment).get_text()
    assert leads_to(shown) == [reverse("assessment:practice", args=[attempt.pk, "O1.1"])]


def test_home_shows_open_simulation_as_dark_panel(client):
    enrollment = make_enrollment(course=make_simulation_course())
    attempt = begin(enrollment, flags=())
    take(attempt, 0)
    shown = main_of(client, enrollment)
    assert "night" in shown["class"]
    assert heading(shown) == "You stopped at situation 2"
    assert leads_to(shown) == [reverse("simulations:attempt", args=[attempt.pk])]
    assert shown.form["action"] == reverse("simulations:quit", args=[attempt.pk])
    assert len(shown.select(".bent .now")) == 1
    client.post(shown.form["action"])
    assert "night" not in main_of(client, enrollment)["class"]


@pytest.mark.slow
def test_home_shows_next_action_of_other_courses(client):
    learner = make_user()
    first = ready(make_course(), learner, due_at=days(1))
    other = {path: data.replace(b"id: tea-room", b"id: tea-room-2") for path, data in exam_files().items()}
    sit(ready(import_course(other).course, learner, due_at=days(9)), points=0)
    [line] = BeautifulSoup(client_home(client, first), "html.parser").select(".beside li:has(a[href^='?course='])")
    assert "Exam not passed (0/4): repeat 1 lesson first" in line.get_text()


def client_home(client, enrollment):
    client.force_login(enrollment.learner)
    return client.get("/").content


@pytest.mark.slow
def test_repeated_check_after_exam_is_shown_beside_next_step(team, client):
    enrollment = make_enrollment(make_user(language="en"), make_simulation_course())
    finish_lessons(enrollment)
    sit(enrollment)
    release_change("retake")
    assert row_of(enrollment, team).journey.words == "The kettle is on fire · 1 updated lesson to read"
    assert "The kettle is on fire" in heading(main_of(client, enrollment))
