"""When an attempt at an exam may be started, and what it then asks."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine

from courseware.accounts.models import User
from courseware.assessment.exams import attempts as attempting
from courseware.assessment.exams.attempts import AttemptClosed, NotEligible
from courseware.assessment.exams.eligibility import Eligibility, row_of
from courseware.assessment.exams.exam_rules import duration
from courseware.assessment.models import Certificate, ExamAttempt, Response
from courseware.audit_log.models import Event
from courseware.audit_log.verify import verify
from courseware.content.releases.course_import import import_course
from courseware.learning.enrollments import enrollment as enrolling
from courseware.simulations import attempts as running
from courseware.simulations.models import TimeSetting
from tests.assessment.exams import (
    EXAM_PAGE,
    MONDAY,
    answer,
    at_once,
    drill_files,
    eligibility,
    exam_files,
    go_through_again,
    make_course,
    ready,
    sit,
    soup,
    start,
    with_second_lesson,
    wrong,
)
from tests.making import join, make_enrollment, make_team, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_the_exam_opens_when_every_lesson_before_it_is_done():
    enrollment = make_enrollment(course=make_course())
    with pytest.raises(NotEligible) as refused:
        start(enrollment)
    assert refused.value.eligibility == Eligibility("lessons")
    assert not ExamAttempt.objects.exists()
    finish_lessons(enrollment)
    assert start(enrollment).number == 1


def test_starting_twice_gives_the_attempt_that_is_open():
    enrollment = ready(make_course())
    first = start(enrollment)
    assert start(enrollment) == first
    assert Response.objects.count() == 4
    assert Event.objects.filter(verb="exam-started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_starts_at_once_make_one_attempt():
    enrollment = ready(make_course())
    assert len({attempt.pk for attempt in at_once(lambda _number: start(enrollment))}) == 1
    assert (ExamAttempt.objects.count(), Response.objects.count()) == (1, 4)
    assert verify() == []


def test_only_questions_for_the_own_post_are_asked():
    braces = dict.fromkeys((1, 2, 3, 4), "tracks=night")
    course = make_course(questions=8, draw=2, braces=braces)
    for day in (ready(course), ready(course, job_role="day")):  # who has not chosen is asked what is for all
        for at in (MONDAY, MONDAY + 10 * MINUTE):
            attempt = sit(day, points=0, at=at)
            assert not {response.question for response in attempt.responses.all()} & {"q1", "q2", "q3", "q4"}
            go_through_again(day, at=at + MINUTE)


def test_an_attempt_keeps_what_it_was_asked_under():
    enrollment = ready(make_course(time_limit="30"))
    attempt = start(enrollment, at=MONDAY)
    told = (attempt.started_at, attempt.closes_at, attempt.pass_mark, attempt.max_points, attempt.release)
    assert told == (MONDAY, MONDAY + 30 * MINUTE, 80, 4, enrollment.course.current)
    responses = list(attempt.responses.order_by("position"))
    assert [response.position for response in responses] == [1, 2, 3, 4]
    assert all(sorted(response.order) == [0, 1, 2] for response in responses)
    assert {response.bank.identifier for response in responses} == {"tea-bank"}
    assert {response.revision_id for response in responses} == {responses[0].bank.head_id}


# Eligibility: when the next attempt may be started


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-SECOND, "wait"), (timedelta(0), "revisit"), (SECOND, "revisit")],
    ids=["a second before", "at the instant", "a second after"],
)
def test_the_next_attempt_waits_its_time(after, expected):
    enrollment = ready(make_course())
    sit(enrollment, points=0, at=MONDAY)
    at = MONDAY + 10 * MINUTE + after
    assert eligibility(enrollment, at).reason == expected
    if expected == "wait":
        assert eligibility(enrollment, at).opens_at == MONDAY + 10 * MINUTE
    with pytest.raises(NotEligible):
        start(enrollment, at=at)


def test_a_lesson_gone_through_badly_opens_no_next_attempt():
    enrollment = ready(make_course())
    sit(enrollment, points=0, at=MONDAY)
    at = MONDAY + HOUR
    go_through_again(enrollment, at=at, given=wrong)
    assert eligibility(enrollment, at) == Eligibility("revisit", lessons=("boiling",))
    with pytest.raises(NotEligible):
        start(enrollment, at=at)


def test_an_answer_from_before_the_attempt_does_not_count_as_gone_through_again():
    enrollment = ready(make_course())
    go_through_again(enrollment, at=MONDAY)
    sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY + HOUR).reason == "revisit"


def test_without_reopening_the_last_attempt_was_the_last():
    enrollment = ready(make_course(retakes="retakes:\n  - {wait: 0 min}\n"))
    sit(enrollment, points=0, at=MONDAY)
    sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY + timedelta(days=999)) == Eligibility("never")


@pytest.mark.parametrize(
    ("retakes", "rows"), [(0, [[1], [2], [3]]), (1, [[1, 2], [3, 4]]), (2, [[1, 2, 3], [4, 5, 6]])]
)
def test_every_attempt_stands_in_one_row_as_long_as_the_retakes_allow(retakes, rows):
    exam = SimpleNamespace(data={"retakes": [None] * retakes})
    for row in rows:
        assert [list(row_of(ExamAttempt(number=number), exam)) for number in row] == [row] * len(row)


def test_whoever_has_passed_or_is_excused_starts_no_more():
    course = make_course()
    passed = ready(course)
    sit(passed)
    assert eligibility(passed) == Eligibility("passed")
    excused = ready(course)
    enrolling.exempt(excused, "moved", by=None)
    assert eligibility(excused) == Eligibility("ended")
    for enrollment in (passed, excused):
        with pytest.raises(NotEligible):
            start(enrollment)


def test_an_attempt_still_open_when_the_learner_is_excused_takes_no_more_and_completes_nothing():
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)
    enrolling.exempt(enrollment, "moved", by=None)
    with pytest.raises(NotEligible) as refused:
        start(enrollment)
    assert refused.value.eligibility == Eligibility("ended")
    with pytest.raises(AttemptClosed):
        attempting.save(attempt, 1, [], saves=1)
    submitted = attempting.submit(attempt)
    assert (submitted.points, submitted.is_passed) == (4, True)
    enrollment.refresh_from_db()
    assert (enrollment.completed_at, Certificate.objects.count()) == (None, 0)


def test_a_pass_stays_a_pass_when_a_later_release_adds_a_lesson():
    enrollment = ready(make_course())
    sit(enrollment)
    import_course(with_second_lesson(exam_files()))
    assert eligibility(enrollment) == Eligibility("passed")


# What was given → minutes of an exam of 30; None: it never closes.
GIVEN = {"": 30, "1.25": 37.5, "1.5": 45, "2": 60, "3": 90, "4": 120, "5": 150, "10": 300, "off": None}


@pytest.mark.parametrize(("given", "minutes"), GIVEN.items())
def test_the_limit_is_as_many_times_that_as_was_given(given, minutes):
    attempt = start(ready(make_course(time_limit="30"), make_user(extra_time=given)), at=MONDAY)
    assert attempt.closes_at == (minutes and MONDAY + timedelta(minutes=minutes))


@pytest.mark.parametrize("given", GIVEN)
def test_an_exam_without_a_limit_gets_none(given):
    assert start(ready(make_course(), make_user(extra_time=given)), at=MONDAY).closes_at is None


def test_what_has_begun_keeps_its_time_and_says_so(client):
    learner = make_user()
    enrollment = ready(make_course(time_limit="30"), learner)
    client.force_login(learner)
    page = f"/exam/{enrollment.course.identifier}/last-cup/"

    def limit():
        lines = soup(client.get(page)).select("main li")
        return [" ".join(line.text.split()) for line in lines if "then the exam closes" in line.text]

    User.objects.filter(pk=learner.pk).update(extra_time="2")
    assert limit() == ["60 minutes, then the exam closes"]
    attempt = start(enrollment)
    User.objects.filter(pk=learner.pk).update(extra_time="off")
    assert limit() == ["60 minutes, then the exam closes"]
    assert ExamAttempt.objects.get() == attempt
    assert ExamAttempt.objects.get().closes_at == attempt.closes_at


THREE = """retakes:
  - {wait: 10 min, after: lessons}
  - {wait: 24 h, after: simulations}
