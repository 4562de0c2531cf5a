"""Exam pages as the learner uses them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from courseware.assessment.exams import attempts
from courseware.assessment.exams.attempt_page import shown
from courseware.assessment.models import ExamAttempt
from courseware.content.releases.course_import import import_course
from courseware.learning.enrollments import enrollment as enrolling
from tests.assessment.exams import (
    EXAM_PAGE,
    answer,
    as_fields,
    asked,
    exam_files,
    form_of,
    make_course,
    make_course_of_every_kind,
    page,
    ready,
    save,
    sit,
    soup,
    start,
)
from tests.making import make_enrollment

pytestmark = pytest.mark.django_db
WITHOUT_WAIT = "retakes:\n  - {wait: 0 min}\n"


def messages(response):
    return [each.get_text(strip=True) for each in soup(response).select(".message")]


# Normal use


def terms(client):
    found = soup(client.get(EXAM_PAGE)).select(".terms li")
    return [" ".join(each.get_text(" ", strip=True).split()) for each in found]


@pytest.mark.slow
def test_exam_page_shows_terms_of_open_attempt_and_then_new_ones(client, learner):
    attempt = start(ready(make_course(draw=4, pass_mark=50, time_limit="30", retakes=WITHOUT_WAIT), learner))
    import_course(exam_files(draw=5, pass_mark=100, time_limit="20", retakes=WITHOUT_WAIT))
    old_terms = ["4 questions", "2 correct answers to pass 50%", "30 minutes, then the exam closes"]
    assert terms(client)[:3] == old_terms
    attempts.submit(attempt)
    new_terms = ["5 questions", "5 correct answers to pass 100%", "20 minutes, then the exam closes"]
    assert terms(client)[:3] == new_terms
    start(attempt.enrollment)
    assert terms(client)[:3] == new_terms


def test_exam_cannot_start_before_lessons_are_done(client, learner):
    make_enrollment(learner, make_course())
    assert "First finish the lessons" in client.get(EXAM_PAGE).text
    response = client.post(f"{EXAM_PAGE}start/")
    assert (response.status_code, response["Location"]) == (302, EXAM_PAGE)
    assert not ExamAttempt.objects.exists()


def test_start_opens_first_question_and_exam_page_offers_to_continue(client, learner):
    ready(make_course(), learner)
    response = client.post(f"{EXAM_PAGE}start/", follow=True)
    assert response.redirect_chain == [(f"/attempts/{ExamAttempt.objects.get().pk}/", 302)]
    assert response.context["asked"].position == 1
    assert "You have not submitted your exam attempt" in client.get(EXAM_PAGE).text


@pytest.mark.parametrize(
    ("go", "expected"),
    [("back", "?question=1"), ("next", "?question=3"), ("", "?question=3"), ("4", "?question=4"), ("9", "review/"),
     ("review", "review/"), ("0", "?question=3"),
     ("9" * 5000, "?question=3"), ("٣", "?question=3"), ("x", "?question=3")],
)  # fmt: skip
def test_every_button_saves_and_leads_to_its_target(client, attempt, go, expected):
    response = save(client, attempt, 2, choice="1", go=go)
    assert response["Location"] == f"/attempts/{attempt.pk}/{expected}"
    assert attempt.responses.get(position=2).is_answered


def test_answers_come_before_question_list_in_tab_order(client, attempt):
    main = client.get(page(attempt, 2)).text.split("<main")[1]
    assert main.index('name="choice"') < main.index('id="exam-line"')


def test_continuing_without_answer_saves_nothing(client, attempt):
    assert save(client, attempt, 1)["Location"] == page(attempt, 2)
    assert attempt.responses.get(position=1).saves == 0
    response = client.get(f"/attempts/{attempt.pk}/review/")
    assert [each.position for each in response.context["open"]] == [1, 2, 3, 4]


@pytest.mark.parametrize(("wanted", "position"), [("", 2), ("3", 3), ("0", 2), ("5", 2), ("x", 2), ("9" * 5000, 2)])
def test_attempt_opens_at_first_open_question(client, attempt, wanted, position):
    save(client, attempt, 1, choice="0")
    assert client.get(f"/attempts/{attempt.pk}/", {"question": wanted}).context["asked"].position == position


def test_saved_answers_are_filled_in_on_another_device(learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    answer(attempt)
    phone = Client()
    phone.force_login(learner)
    for response, question in asked(attempt):
        form = form_of(phone.get(page(attempt, response.position)))
        texts = [element.get_text(strip=True) for element in form.select("label:has(:checked)")]
        if question.kind == "order":
            numbers = [select.select_one("[selected]").get_text() for select in form.select("select")]
            steps = [label.get_text(strip=True) for label in form.select(".ordering label")]
            assert sorted(zip(numbers, steps, strict=True)) == [("1", "Step A"), ("2", "Step B"), ("3", "Step C")]
        elif question.kind == "sort":
            legends = [legend.get_text(strip=True) for legend in form.select(".sorting legend")]
            expected = {"Thing A": "Hot", "Thing B": "Cold", "Thing C": "Cold"}
            assert dict(zip(legends, texts, strict=True)) == expected
        else:
            expected = {"one": {"A"}, "several": {"A", "C"}, "mark": {"Clouds above"}}[question.kind]
            assert set(texts) == expected


def test_form_of_each_question_type_is_read(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    for response, question in asked(attempt):
        save(client, attempt, response.position, **as_fields(question, response))
    assert attempts.submit(attempt).points == 5


def test_second_submit_leads_to_same_result(client, attempt):
    answer(attempt)
    for _ in range(2):
        assert client.post(f"/attempts/{attempt.pk}/submit/")["Location"] == f"/attempts/{attempt.pk}/result/"
    response = client.get(f"/attempts/{attempt.pk}/result/")
    assert "Open the certificate" in response.text
    assert client.get(EXAM_PAGE).context["eligibility"].reason == "passed"


def test_open_and_submitted_attempts_redirect_to_each_other(client, attempt):
    assert client.get(f"/attempts/{attempt.pk}/result/")["Location"] == f"/attempts/{attempt.pk}/"
    attempts.submit(attempt)
    for page_name in ("", "review/"):
        assert client.get(f"/attempts/{attempt.pk}/{page_name}")["Location"] == f"/attempts/{attempt.pk}/result/"


# Several tabs and invalid input


def test_live_save_returns_status_and_question_list(client, attempt):
    response = save(client, attempt, live=True, choice="0")
    answered = soup(response)
    assert response.status_code == 200
    assert [(field["name"], field["value"]) for field in answered.select("input")] == [("saves", "1"), ("sent", "0")]
    assert answered.select_one("[data-status]").get_text(strip=True).startswith("Saved ")
    assert [button.get_text() for button in answered.select(".answered")] == ["1 – answered"]
    assert "<html" not in response.text


def test_form_of_old_tab_shows_saved_answer(client, attempt):
    save(client, attempt, choice="0")
    response = save(client, attempt, choice="1")
    assert response.status_code == 409
    assert messages(response)[0].startswith("You already answered this question in another tab")
    assert form_of(response).select_one(":checked")["value"] == "0"
    assert form_of(response).select_one("[name=saves]")["value"] == "1"


def test_live_save_of_old_tab_returns_409_and_message_on_next_page(client, attempt):
    save(client, attempt, choice="0")
    response = save(client, attempt, live=True, choice="1")
    assert (response.status_code, response.content) == (409, b"")
    assert len(messages(client.get(page(attempt)))) == 1
    assert attempt.responses.get(position=1).saves == 1


def test_page_can_save_again_after_lost_reply(client, attempt):
    shown_page = form_of(client.get(page(attempt))).select_one("[name=page]")["value"]
    save(client, attempt, live=True, choice="0", page=shown_page)
    assert save(client, attempt, live=True, choice="1", page=shown_page, sent="1").status_code == 200
    assert attempt.responses.get(position=1).saves == 2


def test_incomplete_ordering_shows_error_and_keeps_input(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    position = next(response.position for response, question in asked(attempt) if question.kind == "order")
    incomplete = {"number-0": "1", "number-1": "1", "number-2": ""}
    response = save(client, attempt, position, **incomplete)
    assert response.status_code == 422
    assert response.text.count("<title>Error: ") == 1
    chosen = [select.select_one("[selected]") for select in form_of(response).select("select")]
    assert [option and option.get_text() for option in chosen] == ["1", "1", None]
    live = save(client, attempt, position, live=True, **incomplete)
    assert (live.status_code, "Not saved yet" in live.text) == (422, True)
    assert not attempt.responses.get(position=position).is_answered


def test_unticking_all_options_removes_answer(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    position = next(response.position for response, question in asked(attempt) if question.kind == "several")
    save(client, attempt, position, live=True, choice="0")
    response = save(client, attempt, position, live=True, saves="1")
    assert "You have no saved answer for this question" in response.text
    assert not attempt.responses.get(position=position).is_answered


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"choice": "0", "saves": ""}, 400),
        ({"choice": "0", "saves": "9" * 5000}, 400),
        ({"choice": "0", "sent": "x"}, 400),
        ({"choice": "0", "page": "x\0"}, 400),
        ({"choice": "9" * 100_000}, 422),
        ({"choice": ["0", "1"]}, 422),
    ],
)
def test_invalid_fields_are_refused_and_nothing_is_stored(client, attempt, fields, status):
    assert save(client, attempt, **fields).status_code == status
    assert attempt.responses.get(position=1).saves == 0


# Submission and expiry


def test_tab_of_submitted_attempt_leads_to_result(client, attempt):
    attempts.submit(attempt)
    response = client.post(f"/attempts/{attempt.pk}/1/", {"choice": "0", "saves": "0"}, follow=True)
    assert response.redirect_chain == [(f"/attempts/{attempt.pk}/result/", 302)]
    assert messages(response) == ["You already submitted this exam attempt. Here is the result."]
    live = save(client, attempt, live=True, choice="0")
    assert (live.status_code, live["HX-Redirect"]) == (200, f"/attempts/{attempt.pk}/result/")


def test_expired_time_is_shown_and_saved_answers_count(client, learner):
    began = timezone.now() - timedelta(minutes=29)
    attempt = start(ready(make_course(time_limit="30"), learner), at=began)
    assert "The exam closes at" in client.get(page(attempt)).text
    answer(attempt)
    ExamAttempt.objects.filter(pk=attempt.pk).update(closes_at=timezone.now() - timedelta(seconds=11))
    response = save(client, attempt, saves="1", choice="0")
    assert response["Location"] == f"/attempts/{attempt.pk}/"
    for address in (f"/attempts/{attempt.pk}/", EXAM_PAGE):
        assert "The time is up" in client.get(address).text
        assert form_of(client.get(address)) is None
    client.post(f"/attempts/{attempt.pk}/submit/")
    attempt.refresh_from_db()
    assert (attempt.points, attempt.is_passed) == (4, True)


@pytest.mark.slow
@pytest.mark.parametrize("page_name", ["question", "save", "review", "submit", "result"])
def test_query_count_is_same_for_30_and_10_questions(learner, client, page_name):
    needed = []
    for draw in (10, 30):
        course = make_course(questions=draw, draw=draw, retakes="")
        attempt = start(ready(course, learner))
        answer(attempt, points=0)
        client.get(page(attempt))  # the bank is read once in each process
        first, question = asked(attempt)[0]
        if page_name == "result":
            attempts.submit(attempt)
        with CaptureQueriesContext(connection) as queries:
            if page_name == "save":
                response = save(client, attempt, saves="1", live=True, **as_fields(question, first))
            elif page_name == "submit":
                response = client.post(f"/attempts/{attempt.pk}/submit/")
            else:
                address = {"question": page(attempt), "review": f"/attempts/{attempt.pk}/review/"}
                response = client.get(address.get(page_name, f"/attempts/{attempt.pk}/result/"))
        assert response.status_code in (200, 302)
        needed.append(len(queries))
        enrolling.exempt(attempt.enrollment, "next round", by=None)
    assert needed[0] == needed[1] <= 16


# URLs


@pytest.mark.slow
def test_course_id_may_contain_dot(client):
    files = {path: text.replace(b"id: tea-room\n", b"id: tea.room_2\n") for path, text in exam_files().items()}
    learner = ready(import_course(files).course).learner
    client.force_login(learner)
    assert client.get("/").status_code == 200
    address = "/exam/tea.room_2/last-cup/"
    assert client.get("/learn/tea.room_2/last-cup/")["Location"] == address
    assert client.get(address).status_code == 200
    assert client.post(f"{address}start/").status_code == 302


PLACES = ["{}", "{}review/", "{}result/"]


def test_signed_out_learner_returns_to_question_after_sign_in(client, attempt):
    client.logout()
    for page_name in PLACES:
        address = page_name.format(f"/attempts/{attempt.pk}/")
        assert client.get(address)["Location"] == f"{reverse('account_login')}?next={address}"
    back = f"{reverse('account_login')}?next=/attempts/{attempt.pk}/%3Fquestion%3D2"
    assert save(client, attempt, 2, choice="0")["Location"] == back
    live = save(client, attempt, 2, live=True, choice="0")
    assert (live.status_code, live["HX-Redirect"]) == (200, back)
    assert client.post(f"/attempts/{attempt.pk}/submit/")["Location"].endswith(f"?next=/attempts/{attempt.pk}/")
    assert client.post(f"{EXAM_PAGE}start/")["Location"].endswith(f"?next={EXAM_PAGE}")


@pytest.mark.parametrize(
    "address",
    ["/exam/tea-room/nowhere/", "/exam/tea-room/boiling/", "/exam/nowhere/last-cup/", "/attempts/999/",
     "/attempts/99999999999999999999/", "/attempts/1/99999999999999999999/"],
)  # fmt: skip
def test_unknown_address_returns_404(client, attempt, address):
    address = address.replace("/1/", f"/{attempt.pk}/")
    method = client.post if address.count("/") > 3 and "attempts" in address else client.get
    assert method(address, {"choice": "0", "saves": "0"}).status_code == 404


def test_exempt_learner_still_sees_own_result(client, learner):
    enrollment = ready(make_course(), learner)
    attempt = sit(enrollment, points=0)
    enrolling.exempt(enrollment, "moved", by=None)
    assert client.get(f"/attempts/{attempt.pk}/result/").status_code == 200
    assert "This enrollment has ended" in client.get(EXAM_PAGE).text


def test_learner_exempted_during_attempt_is_told_on_every_page(client, attempt):
    enrolling.exempt(attempt.enrollment, "moved", by=None)
    for address in (EXAM_PAGE, page(attempt)):
        assert "you cannot answer more questions" in client.get(address).text
    answered = save(client, attempt, choice="0")
    assert answered.headers["location"] == f"/attempts/{attempt.pk}/"
    client.post(f"/attempts/{attempt.pk}/submit/")
    assert client.get(f"/attempts/{attempt.pk}/result/").status_code == 200


def all_output(client, attempt):
    """All text and headers that an open attempt sends."""
    pages = [client.get(EXAM_PAGE), client.get(f"/attempts/{attempt.pk}/review/")]
    for position in range(1, attempt.max_points + 1):
        pages += [client.get(page(attempt, position)), save(client, attempt, position, live=True, choice="0")]
    return "".join(each.text + str(each.headers) for each in pages)


def test_open_attempt_leaks_no_reason_and_no_key(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    bytes_shown = all_output(client, attempt)
    assert "Step A" in bytes_shown
    for _response, question in asked(attempt):
        for choice in question.choices:
            assert re.sub("<.*?>", "", choice.reason) not in bytes_shown
    assert "reason" not in bytes_shown
    assert "理由" not in bytes_shown


def test_forms_refer_to_options_by_shown_position(client, learner):
    attempt = start(ready(make_course_of_every_kind(), learner))
    for response, question in asked(attempt):
        form = form_of(client.get(page(attempt, response.position)))
        positions = list(range(len(question.choices)))
        if question.kind == "order":
            assert [select["name"] for select in form.select("select")] == [f"number-{place}" for place in positions]
            assert [label.get_text(strip=True)[-1] for label in form.select(".ordering label")] != ["A", "B", "C"]
        elif question.kind == "sort":
            names = [field.select_one("input")["name"] for field in form.select(".sorting")]
            assert names == [f"group-{place}" for place in positions]
        else:
            values = [field["value"] for field in form.select("[name=choice]")]
            assert (sorted(values) if question.kind == "mark" else values) == [str(place) for place in positions]
        assert not form.select("[checked], [selected]")


@pytest.mark.parametrize("kind", ["one", "several", "mark", "sort"])
def test_question_looks_same_for_any_key(learner, kind):
    from dataclasses import replace

    attempt = start(ready(make_course_of_every_kind(), learner))
    response, question = next(pair for pair in asked(attempt) if pair[1].kind == kind)
    inverted = [
        replace(choice, ticked=not choice.ticked, group=None if choice.group is None else 1 - choice.group)
        for choice in question.choices
    ]
    other = replace(question, choices=tuple(inverted))
    assert other.key != question.key
    assert shown(other, response) == shown(question, response)


@pytest.mark.slow
def test_result_shows_keys_only_after_pass(client, learner):
    course = make_course(questions=12, retakes="retakes:\n  - {wait: 0 min}\n")
    first = sit(ready(course, learner), points=0)
    text = client.get(f"/attempts/{first.pk}/result/").text
    for response, question in asked(first, "en"):
        chosen = question.choices[response.response[0]]
        for choice in question.choices:
            assert (choice.reason in text) is (choice is chosen)
            assert (choice.text in text) is (choice is chosen)
    assert "Incorrect." not in text
    sit(first.enrollment, points=4)
    text = client.get(f"/attempts/{first.pk}/result/").text
    for _response, question in asked(first, "en"):
        assert all(choice.reason in text and choice.text in text for choice in question.choices)
    assert text.count("Correct answer.") == 4
