"""Eligibility: when an exam attempt may start, and what it then asks."""

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


def test_exam_opens_after_all_lessons_before_it():
    enrollment = make_enrollment(course=make_course())
    with pytest.raises(NotEligible) as refused:
        start(enrollment)
    assert refused.value.eligibility == Eligibility("lessons")
    assert not ExamAttempt.objects.exists()
    finish_lessons(enrollment)
    assert start(enrollment).number == 1


def test_second_start_returns_open_attempt():
    enrollment = ready(make_course())
    first = start(enrollment)
    assert start(enrollment) == first
    assert Response.objects.count() == 4
    assert Event.objects.filter(verb="exam-started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_starts_create_one_attempt():
    enrollment = ready(make_course())
    assert len({attempt.pk for attempt in at_once(lambda _number: start(enrollment))}) == 1
    assert (ExamAttempt.objects.count(), Response.objects.count()) == (1, 4)
    assert verify() == []


def test_only_questions_for_own_job_role_are_asked():
    braces = dict.fromkeys((1, 2, 3, 4), "tracks=night")
    course = make_course(questions=8, draw=2, braces=braces)
    for day in (ready(course), ready(course, job_role="day")):  # without a job role: questions for all
        for at in (MONDAY, MONDAY + 10 * MINUTE):
            attempt = sit(day, points=0, at=at)
            assert not {response.question for response in attempt.responses.all()} & {"q1", "q2", "q3", "q4"}
            go_through_again(day, at=at + MINUTE)


def test_attempt_stores_its_conditions():
    enrollment = ready(make_course(time_limit="30"))
    attempt = start(enrollment, at=MONDAY)
    conditions = (attempt.started_at, attempt.closes_at, attempt.pass_mark, attempt.max_points, attempt.release)
    assert conditions == (MONDAY, MONDAY + 30 * MINUTE, 80, 4, enrollment.course.current)
    responses = list(attempt.responses.order_by("position"))
    assert [response.position for response in responses] == [1, 2, 3, 4]
    assert all(sorted(response.order) == [0, 1, 2] for response in responses)
    assert {response.bank.identifier for response in responses} == {"tea-bank"}
    assert {response.revision_id for response in responses} == {responses[0].bank.latest_revision_id}


# Eligibility: when the next attempt may be started


@pytest.mark.parametrize(
    ("after", "expected"),
    [(-SECOND, "wait"), (timedelta(0), "revisit"), (SECOND, "revisit")],
    ids=["a second before", "at the instant", "a second after"],
)
def test_next_attempt_waits_until_retake_time(after, expected):
    enrollment = ready(make_course())
    sit(enrollment, points=0, at=MONDAY)
    at = MONDAY + 10 * MINUTE + after
    assert eligibility(enrollment, at).reason == expected
    if expected == "wait":
        assert eligibility(enrollment, at).opens_at == MONDAY + 10 * MINUTE
    with pytest.raises(NotEligible):
        start(enrollment, at=at)


def test_wrong_check_answers_open_no_next_attempt():
    enrollment = ready(make_course())
    sit(enrollment, points=0, at=MONDAY)
    at = MONDAY + HOUR
    go_through_again(enrollment, at=at, given=wrong)
    assert eligibility(enrollment, at) == Eligibility("revisit", lessons=("boiling",))
    with pytest.raises(NotEligible):
        start(enrollment, at=at)


def test_check_answers_before_attempt_do_not_count():
    enrollment = ready(make_course())
    go_through_again(enrollment, at=MONDAY)
    sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY + HOUR).reason == "revisit"


def test_exam_without_reopening_ends_with_last_attempt():
    enrollment = ready(make_course(retakes="retakes:\n  - {wait: 0 min}\n"))
    sit(enrollment, points=0, at=MONDAY)
    sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY + timedelta(days=999)) == Eligibility("never")


@pytest.mark.parametrize(
    ("retakes", "rows"), [(0, [[1], [2], [3]]), (1, [[1, 2], [3, 4]]), (2, [[1, 2, 3], [4, 5, 6]])]
)
def test_attempts_are_grouped_into_rows_by_retakes(retakes, rows):
    exam = SimpleNamespace(data={"retakes": [None] * retakes})
    for row in rows:
        assert [list(row_of(ExamAttempt(number=number), exam)) for number in row] == [row] * len(row)


