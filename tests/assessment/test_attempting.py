import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from courseware.assessment import attempting, certifying
from courseware.assessment.attempting import AttemptClosed, NewerAnswer, NotYet
from courseware.assessment.eligibility import Eligibility, eligibility_of, row_of
from courseware.assessment.models import Attempt, Certificate, Response
from courseware.content.compiled import serving
from courseware.content.releases.importing import import_course
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning import enrolling
from courseware.learning.models import Completion
from tests.assessment.exams import (
    answer,
    asked,
    at_once,
    exam_files,
    go_through_again,
    make_course,
    make_course_of_every_kind,
    ready,
    right,
    sit,
    start,
    wrong,
)
from tests.making import make_enrollment, make_user
from tests.world import finish_lessons, outline_of

MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)  # later than the lessons, which are done when a test runs
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def database(db):
    pass


def eligibility(enrollment, at=None):
    course = enrollment.course
    enrollment.refresh_from_db()
    page = serving.page(course.current, "last-cup", course.source_language)
    return eligibility_of(enrollment, outline_of(course), page, at)


# Starting


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


def test_a_second_attempt_asks_what_was_not_seen_yet():
    enrollment = ready(make_course(questions=8))
    first = {response.question for response in sit(enrollment, points=0, at=MONDAY).responses.all()}
    go_through_again(enrollment, at=MONDAY + MINUTE)
    second = {response.question for response in start(enrollment, at=MONDAY + 10 * MINUTE).responses.all()}
    assert (len(first), len(second)) == (4, 4)
    assert not first & second


def test_what_was_seen_in_an_earlier_run_comes_later_too():
    course, learner = make_course(questions=8), make_user()
    first = sit(ready(course, learner))
    second = start(ready(course, learner))
    questions = {response.question for attempt in (first, second) for response in attempt.responses.all()}
    assert len(questions) == 8


def test_only_questions_for_the_own_post_are_asked():
    braces = dict.fromkeys((1, 2, 3, 4), "tracks=night")
    course = make_course(questions=8, draw=2, braces=braces)
    for day in (ready(course), ready(course, track="day")):  # the first post counts for who has not chosen
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


def test_then_the_lessons_of_what_was_missed_have_to_be_answered_right_again():
    enrollment = ready(make_course())
    sit(enrollment, points=0, at=MONDAY)
    at = MONDAY + HOUR
    assert eligibility(enrollment, at) == Eligibility("revisit", lessons=("boiling",))
    go_through_again(enrollment, at=at)
    assert eligibility(enrollment, at) == Eligibility()
    assert start(enrollment, at=at).number == 2


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


def test_after_the_last_attempt_the_exam_reopens_in_its_time_with_a_new_row():
    enrollment = ready(make_course(questions=12, retakes="retakes:\n  - {wait: 10 min}\nreopens: 7 days\n"))
    sit(enrollment, points=0, at=MONDAY)
    second = MONDAY + 10 * MINUTE
    sit(enrollment, points=0, at=second)
    assert eligibility(enrollment, second + 10 * MINUTE) == Eligibility("reopens", opens_at=second + timedelta(days=7))
    third = second + timedelta(days=7)
    assert sit(enrollment, points=0, at=third).number == 3
    assert eligibility(enrollment, third + 9 * MINUTE) == Eligibility("wait", opens_at=third + 10 * MINUTE)
    assert eligibility(enrollment, third + 10 * MINUTE) == Eligibility()


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
    import_course(with_one_more_lesson(exam_files()))
    enrollment.course.refresh_from_db()
    assert eligibility(enrollment) == Eligibility("passed")


def with_one_more_lesson(files):
    text = "---\nid: more\ntitle: {}\nminutes: 1\nobjectives: [O1.1]\n---\n\n## {} {{#more-text}}\n\n{}\n"
    english = "---\nid: more\ntitle: More\n---\n\n## More {#more-text}\n\nMore.\n"
    return files | {
        "01-water/03-more.zh-hans.md": text.format("更多", "更多", "更多。").encode(),
        "01-water/03-more.en.md": english.encode(),
    }


# Saving


@pytest.fixture
def attempt():
    return start(ready(make_course_of_every_kind()), at=MONDAY)


def of_kind(attempt, kind):
    return next((response, question) for response, question in asked(attempt) if question.kind == kind)