reopens: 7 days
"""


@pytest.fixture
def enrollment():
    learner = make_user("Lea")
    join(make_team(time_zone="Asia/Tokyo"), learner)
    path, files = "01-water/02-drill.simulation.zh-hans.md", exam_files(questions=12, retakes=THREE)
    files[path] = files[path].replace(b"[O1.1]", b"[O1.1, O1.2]")
    with time_machine.travel(MONDAY - DAY):
        return ready(import_course(files).course, learner)


def page_at(client, enrollment, at, address=EXAM_PAGE):
    with time_machine.travel(at):
        client.force_login(enrollment.learner)
        main = soup(client.get(address)).select_one("main")
    return " ".join(main.get_text(" ").split())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0, ""), (60, "1 minute"), (600, "10 minutes"), (3600, "1 hour"), (86400, "24 hours"),
     (2 * 86400, "2 days"), (7 * 86400, "7 days"), (5400, "90 minutes")],
)  # fmt: skip
def test_a_duration_is_said_in_the_largest_unit_that_is_whole(seconds, words):
    assert duration(seconds) == words


def test_the_page_says_when_each_attempt_opens_and_what_it_asks(client, enrollment):
    text = page_at(client, enrollment, MONDAY)
    for said in (
        "First attempt: when you have completed all lessons before the exam.",
        "Attempt 2: opens 10 minutes after the previous attempt. First redo the checks in the lessons",
        "Attempt 3: opens 24 hours after the previous attempt. First complete the simulations",
        "After your last attempt, talk to your manager. The exam reopens 7 days later; questions may repeat.",
        "Your best score counts. All attempts stay on your record.",
    ):
        assert said in text
    assert "must-know question" not in text


def test_where_rules_are_drilled_the_page_says_so_before_the_start(client):
    enrollment = ready(import_course(drill_files(retakes="retakes:\n  - {wait: 0 min}\n")).course)
    text = page_at(client, enrollment, MONDAY)
    assert "Missing a must-know question doesn’t fail you. Answer 3 practice questions on it, all correctly" in text
    assert "Attempt 2: opens at any time." in text


def test_three_attempts_wait_ask_lessons_and_end_with_the_team_leader(client, enrollment):
    first = sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY) == Eligibility("wait", opens_at=MONDAY + 10 * MINUTE, lessons=("boiling",))
    assert "opens at 7 Jan 2030, 18:10. Use the time for these lessons" in page_at(client, enrollment, MONDAY + MINUTE)
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility("revisit", lessons=("boiling",))
    assert "Answer their check questions correctly again." in page_at(client, enrollment, MONDAY + HOUR)
    go_through_again(enrollment, at=MONDAY + MINUTE)  # which may be done while it waits
    assert eligibility(enrollment, MONDAY + 10 * MINUTE) == Eligibility()

    second = sit(enrollment, points=0, at=MONDAY + HOUR)
    opens_at = MONDAY + HOUR + DAY
    assert eligibility(enrollment, opens_at - MINUTE) == Eligibility("wait", opens_at=opens_at, simulations=("drill",))
    assert "Use the time for these simulations" in page_at(client, enrollment, opens_at - MINUTE)
    assert eligibility(enrollment, opens_at) == Eligibility("replay", simulations=("drill",))
    assert "Play each one to the end" in page_at(client, enrollment, opens_at)
    play(enrollment, at=opens_at - HOUR)
    assert eligibility(enrollment, opens_at) == Eligibility()

    third = sit(enrollment, points=1, at=opens_at)
    reopens = opens_at + 7 * DAY
    assert eligibility(enrollment, reopens - MINUTE) == Eligibility("reopens", opens_at=reopens)
    with pytest.raises(NotEligible):
        start(enrollment, at=reopens - MINUTE)
    text = page_at(client, enrollment, opens_at + HOUR)
    assert "Talk to your manager" in text
    assert "opens again at 15 Jan 2030, 19:00, and questions may repeat" in text
    result = page_at(client, enrollment, opens_at + HOUR, f"/attempts/{third.pk}/result/")
    assert "You have used all attempts for now. Talk to your manager. The exam opens again at 15 Jan 2030" in result

    fourth = start(enrollment, at=reopens)
    assert [attempt.number for attempt in (first, second, third, fourth)] == [1, 2, 3, 4]
    seen = {each.question for attempt in (first, second, third) for each in attempt.responses.all()}
    assert len(seen) == 12
    assert {each.question for each in fourth.responses.all()} <= seen


def play(enrollment, *, at):
    """The simulation of the sample course, from its start to its end."""
    run = running.start(enrollment, "drill", timing=TimeSetting.OFF, at=at)
    running.decide(run, 1, 0, at=at)


def after_two(enrollment):
    """The first attempt is gone through again, the second is failed; returns when it was handed in."""
    sit(enrollment, points=0, at=MONDAY)
    go_through_again(enrollment, at=MONDAY + MINUTE)
    sit(enrollment, points=0, at=MONDAY + HOUR)
    return MONDAY + HOUR


def test_a_run_from_before_the_attempt_and_one_that_is_not_finished_do_not_count(enrollment):
    play(enrollment, at=MONDAY + MINUTE)
    submitted_at = after_two(enrollment)
    running.start(enrollment, "drill", timing=TimeSetting.OFF, at=submitted_at + MINUTE)
    assert eligibility(enrollment, submitted_at + DAY) == Eligibility("replay", simulations=("drill",))


def test_where_no_simulation_is_about_what_was_missed_only_the_wait_counts(enrollment):
    files = exam_files(questions=12, retakes=THREE)
    submitted_at = after_two(enrollment)
    import_course({each: text for each, text in files.items() if ".simulation." not in each})
    assert eligibility(enrollment, submitted_at + DAY) == Eligibility()


def test_where_the_route_has_no_simulation_the_page_speaks_of_none(client):
    files = exam_files(questions=12, retakes=THREE)
    course = import_course({path: text for path, text in files.items() if ".simulation." not in path}).course
    text = page_at(client, ready(course), MONDAY)
    assert "Attempt 3: opens 24 hours after the previous attempt." in text
    assert "simulation" not in text


def test_the_best_score_is_marked_and_every_attempt_stays(client, enrollment):
    sit(enrollment, points=3, at=MONDAY)
    go_through_again(enrollment, at=MONDAY + MINUTE)
    sit(enrollment, points=1, at=MONDAY + HOUR)
    client.force_login(enrollment.learner)
    for address in (EXAM_PAGE, "/learn/tea-room/record/"):
        page = soup(client.get(address))
        best = [row.text for row in page.select("section:not(.when) li") if "best score" in row.text]
        assert len(best) == 1
        assert "3 / 4" in best[0]
    assert ExamAttempt.objects.count() == 2


def test_a_lesson_that_a_question_names_itself_is_the_one_to_go_through_again():
    files = exam_files(questions=4, draw=1, braces=dict.fromkeys((1, 2, 3, 4), "lesson=more"))
    enrollment = ready(import_course(with_second_lesson(files)).course)
    sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility("revisit", lessons=("more",))


def test_a_lesson_that_left_the_route_is_not_asked_again():
    files = exam_files(questions=4, draw=1, braces=dict.fromkeys((1, 2, 3, 4), "lesson=more"))
    enrollment = ready(import_course(with_second_lesson(files)).course)
    sit(enrollment, points=0, at=MONDAY)
    import_course(exam_files(questions=4, draw=1))
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility()
