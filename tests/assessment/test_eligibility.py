"""When an attempt at an exam may be started, and what it then asks."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from courseware.accounts.models import User
from courseware.assessment import attempting
from courseware.assessment.attempting import AttemptClosed, NotYet
from courseware.assessment.eligibility import Eligibility, row_of
from courseware.assessment.models import Attempt, Certificate, Response
from courseware.content.releases.importing import import_course
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning import enrolling
from tests.assessment.exams import (
    MONDAY,
    answer,
    at_once,
    eligibility,
    exam_files,
    go_through_again,
    make_course,
    ready,
    sit,
    start,
    with_second_lesson,
    wrong,
)
from tests.assessment.sitting import soup
from tests.making import make_enrollment, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def test_the_exam_opens_when_every_lesson_before_it_is_done():
    enrollment = make_enrollment(course=make_course())
    with pytest.raises(NotYet) as refused:
        start(enrollment)
    assert refused.value.eligibility == Eligibility("lessons")
    assert not Attempt.objects.exists()
    finish_lessons(enrollment)
    assert start(enrollment).number == 1


def test_starting_twice_gives_the_attempt_that_is_open():
    enrollment = ready(make_course())
    first = start(enrollment)
    assert start(enrollment) == first
    assert Response.objects.count() == 4
    assert Event.objects.filter(verb="attempt-started").count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_starts_at_once_make_one_attempt():
    enrollment = ready(make_course())
    assert len({attempt.pk for attempt in at_once(lambda _number: start(enrollment))}) == 1
    assert (Attempt.objects.count(), Response.objects.count()) == (1, 4)
    assert verify() == []


def test_only_questions_for_the_own_post_are_asked():
    braces = dict.fromkeys((1, 2, 3, 4), "tracks=night")
    course = make_course(questions=8, draw=2, braces=braces)
    for day in (ready(course), ready(course, track="day")):  # who has not chosen is asked what is for all
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
    with pytest.raises(NotYet):
        start(enrollment, at=at)


def test_a_lesson_gone_through_badly_opens_no_next_attempt():
    enrollment = ready(make_course())
    sit(enrollment, points=0, at=MONDAY)
    at = MONDAY + HOUR
    go_through_again(enrollment, at=at, given=wrong)
    assert eligibility(enrollment, at) == Eligibility("revisit", lessons=("boiling",))
    with pytest.raises(NotYet):
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
        assert [list(row_of(Attempt(number=number), exam)) for number in row] == [row] * len(row)


def test_whoever_has_passed_or_is_excused_starts_no_more():
    course = make_course()
    passed = ready(course)
    sit(passed)
    assert eligibility(passed) == Eligibility("passed")
    excused = ready(course)
    enrolling.waive(excused, "moved", by=None)
    assert eligibility(excused) == Eligibility("ended")
    for enrollment in (passed, excused):
        with pytest.raises(NotYet):
            start(enrollment)


def test_an_attempt_still_open_when_the_learner_is_excused_takes_no_more_and_completes_nothing():
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)
    enrolling.waive(enrollment, "moved", by=None)
    with pytest.raises(NotYet) as refused:
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
    attempt = start(ready(make_course(time_limit="30"), make_user(practice_time=given)), at=MONDAY)
    assert attempt.closes_at == (minutes and MONDAY + timedelta(minutes=minutes))


@pytest.mark.parametrize("given", GIVEN)
def test_an_exam_without_a_limit_gets_none(given):
    assert start(ready(make_course(), make_user(practice_time=given)), at=MONDAY).closes_at is None


def test_what_has_begun_keeps_its_time_and_says_so(client):
    learner = make_user()
    enrollment = ready(make_course(time_limit="30"), learner)
    client.force_login(learner)
    page = f"/exam/{enrollment.course.identifier}/last-cup/"

    def limit():
        lines = soup(client.get(page)).select("main li")
        return [" ".join(line.text.split()) for line in lines if "then it closes" in line.text]

    User.objects.filter(pk=learner.pk).update(practice_time="2")
    assert limit() == ["60 minutes, then it closes"]
    attempt = start(enrollment)
    User.objects.filter(pk=learner.pk).update(practice_time="off")
    assert limit() == ["60 minutes, then it closes"]
    assert Attempt.objects.get() == attempt
    assert Attempt.objects.get().closes_at == attempt.closes_at