def save(attempt, position, raw, saves=0, at=MONDAY + MINUTE, **more):
    return attempting.save(attempt, position, raw, saves=saves, at=at, **more)


@pytest.mark.parametrize("kind", ["one", "several", "mark", "order", "sort"])
def test_an_answer_of_every_kind_is_kept_as_it_is_given(attempt, kind):
    response, question = of_kind(attempt, kind)
    save(attempt, response.position, right(question))
    response.refresh_from_db()
    kept = (response.response, response.saves, response.saved_at, response.is_right)
    assert kept == (list(question.key), 1, MONDAY + MINUTE, None)  # nothing is graded before it is handed in


def test_an_answer_may_be_changed_and_repeated():
    attempt = start(ready(make_course()))
    save(attempt, 1, ["0"])
    save(attempt, 1, ["1"], saves=1)
    again = save(attempt, 1, ["1"], saves=1, at=MONDAY + HOUR)
    assert (again.response, again.saves, again.saved_at) == ([1], 2, MONDAY + MINUTE)


def test_an_old_tab_never_replaces_or_blanks_a_newer_answer(attempt):
    response, _question = of_kind(attempt, "several")
    save(attempt, response.position, ["0"], page=uuid.uuid4())
    for raw in (["1"], ["0", "1"], []):
        with pytest.raises(NewerAnswer):
            save(attempt, response.position, raw, saves=0, page=uuid.uuid4())
    response.refresh_from_db()
    assert (response.response, response.saves) == ([0], 1)


def test_an_old_tab_with_the_same_answer_is_no_conflict(attempt):
    response, _question = of_kind(attempt, "one")
    save(attempt, response.position, ["1"], page=uuid.uuid4())
    assert save(attempt, response.position, ["1"], saves=0, page=uuid.uuid4()).saves == 1


def test_a_page_whose_answer_was_lost_on_the_way_back_is_no_old_tab(attempt):
    response, _question = of_kind(attempt, "one")
    page = uuid.uuid4()
    save(attempt, response.position, ["0"], page=page)  # arrived; the page never heard of it
    changed = save(attempt, response.position, ["1"], saves=0, sent=1, page=page)
    assert (changed.response, changed.saves) == ([1], 2)


def test_what_a_page_sent_first_and_arrives_last_changes_nothing(attempt):
    response, _question = of_kind(attempt, "one")
    page = uuid.uuid4()
    save(attempt, response.position, ["1"], saves=0, sent=1, page=page)
    with pytest.raises(NewerAnswer):
        save(attempt, response.position, ["0"], saves=0, sent=0, page=page)


def test_what_arrives_last_replaces_nothing_even_where_what_was_sent_after_it_changed_nothing(attempt):
    response, _question = of_kind(attempt, "one")
    save(attempt, response.position, ["0"], page=uuid.uuid4())
    page = uuid.uuid4()
    late = {"raw": ["1"], "saves": 1, "sent": 0, "page": page}  # on the way while the learner goes back to the first
    for _twice in range(2):
        assert save(attempt, response.position, ["0"], saves=1, sent=1, page=page).saves == 3
    with pytest.raises(NewerAnswer):
        save(attempt, response.position, **late)
    response.refresh_from_db()
    assert response.response == [0]


def test_a_page_that_sent_in_vain_is_an_old_tab_all_the_same_when_another_saved_meanwhile(attempt):
    response, _question = of_kind(attempt, "one")
    save(attempt, response.position, ["0"], page=uuid.uuid4())
    with pytest.raises(NewerAnswer):
        save(attempt, response.position, ["1"], saves=0, sent=5, page=uuid.uuid4())


def test_an_answer_may_be_taken_back(attempt):
    response, question = of_kind(attempt, "several")
    save(attempt, response.position, right(question))
    taken_back = save(attempt, response.position, [], saves=1)
    assert (taken_back.response, taken_back.is_answered, taken_back.saves) == (None, False, 2)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("one", ["0", "1"]), ("one", ["9"]), ("several", ["x"]), ("order", ["0", "1"]), ("order", ["0", "0", "1"]),
     ("sort", ["0", "", "1"]), ("sort", ["0", "1", "7"]), ("mark", ["-1"])],
)  # fmt: skip
def test_what_is_no_answer_is_refused_and_nothing_changes(attempt, kind, raw):
    response, _question = of_kind(attempt, kind)
    with pytest.raises(ValueError):
        save(attempt, response.position, raw)
    response.refresh_from_db()
    assert (response.response, response.saves) == (None, 0)


