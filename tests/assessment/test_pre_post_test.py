"""Pre-test before the lessons, post-test after the exam, and the improvement."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseware.assessment.exams import attempts
from courseware.assessment.exams.attempts import AttemptClosed, NotEligible, NothingAnswered, why_over
from courseware.assessment.exams.eligibility import Eligibility
from courseware.assessment.exams.grading import Score
from courseware.assessment.exams.pre_post_test import AttemptScore, PrePostTest, starting_point_in
from courseware.assessment.models import Certificate, ExamAttempt
from courseware.content.releases.course_import import import_course
from courseware.content.rendering import store
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.models import Completion, Enrollment
from courseware.learning.status.progress import progress_of
from tests.assessment.exams import (
    MONDAY,
    START,
    answer,
    asked,
    eligibility,
    exam_files,
    go_through_again,
    point,
    pre_check_files,
    sit,
    soup,
    start,
    text_of,
    through,
)
from tests.making import days, make_enrollment, make_user
from tests.world import finish_lessons, outline_of

pytestmark = pytest.mark.django_db


OUTLINE = store.Outline(
    "course", "Course", "en", {}, (), None, "exam", None, None, (), {}, pre_check_id="start", again_after="exam"
)
BEFORE, AFTER, EXAM = (
    AttemptScore("start", 1, 3, 6, None),
    AttemptScore("start", 2, 5, 6, None),
    AttemptScore("exam", 1, 9, 20, False),
)


@pytest.mark.parametrize(
    ("sittings", "expected"),
    [
        ([], PrePostTest()),
        ([EXAM], PrePostTest()),
        ([BEFORE], PrePostTest(Score(3, 6))),
        ([BEFORE, EXAM], PrePostTest(Score(3, 6), may_ask_again=True)),
        ([BEFORE, EXAM, AFTER], PrePostTest(Score(3, 6), Score(5, 6))),
        ([AttemptScore("start", 1, 20, 20, True), EXAM], PrePostTest()),
    ],
    ids=["nothing", "no pre-check", "no exam yet", "both", "all three", "of when it was an exam"],
)
def test_post_test_opens_after_exam_attempt_and_only_once(sittings, expected):
    assert starting_point_in(sittings, OUTLINE) == expected


@pytest.mark.parametrize(
    ("before", "after", "outcome", "gain"),
    [(3, 5, "gained", 66), (6, 6, "kept", None), (3, 3, "same", 0), (5, 4, "fell", -100), (6, 5, "fell", None)],
)
def test_outcome_compares_pre_and_post_test(before, after, outcome, gain):
    compared = PrePostTest(Score(before, 6), Score(after, 6))
    assert (compared.outcome, compared.gain) == (outcome, gain)


def test_outcome_is_empty_without_both_tests():
    for incomplete in (PrePostTest(), PrePostTest(Score(3, 6))):
        assert (incomplete.outcome, incomplete.gain) == ("", None)


# Before the lessons


def test_pre_test_asks_1_question_per_variant_group_without_grade(enrollment):
    attempt = sit(enrollment, exam=START, points=2, at=MONDAY)
    assert {int(response.question[1]) % 3 for response in attempt.responses.all()} == {0, 1, 2}
    assert (attempt.points, attempt.max_points, attempt.pass_mark, attempt.is_passed) == (2, 3, None, None)
    completion = Completion.objects.get()
    assert (completion.document.identifier, completion.outcome) == (START, Completion.Outcome.COMPLETED)
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None


def test_pre_test_is_neither_required_nor_in_percentage(enrollment):
    sit(enrollment, exam=START, points=3)
    progress = progress_of(enrollment, outline_of(enrollment.course))
    assert START not in progress.required
    assert (progress.done_count, progress.total, progress.percent) == (0, 2, 0)
    finish_lessons(enrollment)
    sit(enrollment)
    enrollment.refresh_from_db()
    assert enrollment.completed_at


def test_pre_test_is_taken_once(enrollment):
    sit(enrollment, exam=START, points=0)
    assert eligibility(enrollment, exam=START) == Eligibility("taken")
    with pytest.raises(NotEligible):
        start(enrollment, START)
    assert ExamAttempt.objects.count() == 1


def test_pre_test_closes_with_first_completed_lesson(enrollment):
    assert eligibility(enrollment, exam=START) == Eligibility()
    finish_lessons(enrollment)
    assert eligibility(enrollment, exam=START) == Eligibility("closed")
    with pytest.raises(NotEligible) as refused:
        start(enrollment, START)
    assert refused.value.eligibility == Eligibility("closed")
    assert not ExamAttempt.objects.exists()


def test_open_pre_test_continues_until_lesson_is_completed(enrollment):
    attempt = start(enrollment, START)
    attempts.save(attempt, 1, ["0"], saves=0)
    assert start(enrollment, START) == attempt
    assert why_over(attempt) == ""
    finish_lessons(enrollment)
    assert why_over(attempt) == "lesson"
    with pytest.raises(AttemptClosed):
        attempts.save(attempt, 2, ["0"], saves=0)
    assert attempts.submit(attempt).max_points == 3  # answers saved before the lesson can be submitted


def test_exempt_learner_gets_no_pre_test(enrollment):
    enrolling.exempt(enrollment, "moved", by=None)
    assert eligibility(enrollment, exam=START) == Eligibility("ended")
    with pytest.raises(NotEligible):
        start(enrollment, START)


def test_database_refuses_pass_without_pass_mark(enrollment):
    attempt = sit(enrollment, exam=START, points=3)
    with pytest.raises(IntegrityError):
        ExamAttempt.objects.filter(pk=attempt.pk).update(is_passed=True)


# The exam is independent of it


def test_pre_test_is_no_exam_attempt(enrollment):
    sit(enrollment, exam=START, points=3)
    finish_lessons(enrollment)
    assert eligibility(enrollment) == Eligibility()
    first = sit(enrollment, points=0)
    assert first.number == 1
    sit(enrollment, exam=START, points=3)
    assert not Certificate.objects.exists()
    assert not enrollment.attempts.filter(exam__identifier="last-cup", is_passed=True).exists()


def test_certificate_shows_points_of_exam(enrollment):
    sit(enrollment, exam=START, points=3)
    finish_lessons(enrollment)
    sit(enrollment)
    certificate = Certificate.objects.get()
    assert (certificate.points, certificate.max_points) == (4, 4)


# After the exam


@pytest.mark.parametrize("exam", [None, 0], ids=["passed", "not passed"])
def test_post_test_asks_other_variants_once_after_exam_attempt(enrollment, exam):
    again = through(enrollment, before=1, after=3, exam=exam)
    first = enrollment.attempts.get(exam=again.exam, number=1)
    questions = [{response.question for response in attempt.responses.all()} for attempt in (first, again)]
    assert len(questions[0] | questions[1]) == 6
    assert again.number == 2
    assert eligibility(enrollment, exam=START) == Eligibility("compared")
    with pytest.raises(NotEligible):
        start(enrollment, START)
    assert (point(enrollment).before, point(enrollment).after) == (Score(1, 3), Score(3, 3))


def test_open_exam_attempt_does_not_open_post_test(enrollment):
    sit(enrollment, exam=START, points=1)
    finish_lessons(enrollment)
    start(enrollment)
    assert eligibility(enrollment, exam=START) == Eligibility("taken")


def test_learner_without_pre_test_gets_no_post_test(enrollment):
    start(enrollment, START)
    finish_lessons(enrollment)
    sit(enrollment)
    assert not point(enrollment).may_ask_again
    other = make_enrollment(course=enrollment.course)
    finish_lessons(other)
    sit(other)
    assert eligibility(other, exam=START) == Eligibility("closed")


@pytest.mark.slow
def test_second_enrollment_has_its_own_pair_of_tests(enrollment):
    through(enrollment, before=1, after=3)
    second = make_enrollment(enrollment.learner, enrollment.course)
    again = through(second, before=0, after=0)
    first = second.attempts.get(exam=again.exam, number=1)
    assert len({response.question for attempt in (first, again) for response in attempt.responses.all()}) == 6


@pytest.mark.slow
def test_post_test_uses_old_release_if_bank_changed(enrollment):
    through(enrollment, before=1)
    import_course(pre_check_files(families=4) | with_other_variant_groups())
    enrollment.course.refresh_from_db()
    again = start(enrollment, START)
    assert again.release != enrollment.course.current
    assert len(asked(again)) == 3


def with_other_variant_groups():
    """The same bank with other variant groups."""
    files = pre_check_files(families=4)
    return {path: text.replace(b"family=f", b"family=g") for path, text in files.items() if "start.bank" in path}


def test_empty_pre_test_cannot_be_submitted(enrollment):
    """A pre-test of 0 would make every improvement complete."""
    attempt = start(enrollment, START)
    with pytest.raises(NothingAnswered):
        attempts.submit(attempt)
    attempts.save(attempt, 1, ["0"], saves=0)
    attempts.save(attempt, 1, [], saves=1)
    with pytest.raises(NothingAnswered):
        attempts.submit(attempt)
    assert (Completion.objects.count(), eligibility(enrollment, exam=START)) == (0, Eligibility())
    attempts.save(attempt, 1, ["0"], saves=2)
    assert attempts.submit(attempt).submitted_at


def test_pre_test_ends_with_last_open_answer_but_exam_does_not(enrollment):
    attempt = start(enrollment, START)
    for position in (3, 1):
        attempts.save(attempt, position, ["0"], saves=0)
    assert ExamAttempt.objects.get().submitted_at is None
    attempts.save(attempt, 2, ["0"], saves=0, at=MONDAY)
    assert ExamAttempt.objects.get().submitted_at == MONDAY
    assert Completion.objects.get().document.identifier == START
    with pytest.raises(AttemptClosed):
        attempts.save(attempt, 2, ["1"], saves=1)
    finish_lessons(enrollment)
    exam = start(enrollment)
    answer(exam)
    assert enrollment.attempts.get(pk=exam.pk).submitted_at is None


def test_empty_exam_can_be_submitted_and_fails(enrollment):
    finish_lessons(enrollment)
    assert attempts.submit(start(enrollment)).is_passed is False


PAGE = f"/exam/tea-room/{START}/"


def test_viewing_lesson_keeps_pre_test_next_and_answering_skips_it(client, enrollment):
    client.get("/learn/tea-room/boiling/")
    assert client.get("/").context["main"].act.step.id == START
    fields = soup(client.get("/learn/tea-room/boiling/")).select("form[action$='/what-first/'] input[type=hidden]")
    sent = {field["name"]: field["value"] for field in fields}
    client.post("/learn/tea-room/boiling/answer/what-first/", sent | {"choice": 0})
    assert client.get("/").context["main"].act.step.id == "boiling"
    assert eligibility(enrollment, exam=START) == Eligibility()  # still open


def test_submitting_empty_pre_test_asks_for_answer(client, enrollment):
    attempt = start(enrollment, START)
    response = client.post(f"/attempts/{attempt.pk}/submit/", follow=True)
    assert response.redirect_chain == [(f"/attempts/{attempt.pk}/", 302)]
    assert "Answer at least 1 question, then send your answers." in response.text
    assert not Completion.objects.exists()


@pytest.mark.slow
def test_empty_pre_test_is_closed_after_lesson(client, enrollment):
    attempt = start(enrollment, START)
    finish_lessons(enrollment)
    text = text_of(client.get(PAGE))
    assert "The pre-test is closed" in text
    for address in (PAGE, f"/attempts/{attempt.pk}/"):
        assert "See the result" not in client.get(address).text
    client.post(f"/attempts/{attempt.pk}/submit/")
    sit(enrollment)
    assert (point(enrollment), eligibility(enrollment, exam=START)) == (PrePostTest(), Eligibility("closed"))


def test_results_stay_when_release_drops_pre_test(client, enrollment):
    again = through(enrollment, before=1, after=3)
    first = enrollment.attempts.get(exam=again.exam, number=1)
    import_course(exam_files())
    for attempt in (first, again):
        text = text_of(client.get(f"/attempts/{attempt.pk}/result/"))
        assert "In the pre-test, you answered 1 of 3 questions correctly. Now you answered 3 correctly. " in text
        assert "Your improvement is 2, and the highest possible improvement was 2." in text
        assert "Post-test" in text
        assert "Explanations by topic" in text


def test_dropped_pre_test_shows_reasons_and_promises_no_post_test(client, enrollment):
    first = through(enrollment, before=1)
    import_course(exam_files())
    text = text_of(client.get(f"/attempts/{first.pk}/result/"))
    assert "You already know 1 of the 3 topics" in text
    for promise in ("The row", "Post-test", "See how much you improved"):
        assert promise not in text
    assert "Explanations by topic" in text


def topics(response):
    """The rating of each topic, one row for each test."""
    rows = soup(response).select("ol.row")
    return [[item.select_one("span").text for item in row.select("li")] for row in rows]


def test_pre_test_result_shows_topics_and_reasons_without_grade(client, enrollment):
    attempt = sit(enrollment, exam=START, points=1)
    response = client.get(PAGE, follow=True)
    text = text_of(response)
    assert response.redirect_chain == [(f"/attempts/{attempt.pk}/result/", 302)]
    for grade_word in ("failed", "Failed", "not passed", "Not passed", "missed", "1 / 3", "1 of 3", "%"):
        assert grade_word not in text
    assert (
        "You already know 1 of the 3 topics of the pre-test. "
        "It is fine if you do not know all topics yet: the lessons explain them." in text
    )
    assert "Module 1 covers the other topics." in text
    assert topics(response) == [["solid", "needs work", "needs work"]]
    for _response, question in asked(attempt, "en"):
        assert all(choice.reason in response.text for choice in question.choices)
    assert "Start the first lesson: Boiling water" in text


def test_post_test_fills_second_row_of_topics(client, enrollment):
    again = through(enrollment, before=1, after=2)
    first = enrollment.attempts.get(exam=again.exam, number=1)
    solid_after = {question.family for each, question in asked(again) if each.position <= 2}
    expected = ["solid" if question.family in solid_after else "needs work" for _each, question in asked(first)]
    for attempt in (first, again):
        assert topics(client.get(f"/attempts/{attempt.pk}/result/")) == [["solid", *["needs work"] * 2], expected]


def test_topic_is_named_by_bank_or_else_by_lesson(client):
    files = pre_check_files()
    for language, word in (("zh-hans", "火候"), ("en", "Heat")):
        path = f"01-water/bank/start.bank.{language}.md"
        files[path] = files[path].replace(b"id: start-bank\n", f"id: start-bank\ntopics: {{f1: {word}}}\n".encode())
    enrollment = make_enrollment(course=import_course(files).course)
    client.force_login(enrollment.learner)
    attempt = sit(enrollment, exam=START, points=0)
    page = soup(client.get(f"/attempts/{attempt.pk}/result/"))
    families = [question.family for _response, question in asked(attempt)]
    names = [name.text for name in page.select("ol.row b")]
    assert names == ["Heat" if family == "f1" else "Boiling water" for family in families]


def test_each_choice_leads_to_next_question_until_pre_test_ends(client, enrollment):
    assert "Try 3 questions · 2 minutes" in text_of(client.get(PAGE))
    response = client.post(f"{PAGE}start/", follow=True)
    attempt = ExamAttempt.objects.get()
    assert response.redirect_chain == [(f"/attempts/{attempt.pk}/", 302)]
    assert "After each choice, you see the next question" in text_of(response)
    for number in (1, 2, 3):
        form = soup(response).select_one("form#answer")
        assert [button["value"] for button in form.select("button[name=choice]")] == ["0", "1", "2"]
        assert form["action"] == f"/attempts/{attempt.pk}/{number}/"
        fields = {"choice": "0", "saves": form.select_one("[name=saves]")["value"]}
        response = client.post(form["action"], fields, follow=True)
    assert response.redirect_chain[-1] == (f"/attempts/{attempt.pk}/result/", 302)
    assert "Your pre-test result" in text_of(response)
    again = client.post(f"/attempts/{attempt.pk}/3/", fields, follow=True)  # double click
    assert again.redirect_chain == [(f"/attempts/{attempt.pk}/result/", 302)]
    assert "already submitted" not in again.text
    home = soup(client.get("/"))
    assert home.select_one("h1").text.strip() == "Continue: Boiling water"


def test_changed_choice_leads_to_next_open_question(client, enrollment):
    attempt = start(enrollment, START)
    for number in (1, 2):
        client.post(f"/attempts/{attempt.pk}/{number}/", {"choice": "0", "saves": "0"})
    page = soup(client.get(f"/attempts/{attempt.pk}/"))
    assert page.select_one(".quick-foot a")["href"] == f"/attempts/{attempt.pk}/?question=2"
    page = soup(client.get(f"/attempts/{attempt.pk}/?question=1"))
    assert [button["value"] for button in page.select("button.chosen")] == ["0"]
    response = client.post(f"/attempts/{attempt.pk}/1/", {"choice": "2", "saves": "1"}, follow=True)
    assert "Question 3 of 3" in text_of(response)
    assert attempt.responses.get(position=1).saves == 2


def test_form_without_choice_shows_error_and_saves_nothing(client, enrollment):
    attempt = start(enrollment, START)
    response = client.post(f"/attempts/{attempt.pk}/1/", {"saves": "0"})
    assert response.status_code == 422
    assert "Choose an answer first." in text_of(response)
    assert attempt.responses.get(position=1).saves == 0


def test_closed_pre_test_says_so_on_its_pages(client, enrollment):
    attempt = start(enrollment, START)
    finish_lessons(enrollment)
    assert "The pre-test is closed" in text_of(client.get(PAGE))
    assert "The pre-test closes when you complete the first lesson" in text_of(client.get(f"/attempts/{attempt.pk}/"))
    response = client.post(f"/attempts/{attempt.pk}/1/", {"choice": "0", "saves": "0"})
    assert response["Location"] == f"/attempts/{attempt.pk}/"


def test_exam_result_and_record_offer_post_test(client, enrollment):
    through(enrollment, before=1)
    exam = enrollment.attempts.get(exam__identifier="last-cup")
    page = soup(client.get(f"/attempts/{exam.pk}/result/"))
    assert "See how much you improved" in page.select_one(f"form[action='{PAGE}start/'] button").text
    assert "Take the post-test" in text_of(client.get("/learn/tea-room/record/"))
    assert "See how much you improved" in text_of(client.get(PAGE, follow=True))


@pytest.mark.slow
def test_result_on_completion_day_shows_both_rows_and_certificate(client, enrollment):
    through(enrollment, before=1)
    exam = enrollment.attempts.get(exam__identifier="last-cup")
    address = f"/attempts/{exam.pk}/result/"
    response = client.get(address)
    page = soup(response)
    assert [heading.text for heading in page.select("h1")] == ["Course completed"]
    assert page.select_one(".arrival .btn")["href"].startswith("/certificates/")
    assert len(page.select(".arrival .drawn circle")) == len(response.context["outline"].modules)
    assert (len(topics(response)), len(page.select(".arrival .row.open"))) == (1, 1)
    sit(enrollment, exam=START, points=3)
    response = client.get(address)
    assert topics(response)[1] == ["solid"] * 3
    assert "Your improvement is 2, and the highest possible improvement was 2." in text_of(response)
    Enrollment.objects.update(completed_at=days(-2))
    page = soup(client.get(address))
    assert not page.select(".arrival")
    assert page.select_one("h1").text == "Passed"
    assert "Course completed" in page.text


def test_failed_or_revoked_result_shows_no_course_completion(client, enrollment):
    finish_lessons(enrollment)
    failed = sit(enrollment, points=0)
    later = timezone.now() + timedelta(hours=1)
    go_through_again(enrollment, later)
    passed = sit(enrollment, at=later)
    assert not soup(client.get(f"/attempts/{failed.pk}/result/")).select(".arrival")
    Certificate.objects.update(revoked_at=days(0), revocation_reason="Another person", revoked_by=make_user())
    assert not soup(client.get(f"/attempts/{passed.pk}/result/")).select(".arrival")


def test_course_without_pre_test_taken_offers_no_post_test(client, enrollment):
    finish_lessons(enrollment)
    exam = sit(enrollment)
    for address in (f"/attempts/{exam.pk}/result/", "/learn/tea-room/record/", PAGE):
        text = client.get(address, follow=True).text
        assert "See how much you improved" not in text and "Take the post-test" not in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (1, 2, "Now you answered 2 correctly. Your improvement is 1, and the highest possible improvement was 2."),
        (3, 3, "You answered all 3 questions correctly, in the pre-test and now."),
        (
            2,
            2,
            "In the pre-test, you answered 2 of 3 questions correctly. "
            "In the post-test, you answered the same number correctly.",
        ),
        (2, 1, "Now you answered 1 correctly. With so few questions, the difference can be a coincidence"),
    ],
)
def test_improvement_is_shown_on_all_result_pages(client, enrollment, before, after, words):
    again = through(enrollment, before=before, after=after)
    exam = enrollment.attempts.get(exam__identifier="last-cup")
    for address in (f"/attempts/{again.pk}/result/", f"/attempts/{exam.pk}/result/", "/learn/tea-room/record/", PAGE):
        assert words in text_of(client.get(address, follow=True))


@pytest.mark.slow
@pytest.mark.parametrize("families", [3, 9])
def test_result_query_count_does_not_grow_with_questions(client, families):
    files = pre_check_files(families=families)
    path = "01-water/00-start.exam.zh-hans.md"
    course = import_course(files | {path: files[path].replace(b"draw: 3", f"draw: {families}".encode())}).course
    enrollment = make_enrollment(course=course)
    client.force_login(enrollment.learner)
    again = through(enrollment, before=1, after=1)
    client.get(f"/attempts/{again.pk}/result/")
    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"/attempts/{again.pk}/result/")
    assert len(response.context["topics"]) == families
    assert len(queries) == 10


def test_times_are_in_time_zone_of_learner(client, enrollment):
    sit(enrollment, exam=START, points=1, at=MONDAY + timedelta(hours=12))
    assert "8 Jan 2030, 05:00" in text_of(client.get(PAGE, follow=True))  # in Shanghai
