"""What the learner sees of the starting point: home, both sittings, the result and the record."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courseware.assessment.eligibility import Eligibility
from courseware.assessment.models import Attempt
from courseware.assessment.starting_point import StartingPoint
from courseware.content.releases.importing import import_course
from courseware.learning.models import Completion
from courseware.learning.question_view import drawn_with
from tests.assessment.exams import (
    MONDAY,
    START,
    asked,
    eligibility,
    exam_files,
    pre_check_files,
    sit,
    start,
)
from tests.assessment.pre_checks import point, through
from tests.making import make_enrollment, make_user
from tests.world import finish_lessons

pytestmark = pytest.mark.django_db
PAGE = f"/exam/tea-room/{START}/"


def text_of(response):
    main = BeautifulSoup(response.content, "html.parser").select_one("main")
    return " ".join(main.get_text(" ").split())


def test_home_begins_with_it_and_offers_the_first_lesson_beside(client, enrollment):
    page = BeautifulSoup(client.get("/").content, "html.parser")
    assert page.select_one("h1").text.strip() == "Start here: Where you start"
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
    assert (
        BeautifulSoup(client.get("/").content, "html.parser").select_one("h1").text.strip() == "Go on: Where you start"
    )
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
    assert BeautifulSoup(client.get("/").content, "html.parser").select_one("h1").text.strip() == "Go on: Boiling water"


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