def test_after_handing_in_nothing_is_taken(attempt):
    attempting.submit(attempt)
    with pytest.raises(AttemptClosed):
        save(attempt, 1, ["0"])


@pytest.mark.parametrize(
    ("late", "is_taken"),
    [
        (timedelta(0), True),
        (10 * SECOND, True),
        (11 * SECOND, False),
        (timedelta(days=3), False),
        (-timedelta(hours=2), True),
    ],
    ids=["at the end", "within the grace", "past it", "days later", "with the clock jumped back meanwhile"],
)
def test_the_time_limit_counts_from_the_servers_start(late, is_taken):
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    at = MONDAY + 30 * MINUTE + late
    if is_taken:
        assert save(attempt, 1, ["0"], at=at).is_answered
    else:
        with pytest.raises(AttemptClosed):
            save(attempt, 1, ["0"], at=at)
    attempt.refresh_from_db()
    assert attempt.submitted_at is None  # only handing in hands in


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("late", "set_back", "is_taken"),
    [
        (MINUTE, 2 * HOUR, False),
        (MINUTE, 2 * MINUTE, False),
        (23 * HOUR, 23.5 * HOUR, False),
        (timedelta(days=3), timedelta(days=3, minutes=1), True),
    ],
    ids=["two hours back", "two minutes back", "most of a day back", "back from a jump of three days"],
)
def test_a_time_that_was_over_stays_over_when_the_clock_is_set_back_but_not_when_it_had_jumped(
    late, set_back, is_taken
):
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    for _twice in range(2):
        with pytest.raises(AttemptClosed):
            save(attempt, 1, ["0"], at=MONDAY + 30 * MINUTE + late)
    attempt.refresh_from_db()
    then = MONDAY + 30 * MINUTE + late - set_back
    assert attempting.why_over(attempt, then) == ("" if is_taken else "time")
    if is_taken:
        assert save(attempt, 1, ["0"], at=then).is_answered
    else:
        with pytest.raises(AttemptClosed):
            save(attempt, 1, ["0"], at=then)
        assert attempting.submit(attempt, at=then).points == 0


def test_what_is_sent_after_handing_in_leaves_no_word_that_the_time_was_over():
    attempt = attempting.submit(start(ready(make_course(time_limit="30")), at=MONDAY), at=MONDAY + MINUTE)
    with pytest.raises(AttemptClosed):
        save(attempt, 1, ["0"], at=MONDAY + 31 * MINUTE)
    attempt.refresh_from_db()
    assert attempt.found_over_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_tabs_that_save_at_once_one_is_kept_and_the_other_told():
    attempt = start(ready(make_course()))
    told = at_once(lambda number: save(attempt, 1, [str(number)], page=uuid.uuid4()), times=2)
    assert sorted(type(each).__name__ for each in told) == ["NewerAnswer", "Response"]
    kept = next(each for each in told if isinstance(each, Response))
    assert attempt.responses.get(position=1).response == kept.response


# Handing in


def test_handing_in_grades_every_kind_and_what_was_left_open_counts_as_missed():
    enrollment = ready(make_course_of_every_kind(pass_mark=60))
    attempt = start(enrollment)
    for response, question in asked(attempt):
        if question.kind in ("one", "order", "sort"):
            save(attempt, response.position, right(question))
        elif question.kind == "several":
            save(attempt, response.position, wrong(question))
    attempt = attempting.submit(attempt, at=MONDAY)
    assert (attempt.points, attempt.max_points, attempt.is_passed, attempt.submitted_at) == (3, 5, True, MONDAY)
    assert {question.kind: response.is_right for response, question in asked(attempt)} == {
        "one": True, "order": True, "sort": True, "several": False, "mark": False,
    }  # fmt: skip


@pytest.mark.parametrize(("draw", "points", "passes"), [(5, 4, True), (5, 3, False), (4, 3, False), (4, 4, True)])
def test_a_mark_of_80_percent_is_decided_in_whole_points(draw, points, passes):
    enrollment = ready(make_course(draw=draw))
    attempt = sit(enrollment, points=points)
    assert (attempt.points, attempt.is_passed) == (points, passes)
    enrollment.refresh_from_db()
    assert (enrollment.completed_at is not None) is passes
    assert Certificate.objects.count() == Completion.objects.filter(document__kind="exam").count() == passes