def test_passed_or_exempt_learner_cannot_start():
    course = make_course()
    passed = ready(course)
    sit(passed)
    assert eligibility(passed) == Eligibility("passed")
    exempt_enrollment = ready(course)
    enrolling.exempt(exempt_enrollment, "moved", by=None)
    assert eligibility(exempt_enrollment) == Eligibility("ended")
    for enrollment in (passed, exempt_enrollment):
        with pytest.raises(NotEligible):
            start(enrollment)


def test_open_attempt_of_exempt_learner_takes_no_answers_and_completes_nothing():
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


def test_pass_survives_release_with_new_lesson():
    enrollment = ready(make_course())
    sit(enrollment)
    import_course(with_second_lesson(exam_files()))
    assert eligibility(enrollment) == Eligibility("passed")


# Extra time → minutes of an exam of 30 minutes; None: no limit.
EXTRA_TIMES = {"": 30, "1.25": 37.5, "1.5": 45, "2": 60, "3": 90, "4": 120, "5": 150, "10": 300, "off": None}


@pytest.mark.parametrize(("extra_time", "minutes"), EXTRA_TIMES.items())
def test_extra_time_multiplies_time_limit(extra_time, minutes):
    attempt = start(ready(make_course(time_limit="30"), make_user(extra_time=extra_time)), at=MONDAY)
    assert attempt.closes_at == (minutes and MONDAY + timedelta(minutes=minutes))


@pytest.mark.parametrize("extra_time", EXTRA_TIMES)
def test_exam_without_limit_never_closes(extra_time):
    assert start(ready(make_course(), make_user(extra_time=extra_time)), at=MONDAY).closes_at is None


def test_started_attempt_keeps_its_time_limit(client):
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


TWO_RETAKES = """retakes:
  - {wait: 10 min, after: lessons}
  - {wait: 24 h, after: simulations}
reopens: 7 days
"""


@pytest.fixture
def enrollment():
    learner = make_user("Lea")
    join(make_team(time_zone="Asia/Tokyo"), learner)
    path, files = "01-water/02-drill.simulation.zh-hans.md", exam_files(questions=12, retakes=TWO_RETAKES)
    files[path] = files[path].replace(b"[O1.1]", b"[O1.1, O1.2]")
    with time_machine.travel(MONDAY - DAY):
        return ready(import_course(files).course, learner)


def page_at(client, enrollment, at, address=EXAM_PAGE):
    with time_machine.travel(at):
        client.force_login(enrollment.learner)
        main = soup(client.get(address)).select_one("main")
    return " ".join(main.get_text(" ").split())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ""), (0, ""), (60, "1 minute"), (600, "10 minutes"), (3600, "1 hour"), (86400, "24 hours"),
     (2 * 86400, "2 days"), (7 * 86400, "7 days"), (5400, "90 minutes")],
)  # fmt: skip
def test_duration_uses_largest_whole_unit(seconds, expected):
    assert duration(seconds) == expected


def test_exam_page_lists_conditions_of_each_attempt(client, enrollment):
    text = page_at(client, enrollment, MONDAY)
    for sentence in (
        "First attempt: opens after you complete all lessons before the exam.",
        "Attempt 2: opens 10 minutes after the previous attempt. First answer the check questions correctly again",
        "Attempt 3: opens 24 hours after the previous attempt. First complete the simulations",
        "If you do not pass your last attempt, talk to your manager. The exam opens again 7 days after that "
        "attempt, and some questions can be the same as before.",
        "Your best score counts. All attempts stay on your record.",
    ):
        assert sentence in text
    assert "must-know question" not in text


@pytest.mark.slow
def test_exam_page_announces_practice_sets_before_start(client):
    enrollment = ready(import_course(drill_files(retakes="retakes:\n  - {wait: 0 min}\n")).course)
    text = page_at(client, enrollment, MONDAY)
    assert "Before you get the certificate, answer 3 practice questions about it correctly." in text
    assert "Attempt 2: you can start it at any time." in text


