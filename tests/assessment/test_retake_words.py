"""What the exam's page says before the start: what is open when, and why."""

from datetime import timedelta

import pytest
import time_machine

from courseware.assessment.attempting import NotYet
from courseware.assessment.eligibility import Eligibility
from courseware.assessment.exam_terms import duration
from courseware.assessment.models import Attempt
from courseware.content.releases.importing import import_course
from courseware.simulations import running
from courseware.simulations.models import Timing
from tests.assessment.exams import (
    MONDAY,
    drill_files,
    eligibility,
    exam_files,
    go_through_again,
    ready,
    sit,
    start,
    with_second_lesson,
)
from tests.assessment.sitting import soup
from tests.making import join, make_team, make_user

pytestmark = pytest.mark.django_db
EXAM = "/exam/tea-room/last-cup/"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
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


def page_at(client, enrollment, at, address=EXAM):
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
        "The first time when every lesson before it is done.",
        "Attempt 2: 10 minutes after the one before, once the checks of the lessons behind your misses are answered",
        "Attempt 3: 24 hours after the one before, once the simulations behind your misses are played to the end",
        "After the last one you talk with your team leader. 7 days after it the exam opens again, and questions may",
        "The best score counts, and every attempt is kept on record.",
    ):
        assert said in text
    assert "critical question" not in text


def test_where_rules_are_drilled_the_page_says_so_before_the_start(client):
    enrollment = ready(import_course(drill_files(retakes="retakes:\n  - {wait: 0 min}\n")).course)
    text = page_at(client, enrollment, MONDAY)
    assert "A missed critical question takes no pass away: 3 questions on its rule, all right" in text
    assert "Attempt 2: at any time." in text


def test_three_attempts_wait_ask_lessons_and_end_with_the_team_leader(client, enrollment):
    first = sit(enrollment, points=0, at=MONDAY)
    assert eligibility(enrollment, MONDAY) == Eligibility("wait", opens_at=MONDAY + 10 * MINUTE, lessons=("boiling",))
    assert "opens at 7 Jan 2030, 18:10. Use the time for these lessons" in page_at(client, enrollment, MONDAY + MINUTE)
    assert eligibility(enrollment, MONDAY + HOUR) == Eligibility("revisit", lessons=("boiling",))
    assert "Answer their checks again" in page_at(client, enrollment, MONDAY + HOUR)
    go_through_again(enrollment, at=MONDAY + MINUTE)  # which may be done while it waits
    assert eligibility(enrollment, MONDAY + 10 * MINUTE) == Eligibility()

    second = sit(enrollment, points=0, at=MONDAY + HOUR)
    opens_at = MONDAY + HOUR + DAY
    assert eligibility(enrollment, opens_at - MINUTE) == Eligibility("wait", opens_at=opens_at, simulations=("drill",))
    assert "Use the time for these simulations" in page_at(client, enrollment, opens_at - MINUTE)
    assert eligibility(enrollment, opens_at) == Eligibility("replay", simulations=("drill",))
    assert "Play each to its end" in page_at(client, enrollment, opens_at)
    play(enrollment, at=opens_at - HOUR)
    assert eligibility(enrollment, opens_at) == Eligibility()

    third = sit(enrollment, points=1, at=opens_at)
    reopens = opens_at + 7 * DAY
    assert eligibility(enrollment, reopens - MINUTE) == Eligibility("reopens", opens_at=reopens)
    with pytest.raises(NotYet):
        start(enrollment, at=reopens - MINUTE)
    text = page_at(client, enrollment, opens_at + HOUR)
    assert "Talk with your team leader" in text
    assert "opens again at 15 Jan 2030, 19:00; questions you know may come again" in text
    result = page_at(client, enrollment, opens_at + HOUR, f"/attempts/{third.pk}/result/")
    assert "All attempts are used for now. Talk with your team leader; the exam opens again at 15 Jan 2030" in result

    fourth = start(enrollment, at=reopens)
    assert [attempt.number for attempt in (first, second, third, fourth)] == [1, 2, 3, 4]
    seen = {each.question for attempt in (first, second, third) for each in attempt.responses.all()}
    assert len(seen) == 12
    assert {each.question for each in fourth.responses.all()} <= seen


def play(enrollment, *, at):
    """The simulation of the sample course, from its start to its end."""
    run = running.start(enrollment, "drill", timing=Timing.OFF, at=at)
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
    running.start(enrollment, "drill", timing=Timing.OFF, at=submitted_at + MINUTE)
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
    assert "Attempt 3: 24 hours after the one before." in text
    assert "simulation" not in text


def test_the_best_score_is_marked_and_every_attempt_stays(client, enrollment):
    sit(enrollment, points=3, at=MONDAY)
    go_through_again(enrollment, at=MONDAY + MINUTE)
    sit(enrollment, points=1, at=MONDAY + HOUR)
    client.force_login(enrollment.learner)
    for address in (EXAM, "/learn/tea-room/record/"):
        page = soup(client.get(address))
        best = [row.text for row in page.select("section:not(.when) li") if "best score" in row.text]
        assert len(best) == 1
        assert "3 / 4" in best[0]
    assert Attempt.objects.count() == 2


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