def test_handing_in_again_changes_nothing():
    attempt = sit(ready(make_course()), at=MONDAY)
    events = Event.objects.count()
    again = attempting.submit(attempt, at=MONDAY + MINUTE)
    assert (again.submitted_at, again.points) == (MONDAY, 4)
    assert (Certificate.objects.count(), Event.objects.count()) == (1, events)


def test_a_late_hand_in_counts_what_was_saved_in_time():
    attempt = start(ready(make_course(time_limit="30")), at=MONDAY)
    answer(attempt, at=MONDAY + MINUTE)
    attempt = attempting.submit(attempt, at=MONDAY + timedelta(days=3))
    assert (attempt.points, attempt.is_passed) == (4, True)


@pytest.mark.django_db(transaction=True)
def test_twenty_hand_ins_at_once_make_one_completion_and_one_certificate():
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)
    told = at_once(lambda _number: attempting.submit(attempt))
    assert {(each.pk, each.points, each.submitted_at) for each in told} == {(attempt.pk, 4, told[0].submitted_at)}
    assert (Certificate.objects.count(), Completion.objects.filter(document__kind="exam").count()) == (1, 1)
    assert Event.objects.filter(verb="attempt-submitted").count() == 1
    assert verify() == []


@pytest.mark.django_db(transaction=True)
def test_saving_and_handing_in_at_once_lose_nothing_that_was_acknowledged():
    attempt = start(ready(make_course()))
    answer(attempt, points=0)
    work = [lambda: save(attempt, 1, right(asked(attempt)[0][1]), saves=1, at=timezone.now())]
    work.append(lambda: attempting.submit(attempt))
    saved, submitted = at_once(lambda number: work[number](), times=2)
    assert submitted.points == (0 if isinstance(saved, AttemptClosed) else 1)


def test_without_a_certificate_there_is_no_pass(monkeypatch):
    enrollment = ready(make_course())
    attempt = start(enrollment)
    answer(attempt)

    def breaks(*args, **kwargs):
        raise RuntimeError("no certificate today")

    monkeypatch.setattr(certifying, "issue", breaks)
    with pytest.raises(RuntimeError):
        attempting.submit(attempt)
    enrollment.refresh_from_db()
    attempt.refresh_from_db()
    assert (enrollment.completed_at, attempt.submitted_at, attempt.points) == (None, None, None)
    assert not attempt.responses.exclude(is_right=None).exists()
    assert not Completion.objects.filter(document__kind="exam").exists()
    assert not Event.objects.filter(verb="attempt-submitted").exists()


def test_a_mark_that_is_raised_later_judges_no_attempt_that_had_begun():
    course = make_course(pass_mark=50)
    begun, finished = start(ready(course)), sit(ready(course), points=2)
    import_course(exam_files(pass_mark=100))
    answer(begun, points=2)
    assert (attempting.submit(begun).is_passed, Attempt.objects.get(pk=finished.pk).is_passed) == (True, True)
    assert start(ready(course)).pass_mark == 100


def test_an_attempt_stays_on_the_questions_it_began_with():
    course = make_course()
    attempt = start(ready(course))
    before = asked(attempt)
    changed = bytes_replaced(exam_files(questions=9), b"\xe9\x92\xa5\xe5\x8c\x99", "新钥匙".encode())
    import_course(changed)  # edited, one deleted
    attempt = Attempt.objects.get(pk=attempt.pk)
    assert [question for _response, question in asked(attempt)] == [question for _response, question in before]
    answer(attempt)
    assert attempting.submit(attempt).points == 4
    assert "新钥匙" in str(asked(start(ready(course))))


def bytes_replaced(files, old, new):
    return {path: body.replace(old, new) for path, body in files.items()}


def test_an_enrollment_under_way_meets_the_newest_release_in_its_next_attempt():
    course = make_course(retakes="retakes:\n  - {wait: 0 min}\n")
    enrollment = ready(course)
    sit(enrollment, points=0)
    import_course(exam_files(draw=3, retakes="retakes:\n  - {wait: 0 min}\n"))
    assert start(enrollment).max_points == 3
