"""The pre-check before the lessons, its parallel questions after the exam, and the gain."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from courseware.assessment import attempting
from courseware.assessment.attempting import AttemptClosed, NothingAnswered, NotYet, why_over
from courseware.assessment.eligibility import Eligibility, eligibility_of
from courseware.assessment.grading import Score
from courseware.assessment.models import Attempt, Certificate, Response
from courseware.assessment.sittings import starting_point_of
from courseware.assessment.starting_point import Sitting, StartingPoint, starting_point_in
from courseware.content.compiled import serving
from courseware.content.releases.importing import import_course
from courseware.learning import enrolling
from courseware.learning.models import Completion
from courseware.learning.progress import progress_of
from courseware.learning.question_view import drawn_with
from tests.assessment.exams import (
    MONDAY,
    START,
    answer,
    asked,
    at_once,
    eligibility,
    exam_files,
    make_course,
    make_course_with_pre_check,
    pre_check_files,
    sit,
    start,
)
from tests.making import make_enrollment, make_user
from tests.world import finish_lessons, outline_of

pytestmark = pytest.mark.django_db
PAGE = f"/exam/tea-room/{START}/"


@pytest.fixture
def enrollment(client):
    enrollment = make_enrollment(make_user("Lea"), make_course_with_pre_check())
    client.force_login(enrollment.learner)
    return enrollment


def point(enrollment):
    return starting_point_of(enrollment, outline_of(enrollment.course))


def through(enrollment, *, before, after=None, exam=None):
    """Pre-check, lessons, exam and parallel questions, each with so many right answers; returns the last attempt."""
    attempt = sit(enrollment, exam=START, points=before)
    finish_lessons(enrollment)
    sit(enrollment, points=exam)
    return attempt if after is None else sit(enrollment, exam=START, points=after)


def text_of(response):
    main = BeautifulSoup(response.content, "html.parser").select_one("main")
    return " ".join(main.get_text(" ").split())


# The pure rule


OUTLINE = serving.Outline(
    "course", "Course", "en", {}, (), None, "exam", None, None, (), {}, pre_check_id="start", again_after="exam"
)
BEFORE, AFTER, EXAM = Sitting("start", 1, 3, 6, None), Sitting("start", 2, 5, 6, None), Sitting("exam", 1, 9, 20, False)


@pytest.mark.parametrize(
    ("sittings", "expected"),
    [
        ([], StartingPoint()),
        ([EXAM], StartingPoint()),
        ([BEFORE], StartingPoint(Score(3, 6))),
        ([BEFORE, EXAM], StartingPoint(Score(3, 6), may_ask_again=True)),
        ([BEFORE, EXAM, AFTER], StartingPoint(Score(3, 6), Score(5, 6))),
        ([Sitting("start", 1, 20, 20, True), EXAM], StartingPoint()),
    ],
    ids=["nothing", "no pre-check", "no exam yet", "both", "all three", "of when it was an exam"],
)
def test_the_parallel_questions_wait_for_an_attempt_at_the_exam_and_come_once(sittings, expected):
    assert starting_point_in(sittings, OUTLINE) == expected


@pytest.mark.parametrize(
    ("before", "after", "outcome", "gain"),
    [(3, 5, "gained", 66), (6, 6, "kept", None), (3, 3, "same", 0), (5, 4, "fell", -100), (6, 5, "fell", None)],
)
def test_what_came_of_it_has_a_word(before, after, outcome, gain):
    compared = StartingPoint(Score(before, 6), Score(after, 6))
    assert (compared.outcome, compared.gain) == (outcome, gain)


def test_without_both_there_is_nothing_to_compare():
    for one_sided in (StartingPoint(), StartingPoint(Score(3, 6))):
        assert (one_sided.outcome, one_sided.gain) == ("", None)


# Before the lessons


def test_it_asks_one_question_of_each_family_and_has_no_marks(enrollment):
    attempt = sit(enrollment, exam=START, points=2, at=MONDAY)
    assert {int(response.question[1]) % 3 for response in attempt.responses.all()} == {0, 1, 2}
    assert (attempt.points, attempt.max_points, attempt.pass_mark, attempt.is_passed) == (2, 3, None, None)
    completion = Completion.objects.get()
    assert (completion.document.identifier, completion.outcome) == (START, Completion.Outcome.COMPLETED)
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None


def test_it_is_neither_required_nor_in_the_percentage(enrollment):
    sit(enrollment, exam=START, points=3)
    progress = progress_of(enrollment, outline_of(enrollment.course))
    assert START not in progress.required
    assert (progress.done_count, progress.total, progress.percent) == (0, 2, 0)
    finish_lessons(enrollment)
    sit(enrollment)
    enrollment.refresh_from_db()
    assert enrollment.completed_at


def test_a_course_is_completed_without_it(enrollment):
    finish_lessons(enrollment)
    sit(enrollment)
    enrollment.refresh_from_db()
    assert enrollment.completed_at
    assert eligibility(enrollment, exam=START) == Eligibility("closed")


def test_it_is_taken_once(enrollment):
    sit(enrollment, exam=START, points=0)
    assert eligibility(enrollment, exam=START) == Eligibility("taken")
    with pytest.raises(NotYet):
        start(enrollment, START)
    assert Attempt.objects.count() == 1


def test_it_closes_when_a_lesson_is_done_and_not_before(enrollment):
    assert eligibility(enrollment, exam=START) == Eligibility()
    finish_lessons(enrollment)
    assert eligibility(enrollment, exam=START) == Eligibility("closed")
    with pytest.raises(NotYet) as refused:
        start(enrollment, START)
    assert refused.value.eligibility == Eligibility("closed")
    assert not Attempt.objects.exists()


def test_one_under_way_is_gone_on_with_and_takes_no_more_once_a_lesson_is_done(enrollment):
    attempt = start(enrollment, START)
    attempting.save(attempt, 1, ["0"], saves=0)
    assert start(enrollment, START) == attempt
    assert why_over(attempt) == ""
    finish_lessons(enrollment)
    assert why_over(attempt) == "lesson"
    with pytest.raises(AttemptClosed):
        attempting.save(attempt, 2, ["0"], saves=0)
    assert attempting.submit(attempt).max_points == 3  # what was saved before the lesson may still be handed in


def test_an_excused_learner_is_asked_nothing(enrollment):
    enrolling.waive(enrollment, "moved", by=None)
    assert eligibility(enrollment, exam=START) == Eligibility("ended")
    with pytest.raises(NotYet):
        start(enrollment, START)


def test_a_pass_without_a_pass_mark_cannot_be_kept(enrollment):
    attempt = sit(enrollment, exam=START, points=3)
    with pytest.raises(IntegrityError):
        Attempt.objects.filter(pk=attempt.pk).update(is_passed=True)


@pytest.mark.django_db(transaction=True)
def test_twenty_starts_at_once_make_one_sitting():
    enrollment = make_enrollment(course=make_course_with_pre_check())
    assert len({attempt.pk for attempt in at_once(lambda _number: start(enrollment, START))}) == 1
    assert Response.objects.count() == 3


# It counts for nothing


def test_it_is_no_attempt_at_the_exam(enrollment):
    sit(enrollment, exam=START, points=3)
    finish_lessons(enrollment)
    course = enrollment.course
    page = serving.page(course.current, "last-cup", course.source_language)
    assert eligibility_of(enrollment, outline_of(course), page) == Eligibility()
    first = sit(enrollment, points=0)
    assert first.number == 1
    sit(enrollment, exam=START, points=3)
    assert not Certificate.objects.exists()
    assert not enrollment.attempts.filter(exam__identifier="last-cup", is_passed=True).exists()


def test_the_certificate_says_the_points_of_the_exam(enrollment):
    sit(enrollment, exam=START, points=3)
    finish_lessons(enrollment)
    sit(enrollment)
    certificate = Certificate.objects.get()
    assert (certificate.points, certificate.max_points) == (4, 4)


# After the exam


@pytest.mark.parametrize("exam", [None, 0], ids=["passed", "not passed"])
def test_after_an_attempt_at_the_exam_the_other_question_of_each_family_is_asked_once(enrollment, exam):
    again = through(enrollment, before=1, after=3, exam=exam)
    first = enrollment.attempts.get(exam=again.exam, number=1)
    questions = [{response.question for response in attempt.responses.all()} for attempt in (first, again)]
    assert len(questions[0] | questions[1]) == 6
    assert again.number == 2
    assert eligibility(enrollment, exam=START) == Eligibility("compared")
    with pytest.raises(NotYet):
        start(enrollment, START)
    assert (point(enrollment).before, point(enrollment).after) == (Score(1, 3), Score(3, 3))


def test_an_attempt_that_is_still_open_is_not_behind_the_learner(enrollment):
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    start(enrollment)
    assert eligibility(enrollment, exam=START) == Eligibility("taken")


def test_who_took_no_pre_check_or_left_it_open_is_not_asked_again(enrollment):
    start(enrollment, START)
    finish_lessons(enrollment)
    sit(enrollment)
    assert not point(enrollment).may_ask_again
    other = make_enrollment(course=enrollment.course)
    finish_lessons(other)
    sit(other)
    assert eligibility(other, exam=START) == Eligibility("closed")


def test_the_parallel_questions_stay_open_as_long_as_it_takes(enrollment):
    through(enrollment, before=1)
    again = start(enrollment, START)
    assert why_over(again) == ""
    answer(again)
    assert attempting.submit(again).points == 3


def test_a_second_run_asks_pairs_of_its_own(enrollment):
    through(enrollment, before=1, after=3)
    second = make_enrollment(enrollment.learner, enrollment.course)
    again = through(second, before=0, after=0)
    first = second.attempts.get(exam=again.exam, number=1)
    assert len({response.question for attempt in (first, again) for response in attempt.responses.all()}) == 6


def test_questions_that_left_the_bank_are_asked_from_the_release_that_had_them(enrollment):
    through(enrollment, before=1)
    import_course(pre_check_files(families=4) | without_the_pairs())
    enrollment.course.refresh_from_db()
    again = start(enrollment, START)
    assert again.release != enrollment.course.current
    assert len(asked(again)) == 3


def without_the_pairs():
    """A bank of the same name with other families."""
    files = pre_check_files(families=4)
    return {path: text.replace(b"family=f", b"family=g") for path, text in files.items() if "start.bank" in path}


def test_a_sheet_nobody_wrote_on_is_not_handed_in(enrollment):
    """As a start of nought it would make every gain a whole one."""
    attempt = start(enrollment, START)
    with pytest.raises(NothingAnswered):
        attempting.submit(attempt)
    attempting.save(attempt, 1, ["0"], saves=0)
    attempting.save(attempt, 1, [], saves=1)
    with pytest.raises(NothingAnswered):
        attempting.submit(attempt)
    assert (Completion.objects.count(), eligibility(enrollment, exam=START)) == (0, Eligibility())
    attempting.save(attempt, 1, ["0"], saves=2)
    assert attempting.submit(attempt).submitted_at


def test_an_exam_nobody_wrote_on_is_handed_in_and_failed(enrollment):
    finish_lessons(enrollment)
    assert attempting.submit(start(enrollment)).is_passed is False


def test_a_course_that_gets_a_pre_check_later_asks_nobody_who_has_begun():
    enrollment = make_enrollment(course=make_course())
    finish_lessons(enrollment)
    import_course(pre_check_files())
    enrollment.course.refresh_from_db()
    assert eligibility(enrollment, exam=START) == Eligibility("closed")
    assert progress_of(enrollment, outline_of(enrollment.course)).next_step.id != START


# Pages


def test_home_begins_with_it_and_offers_the_first_lesson_beside(client, enrollment):
    page = BeautifulSoup(client.get("/").content, "html.parser")
    assert page.select_one("h1").text == "Begin: Where you start"
    links = [link["href"] for link in page.select(".go .actions a")]
    assert links == [f"/learn/tea-room/{START}/", "/learn/tea-room/boiling/"]
    assert "optional" in page.select_one(f"#stop-{START}").text
    assert client.get(f"/learn/tea-room/{START}/")["Location"] == PAGE


def test_looking_at_the_first_lesson_skips_nothing_and_answering_in_it_does(client, enrollment):
    client.get("/learn/tea-room/boiling/")
    assert client.get("/").context["main"].act.step.id == START
    fields = {
        "token": "00000000-0000-0000-0000-000000000001",
        "tries": 0,
        "revision": revision(),
        "drawn_with": drawn_with(),
        "choice": 0,
    }
    client.post("/learn/tea-room/boiling/answer/what-first/", fields)
    assert client.get("/").context["main"].act.step.id == "boiling"
    assert eligibility(enrollment, exam=START) == Eligibility()  # and is still open to who goes there


def revision():
    from courseware.content.models import ReleaseEntry

    return ReleaseEntry.objects.get(document__identifier="boiling").revision_id


def test_home_goes_on_with_one_that_is_under_way(client, enrollment):
    start(enrollment, START)
    assert BeautifulSoup(client.get("/").content, "html.parser").select_one("h1").text == "Go on: Where you start"
    assert "Go on with the questions" in text_of(client.get(PAGE))


def test_handing_in_an_empty_sheet_asks_for_an_answer(client, enrollment):
    attempt = start(enrollment, START)
    response = client.post(f"/attempts/{attempt.pk}/submit/", follow=True)
    assert response.redirect_chain == [(f"/attempts/{attempt.pk}/", 302)]
    assert "Answer at least one question, then send it." in response.text
    assert not Completion.objects.exists()


def test_one_that_was_opened_left_empty_and_overtaken_by_a_lesson_is_simply_closed(client, enrollment):
    attempt = start(enrollment, START)
    finish_lessons(enrollment)
    text = text_of(client.get(PAGE))
    assert "A starting point is taken before the start" in text
    for address in (PAGE, f"/attempts/{attempt.pk}/"):
        assert "See the result" not in client.get(address).text
    client.post(f"/attempts/{attempt.pk}/submit/")
    sit(enrollment)
    assert (point(enrollment), eligibility(enrollment, exam=START)) == (StartingPoint(), Eligibility("closed"))


def test_what_was_measured_stays_when_a_release_drops_the_pre_check(client, enrollment):
    again = through(enrollment, before=1, after=3)
    first = enrollment.attempts.get(exam=again.exam, number=1)
    import_course(exam_files())
    for attempt in (first, again):
        text = text_of(client.get(f"/attempts/{attempt.pk}/result/"))
        assert "At the start 1 of 3 were right, now 3. Of the 2 still open you gained 2." in text
        assert "before the first lesson" not in text
        assert "The questions, with the reasons" in text


def test_a_pre_check_that_was_dropped_before_its_second_sitting_promises_none_and_gives_its_reasons(client, enrollment):
    first = through(enrollment, before=1)
    import_course(exam_files())
    text = text_of(client.get(f"/attempts/{first.pk}/result/"))
    assert "1 / 3" in text
    assert "come again" not in text
    assert "Answer the parallel questions" not in text
    assert "The questions, with the reasons" in text


def test_afterwards_a_calm_result_says_the_number_and_no_key_and_no_reason(client, enrollment):
    attempt = sit(enrollment, exam=START, points=1)
    for address in (f"/attempts/{attempt.pk}/result/", PAGE):
        response = client.get(address)
        for word in ("failed", "Failed", "not passed", "Not passed", "missed", "Reason", "Key s", "Wrong s"):
            assert word not in response.text
    assert "1 of 3 right before the first lesson" in text_of(client.get(f"/attempts/{attempt.pk}/result/"))
    assert "Go on: Boiling water" in text_of(client.get(PAGE))


def test_the_way_through_it_begins_with_a_form_and_ends_with_the_result(client, enrollment):
    assert "Begin with the questions" in text_of(client.get(PAGE))
    response = client.post(f"{PAGE}start/", follow=True)
    attempt = Attempt.objects.get()
    assert response.redirect_chain == [(f"/attempts/{attempt.pk}/", 302)]
    client.post(f"/attempts/{attempt.pk}/1/", {"choice": "0", "saves": "0"})
    assert client.post(f"/attempts/{attempt.pk}/submit/")["Location"] == f"/attempts/{attempt.pk}/result/"
    assert BeautifulSoup(client.get("/").content, "html.parser").select_one("h1").text == "Go on: Boiling water"


def test_when_a_lesson_is_done_its_page_says_why_it_is_closed(client, enrollment):
    finish_lessons(enrollment)
    assert "taken before the start" in text_of(client.get(PAGE))
    assert client.post(f"{PAGE}start/")["Location"] == PAGE


def test_one_left_open_says_so_too_and_can_be_handed_in(client, enrollment):
    attempt = start(enrollment, START)
    finish_lessons(enrollment)
    for address in (PAGE, f"/attempts/{attempt.pk}/"):
        assert "taken before the start" in text_of(client.get(address))
    assert client.post(f"/attempts/{attempt.pk}/1/", {"choice": "0", "saves": "0"})["Location"].endswith(
        f"/attempts/{attempt.pk}/"
    )


def test_the_result_of_the_exam_and_the_record_offer_the_parallel_questions(client, enrollment):
    through(enrollment, before=1)
    exam = enrollment.attempts.get(exam__identifier="last-cup")
    page = BeautifulSoup(client.get(f"/attempts/{exam.pk}/result/").content, "html.parser")
    assert page.select_one(f"form[action='{PAGE}start/'] button").text == "Answer the parallel questions"
    assert "To the parallel questions" in text_of(client.get("/learn/tea-room/record/"))
    assert "Answer the parallel questions" in text_of(client.get(PAGE))


def test_where_there_is_none_nothing_is_offered(client, enrollment):
    finish_lessons(enrollment)
    exam = sit(enrollment)
    for address in (f"/attempts/{exam.pk}/result/", "/learn/tea-room/record/", PAGE):
        assert "parallel questions" not in client.get(address).text


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (1, 2, "At the start 1 of 3 were right, now 2. Of the 2 still open you gained 1."),
        (3, 3, "All 3 were right at the start, and all are right now: kept."),
        (2, 2, "2 of 3 were right at the start, and as many now."),
        (2, 1, "At the start 2 of 3 were right, now 1. With so few questions that may be chance"),
        (3, 2, "At the start 3 of 3 were right, now 2. With so few questions that may be chance"),
    ],
)
def test_then_the_gain_is_said_wherever_it_belongs(client, enrollment, before, after, words):
    again = through(enrollment, before=before, after=after)
    exam = enrollment.attempts.get(exam__identifier="last-cup")
    for address in (f"/attempts/{again.pk}/result/", f"/attempts/{exam.pk}/result/", "/learn/tea-room/record/", PAGE):
        assert words in text_of(client.get(address))


def test_then_the_questions_of_both_sittings_are_shown_with_keys_and_reasons(client, enrollment):
    again = through(enrollment, before=1, after=1)
    for attempt in enrollment.attempts.filter(exam=again.exam):
        text = client.get(f"/attempts/{attempt.pk}/result/").text
        for _response, question in asked(attempt, "en"):
            assert all(choice.reason in text for choice in question.choices)
        assert text.count("the right one") == 2


def test_results_are_the_learners_own(client, enrollment):
    attempt = sit(enrollment, exam=START, points=1)
    client.force_login(make_enrollment(course=enrollment.course).learner)
    assert client.get(f"/attempts/{attempt.pk}/result/").status_code == 404
    client.force_login(make_user())
    assert client.get(PAGE).status_code == 404
    assert client.post(f"{PAGE}start/").status_code == 404


def test_looking_changes_nothing(client, enrollment):
    through(enrollment, before=1)
    before = list(Attempt.objects.values()), list(Completion.objects.values())
    exam = enrollment.attempts.get(exam__identifier="last-cup")
    for address in ("/", PAGE, "/learn/tea-room/record/", f"/attempts/{exam.pk}/result/"):
        client.get(address)
    assert client.get(f"{PAGE}start/").status_code == 405
    assert (list(Attempt.objects.values()), list(Completion.objects.values())) == before


@pytest.mark.parametrize("families", [3, 9])
def test_the_result_costs_the_same_for_any_number_of_questions(client, families):
    files = pre_check_files(families=families)
    path = "01-water/00-start.exam.zh-hans.md"
    course = import_course(files | {path: files[path].replace(b"draw: 3", f"draw: {families}".encode())}).course
    enrollment = make_enrollment(course=course)
    client.force_login(enrollment.learner)
    again = through(enrollment, before=1, after=1)
    client.get(f"/attempts/{again.pk}/result/")
    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/attempts/{again.pk}/result/")
    assert len(response.context["answered"]) == families
    assert len(queries) == 7


def test_times_are_those_of_the_learner(client, enrollment):
    sit(enrollment, exam=START, points=1, at=MONDAY + timedelta(hours=12))
    assert "8 Jan 2030, 05:00" in text_of(client.get(PAGE))  # in Shanghai