@pytest.mark.slow
def test_third_failed_attempt_leads_to_manager_and_reopening(client, enrollment):
    first = sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY) == Eligibility("wait", opens_at=MONDAY + 10 * MINUTE, lessons=("boiling",))
    assert "opens at 7 Jan 2030, 18:10. Use the waiting time to review these lessons" in page_at(
        client, enrollment, MONDAY + MINUTE
    )
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility("revisit", lessons=("boiling",))
    assert "Answer the check questions of these lessons correctly again." in page_at(client, enrollment, MONDAY + HOUR)
    go_through_again(enrollment, at=MONDAY + MINUTE)  # allowed during the wait
    assert eligibility(enrollment, MONDAY + 10 * MINUTE) == Eligibility()

    second = sit(enrollment, points=0, at=MONDAY + HOUR)
    opens_at = MONDAY + HOUR + DAY
    assert eligibility(enrollment, opens_at - MINUTE) == Eligibility("wait", opens_at=opens_at, simulations=("drill",))
    assert "Use the waiting time for these simulations" in page_at(client, enrollment, opens_at - MINUTE)
    assert eligibility(enrollment, opens_at) == Eligibility("replay", simulations=("drill",))
    assert "Play each simulation to the end" in page_at(client, enrollment, opens_at)
    play(enrollment, at=opens_at - HOUR)
    assert eligibility(enrollment, opens_at) == Eligibility()

    third = sit(enrollment, points=1, at=opens_at)
    reopens = opens_at + 7 * DAY
    assert eligibility(enrollment, reopens - MINUTE) == Eligibility("reopens", opens_at=reopens)
    with pytest.raises(NotEligible):
        start(enrollment, at=reopens - MINUTE)
    text = page_at(client, enrollment, opens_at + HOUR)
    assert "Talk to your manager" in text
    assert "opens again at 15 Jan 2030, 19:00, and some questions can be the same" in text
    result = page_at(client, enrollment, opens_at + HOUR, f"/attempts/{third.pk}/result/")
    assert "You have used all attempts for now. Talk to your manager. The exam opens again at 15 Jan 2030" in result

    fourth = start(enrollment, at=reopens)
    assert [attempt.number for attempt in (first, second, third, fourth)] == [1, 2, 3, 4]
    seen = {each.question for attempt in (first, second, third) for each in attempt.responses.all()}
    assert len(seen) == 12
    assert {each.question for each in fourth.responses.all()} <= seen


def play(enrollment, *, at):
    """Play the simulation of the sample course to its end."""
    simulation_attempt = running.start(enrollment, "drill", timing=TimeSetting.OFF, at=at)
    running.decide(simulation_attempt, 1, 0, at=at)


def fail_two_attempts(enrollment):
    """Fail two attempts with repeated checks between them; return when the second was submitted."""
    sit(enrollment, points=0, at=MONDAY)
    go_through_again(enrollment, at=MONDAY + MINUTE)
    sit(enrollment, points=0, at=MONDAY + HOUR)
    return MONDAY + HOUR


def test_earlier_or_unfinished_simulation_attempt_does_not_count(enrollment):
    play(enrollment, at=MONDAY + MINUTE)
    submitted_at = fail_two_attempts(enrollment)
    running.start(enrollment, "drill", timing=TimeSetting.OFF, at=submitted_at + MINUTE)
    assert eligibility(enrollment, submitted_at + DAY) == Eligibility("replay", simulations=("drill",))


def test_only_wait_counts_if_no_simulation_matches(enrollment):
    files = exam_files(questions=12, retakes=TWO_RETAKES)
    submitted_at = fail_two_attempts(enrollment)
    import_course({each: text for each, text in files.items() if ".simulation." not in each})
    assert eligibility(enrollment, submitted_at + DAY) == Eligibility()


def test_exam_page_omits_simulations_if_course_has_none(client):
    files = exam_files(questions=12, retakes=TWO_RETAKES)
    course = import_course({path: text for path, text in files.items() if ".simulation." not in path}).course
    text = page_at(client, ready(course), MONDAY)
    assert "Attempt 3: opens 24 hours after the previous attempt." in text
    assert "simulation" not in text


def test_best_score_is_marked_and_all_attempts_are_listed(client, enrollment):
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


def test_lesson_named_by_question_must_be_repeated():
    files = exam_files(questions=4, draw=1, braces=dict.fromkeys((1, 2, 3, 4), "lesson=more"))
    enrollment = ready(import_course(with_second_lesson(files)).course)
    sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility("revisit", lessons=("more",))


def test_removed_lesson_need_not_be_repeated():
    files = exam_files(questions=4, draw=1, braces=dict.fromkeys((1, 2, 3, 4), "lesson=more"))
    enrollment = ready(import_course(with_second_lesson(files)).course)
    sit(enrollment, points=0, at=MONDAY)
    import_course(exam_files(questions=4, draw=1))
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility()
