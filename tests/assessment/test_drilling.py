"""A pass with a missed critical question holds the exam's completion until the drill on its rule is done."""

import uuid
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courseware.assessment import drilling
from courseware.assessment.drilling import OtherQuestion, drills_of, is_settled, next_question
from courseware.assessment.eligibility import Eligibility, eligibility_of
from courseware.assessment.models import Attempt, Certificate, DrillAnswer
from courseware.content.compiled import serving
from courseware.content.releases.importing import import_course
from courseware.evidence.models import Event
from courseware.evidence.verifying import verify
from courseware.learning import enrolling
from courseware.learning.answering import QuestionChanged
from courseware.learning.models import Completion
from courseware.learning.question_view import order_of
from courseware.reporting.consistency import differences
from tests.assessment.exams import (
    at_once,
    drill_files,
    make_course_with_drill,
    ready,
    right,
    sit,
    wrong,
)
from tests.making import join, make_admin, make_enrollment, make_team, make_user
from tests.world import outline_of

pytestmark = pytest.mark.django_db
MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)
RULES = ("O1.1", "O1.2")


@pytest.fixture
def course():
    return make_course_with_drill()


@pytest.fixture
def attempt(client, course):
    """Passed with the critical question on O1.1 missed; its learner is signed in."""
    attempt = held(course)
    client.force_login(attempt.enrollment.learner)
    return attempt


def held(course, *rules):
    return sit(ready(course), forget=rules or ("O1.1",))


def drill(attempt, rule="O1.1"):
    return drilling.drill_on(rule, attempt)


def asked(attempt, rule="O1.1"):
    return next_question(attempt, drill(attempt, rule), "zh-hans")


def give(attempt, rule="O1.1", *, is_right=True, **changed):
    """Answer what is asked next; `changed` are what a form says differently."""
    one = asked(attempt, rule)
    raw = right(one.question) if is_right else wrong(one.question)
    form = {"number": one.number, "revision": one.bank.revision_id, "token": uuid.uuid4()} | changed
    return drilling.answer(attempt, rule, form.pop("question", one.question.id), raw, **form)


def finish(attempt, *rules):
    for rule in rules or ("O1.1",):
        while not drill(attempt, rule).is_done:
            give(attempt, rule)


def is_completed(attempt):
    attempt.enrollment.refresh_from_db()
    completed = Completion.objects.filter(enrollment=attempt.enrollment_id, document=attempt.exam_id).exists()
    assert completed == (attempt.enrollment.completed_at is not None)
    return completed


def eligibility(attempt):
    course = attempt.enrollment.course
    page = serving.page(course.current, "last-cup", course.source_language)
    return eligibility_of(attempt.enrollment, outline_of(course), page)


# What is owed


def test_a_missed_critical_question_keeps_pass_and_points_and_holds_the_completion(attempt):
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (4, 5, True)
    assert [(each.rule, each.needed, each.is_done) for each in drills_of(attempt)] == [("O1.1", 3, False)]
    assert not is_completed(attempt)
    assert not Certificate.objects.exists()
    assert eligibility(attempt) == Eligibility("drill")


def test_each_missed_rule_has_a_drill_of_its_own_and_the_last_one_completes(course):
    attempt = held(course, *RULES)
    assert {each.rule for each in drills_of(attempt)} == set(RULES)
    finish(attempt, "O1.1")
    assert not is_completed(attempt)
    finish(attempt, "O1.2")
    assert is_completed(attempt)
    assert eligibility(attempt) == Eligibility("passed")


def test_the_certificate_comes_with_the_drill_and_says_the_points_of_the_exam(attempt):
    finish(attempt)
    certificate = Certificate.objects.get()
    assert (certificate.points, certificate.max_points) == (4, 5)
    assert certificate.issued_at == Completion.objects.get(document=attempt.exam_id).completed_at


@pytest.mark.parametrize("forget", [(), ("nothing",)])
def test_a_pass_with_every_critical_question_right_owes_nothing(course, forget):
    attempt = sit(ready(course), forget=forget)
    assert drills_of(attempt) == ()
    assert is_completed(attempt)


def test_a_miss_of_another_kind_owes_nothing(course):
    attempt = sit(ready(course), points=5)
    plain = attempt.responses.filter(is_critical=False).first()
    Attempt.objects.filter(pk=attempt.pk).update(points=4)
    attempt.responses.filter(pk=plain.pk).update(is_right=False)
    assert drills_of(attempt) == ()


def test_an_attempt_that_was_not_passed_owes_nothing(course):
    assert drills_of(sit(ready(course), points=0)) == ()


def test_an_exam_without_a_drill_completes_with_the_pass():
    attempt = held(make_course_with_drill(drill=""))
    assert (drills_of(attempt), is_completed(attempt)) == ((), True)


def test_an_attempt_that_failed_with_a_missed_rule_and_a_later_pass_without_owe_nothing():
    course = make_course_with_drill(retakes="retakes:\n  - {wait: 0 min}\n")
    enrollment = ready(course)
    sit(enrollment, points=0)
    later = sit(enrollment)
    assert is_completed(later)


# Doing it


def test_a_drill_asks_as_many_different_questions_on_the_rule_as_it_needs(attempt):
    questions = []
    while not drill(attempt).is_done:
        questions.append(asked(attempt).question)
        give(attempt)
    assert {question.id for question in questions} == {"d2", "d4", "d6"}
    assert {question.objective for question in questions} == {"O1.1"}
    assert is_settled(attempt)


def test_a_wrong_answer_begins_the_drill_anew_and_it_is_tried_as_often_as_needed(attempt):
    for _ in range(4):
        give(attempt)
        give(attempt)
        give(attempt, is_right=False)
        assert (len(drill(attempt).streak), drill(attempt).is_done) == (0, False)
    finish(attempt)
    assert is_completed(attempt)
    assert DrillAnswer.objects.count() == 4 * 3 + 3
    assert [answer.number for answer in drill(attempt).answers] == list(range(1, 16))


def test_rounds_come_in_different_orders(attempt):
    firsts = set()
    for _ in range(12):
        firsts.add(asked(attempt).question.id)
        give(attempt, is_right=False)
    assert len(firsts) > 1


def test_choices_stand_in_another_order_after_every_answer(attempt):
    question = asked(attempt).question
    orders = {order_of(question, attempt.enrollment_id, number) for number in range(12)}
    assert len(orders) > 1


def test_every_answer_is_kept_with_what_it_was_an_answer_to(attempt):
    one = asked(attempt)
    answer = give(attempt, at=MONDAY)
    assert (answer.question, answer.objective, answer.number) == (one.question.id, "O1.1", 1)
    assert (answer.response, answer.is_right, answer.answered_at) == (list(one.question.key), True, MONDAY)
    assert (answer.release, answer.revision_id) == (attempt.release, one.bank.revision_id)


def test_an_answer_counts_as_activity_and_a_drill_done_is_in_the_log(attempt):
    give(attempt, at=MONDAY)
    attempt.enrollment.refresh_from_db()
    assert attempt.enrollment.last_active_at == MONDAY
    finish(attempt)
    event = Event.objects.get(verb="drill-done")
    assert (event.actor, event.subject, event.data) == (
        attempt.enrollment.learner, f"attempt:{attempt.pk}", {"objective": "O1.1"},
    )  # fmt: skip
    assert verify() == []


def test_a_wrong_answer_where_the_last_one_was_due_is_no_drill_done(attempt):
    give(attempt)
    give(attempt)
    give(attempt, is_right=False)
    assert not Event.objects.filter(verb="drill-done").exists()


# Two tabs, double clicks, later releases


def test_the_same_form_sent_twice_is_one_answer(attempt):
    one, token = asked(attempt), uuid.uuid4()
    first = give(attempt, token=token)
    again = drilling.answer(
        attempt, "O1.1", one.question.id, right(one.question), number=1, revision=one.bank.revision_id, token=token
    )
    assert again == first
    assert DrillAnswer.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{"number": 2}, {"question": "d1"}, {"number": 1}], ids=["number", "question", "old"]
)
def test_the_form_of_another_tab_is_no_answer_to_what_is_asked_now(attempt, fields):
    if fields == {"number": 1}:
        give(attempt)
    before = DrillAnswer.objects.count()
    with pytest.raises(OtherQuestion):
        give(attempt, **fields)
    assert DrillAnswer.objects.count() == before


def test_a_drill_that_is_done_takes_no_more(attempt):
    finish(attempt)
    with pytest.raises(OtherQuestion):
        drilling.answer(attempt, "O1.1", "d2", ["0"], number=4, revision=1, token=uuid.uuid4())


@pytest.mark.parametrize("rule", ["O1.2", "nowhere"])
def test_a_rule_that_was_not_missed_takes_no_answer(attempt, rule):
    with pytest.raises(OtherQuestion):
        drilling.answer(attempt, rule, "d1", ["0"], number=1, revision=1, token=uuid.uuid4())


def test_who_is_excused_drills_no_more(attempt):
    one = asked(attempt)
    enrolling.waive(attempt.enrollment, "moved", by=None)
    with pytest.raises(OtherQuestion):
        drilling.answer(
            attempt, "O1.1", one.question.id, ["0"], number=1, revision=one.bank.revision_id, token=uuid.uuid4()
        )


def test_what_is_no_answer_is_refused_and_nothing_is_kept(attempt):
    one = asked(attempt)
    for raw in ([], ["9"], ["x"], ["0", "1"]):
        with pytest.raises(ValueError):
            drilling.answer(
                attempt, "O1.1", one.question.id, raw, number=1, revision=one.bank.revision_id, token=uuid.uuid4()
            )
    assert not DrillAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_last_answers_at_once_make_one_completion_and_one_certificate():
    attempt = held(make_course_with_drill())
    give(attempt)
    give(attempt)
    one = asked(attempt)
    form = {"number": one.number, "revision": one.bank.revision_id}
    told = at_once(
        lambda _number: drilling.answer(
            Attempt.objects.with_release().get(pk=attempt.pk), "O1.1", one.question.id, right(one.question),
            token=uuid.uuid4(), **form,
        )
    )  # fmt: skip
    assert sorted({type(each).__name__ for each in told}) == ["DrillAnswer", "OtherQuestion"]
    assert DrillAnswer.objects.count() == 3
    assert (Certificate.objects.count(), Event.objects.filter(verb="drill-done").count()) == (1, 1)
    assert verify() == []


def released(attempt, files):
    import_course(files)
    attempt.enrollment.course.refresh_from_db()


def test_a_later_release_asks_its_own_questions_and_what_was_answered_stays(attempt):
    first = give(attempt)
    files = drill_files()
    path = "02-end/bank/drill.bank.zh-hans.md"
    released(attempt, files | {path: files[path].replace("题目".encode(), "问题".encode())})
    assert len(drill(attempt).streak) == 1
    assert asked(attempt).question.title.startswith("问题")
    finish(attempt)
    assert is_completed(attempt)
    assert first.release != DrillAnswer.objects.latest("pk").release


def test_a_form_whose_question_was_changed_meanwhile_is_asked_again(attempt):
    one = asked(attempt)
    files = drill_files()
    changed = {
        path: text.replace("钥匙".encode(), "答案".encode()) for path, text in files.items() if "drill.bank" in path
    }
    released(attempt, files | changed)
    with pytest.raises(QuestionChanged):
        give(attempt, revision=one.bank.revision_id)
    assert not DrillAnswer.objects.exists()


@pytest.mark.parametrize("later", [{"drilled": 2}, {"drill": ""}], ids=["too few left", "no drill any more"])
def test_what_an_attempt_owes_is_of_its_own_release_whatever_comes_later(attempt, later):
    give(attempt)
    released(attempt, drill_files(**{"drill": "{bank: drill-bank, right: 1}"} | later))
    assert drill(attempt).needed == 3
    finish(attempt)
    assert is_completed(attempt)


def test_a_bank_that_is_gone_is_asked_from_the_release_of_the_attempt(attempt):
    files = {path: text for path, text in drill_files(drill="").items() if "drill.bank" not in path}
    released(attempt, files)
    assert asked(attempt).release == attempt.release
    finish(attempt)
    assert is_completed(attempt)


# Pages


def page(attempt, rule="O1.1"):
    return f"/attempts/{attempt.pk}/drill/{rule}/"


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def text_of(response):
    return " ".join(soup(response).select_one("main").get_text(" ").split())


def form_of(client, attempt, **headers):
    """The fields of the form a learner sees, without an answer."""
    form = soup(client.get(page(attempt), headers=headers)).select_one("form.question")
    return {field["name"]: field["value"] for field in form.select("input[type=hidden]")}


def send(client, attempt, *, is_right=True, **changed):
    fields = form_of(client, attempt) | changed
    question = asked(attempt).question
    order = order_of(question, attempt.enrollment_id, asked(attempt).number - 1)
    choice = next(value for value, place in enumerate(order) if (place in question.key) is is_right)
    return client.post(f"{page(attempt)}answer/", {"choice": choice} | fields)


def test_the_result_keeps_the_pass_and_offers_the_drill(client, attempt):
    text = text_of(client.get(f"/attempts/{attempt.pk}/result/"))
    for said in ("Passed, and a drill to do", "4 / 5", "Boil a kettle", "3 questions in a row", "Start the drill"):
        assert said in text
    assert "Open the certificate" not in text
    assert "Passed, and a drill to do" in text_of(client.get("/exam/tea-room/last-cup/"))


def test_home_and_record_say_that_a_drill_is_left(client, attempt):
    for address in ("/", "/learn/tea-room/record/"):
        assert "You have passed. A short drill on a critical rule is left." in text_of(client.get(address))
    assert client.get("/").context["main"].act.step.id == "last-cup"  # before what is optional and not done
    finish(attempt)
    for address in ("/", "/learn/tea-room/record/"):
        assert "A short drill" not in text_of(client.get(address))


def test_who_is_excused_is_asked_for_no_drill(client, attempt):
    enrolling.waive(attempt.enrollment, "moved", by=None)
    attempt.enrollment.refresh_from_db()
    assert eligibility(attempt) == Eligibility("ended")
    result, exam = f"/attempts/{attempt.pk}/result/", "/exam/tea-room/last-cup/"
    for address in ("/", "/learn/tea-room/record/", result):
        assert "drill" not in text_of(client.get(address))
    assert "You are excused from this course" in text_of(client.get(result))
    assert "a drill to do" not in text_of(client.get(exam))
    assert client.get(page(attempt))["Location"] == result


def test_three_right_answers_lead_to_the_certificate(client, attempt):
    for number in (1, 2, 3):
        response = send(client, attempt)
        assert response["Location"] == f"{page(attempt)}?answered={number}"
        text = text_of(client.get(response["Location"]))
        assert f"✓ Right {number} of 3 right in a row" in text
        assert "Reason d" in text
    assert "This drill is done" in text
    assert "Open the certificate" in client.get(f"/attempts/{attempt.pk}/result/").text
    assert client.get(page(attempt))["Location"] == f"/attempts/{attempt.pk}/result/"


def test_a_wrong_answer_shows_its_reason_and_no_key_and_starts_anew(client, attempt):
    send(client, attempt)
    question = serving.page(attempt.release, "drill-bank", "en").questions[asked(attempt).question.id]
    response = client.get(send(client, attempt, is_right=False)["Location"])
    text = text_of(response)
    assert "Read why. Then the drill starts anew" in text
    chosen = question.choices[drill(attempt).answers[-1].response[0]]
    for choice in question.choices:
        assert (choice.reason in response.text) is (choice is chosen)
    assert soup(response).select_one(".actions a").text == "Start anew"
    assert "0 of 3 right in a row" in text_of(client.get(page(attempt)))


def test_the_form_shows_no_key_and_no_reason(client, attempt):
    text = client.get(page(attempt)).text
    assert "Reason d" not in text
    assert "checked" not in text


def test_an_empty_form_says_so_and_keeps_nothing(client, attempt):
    response = client.post(f"{page(attempt)}answer/", form_of(client, attempt))
    assert response.status_code == 422
    assert response.text.count("<title>Error: ") == 1
    assert not DrillAnswer.objects.exists()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"choice": "9"}, 422),
        ({"choice": "x\0"}, 422),
        ({"number": "x"}, 400),
        ({"number": "9" * 500}, 400),
        ({"token": "x"}, 400),
        ({"revision": "9" * 500}, 400),
        ({"question": ""}, 400),
        ({"question": "q1"}, 302),
        ({"number": "7"}, 302),
        ({"drawn_with": "0" * 12}, 302),
    ],
)
def test_nonsense_is_refused_and_nothing_is_kept(client, attempt, fields, status):
    form = form_of(client, attempt) | {"choice": "0"} | fields
    assert client.post(f"{page(attempt)}answer/", form).status_code == status
    assert not DrillAnswer.objects.exists()


def test_a_double_click_is_one_answer_and_leads_to_it(client, attempt):
    form = form_of(client, attempt) | {"choice": "0"}
    places = {client.post(f"{page(attempt)}answer/", form)["Location"] for _ in range(2)}
    assert places == {f"{page(attempt)}?answered=1"}
    assert DrillAnswer.objects.count() == 1


def test_an_old_tab_is_told_and_shown_where_the_drill_stands(client, attempt):
    old = form_of(client, attempt) | {"choice": "0"}
    send(client, attempt)
    response = client.post(f"{page(attempt)}answer/", old | {"token": uuid.uuid4()}, follow=True)
    assert "The drill went on in another tab" in response.text
    assert DrillAnswer.objects.count() == 1


def test_a_form_of_another_order_is_told_so_and_shown_anew(client, attempt):
    form = form_of(client, attempt) | {"choice": "0"}
    del form["drawn_with"]  # from before orders were drawn with a key
    response = client.post(f"{page(attempt)}answer/", form, follow=True)
    assert "The choices stand in another order since you opened this page." in response.text
    assert not DrillAnswer.objects.exists()


def test_the_language_may_be_switched_in_the_middle(client, attempt):
    send(client, attempt)
    english, chinese = form_of(client, attempt), form_of(client, attempt, **{"accept-language": "zh-Hans"})
    assert {name: english[name] for name in ("question", "number", "revision")} == {
        name: chinese[name] for name in ("question", "number", "revision")
    }
    response = client.get(page(attempt), headers={"accept-language": "zh-Hans"})
    assert "题目 d" in response.text
    assert "钥匙 d" in client.get(f"{page(attempt)}?answered=1", headers={"accept-language": "zh-Hans"}).text


def test_an_answer_keeps_its_words_whatever_is_published_later(client, attempt):
    send(client, attempt)
    before = str(soup(client.get(f"{page(attempt)}?answered=1")).select_one("article"))
    released(attempt, {path: text.replace(b"Reason", b"Cause") for path, text in drill_files().items()})
    assert str(soup(client.get(f"{page(attempt)}?answered=1")).select_one("article")) == before


@pytest.mark.parametrize("rule", ["O1.2", "nowhere"])
def test_a_rule_that_is_not_owed_leads_back_to_the_result(client, attempt, rule):
    for response in (client.get(page(attempt, rule)), client.post(f"{page(attempt, rule)}answer/", {})):
        assert response["Location"] == f"/attempts/{attempt.pk}/result/"


def test_the_drill_of_another_is_not_there(client, attempt):
    team = make_team()
    join(team, attempt.enrollment.learner)
    form = form_of(client, attempt) | {"choice": "0"}
    others = [make_enrollment(course=attempt.enrollment.course).learner, team.manager, make_admin(), make_user()]
    for person in others:
        client.force_login(person)
        assert client.get(page(attempt)).status_code == 404
        assert client.post(f"{page(attempt)}answer/", form).status_code == 404
    assert not DrillAnswer.objects.exists()
    stranger = Client().post(f"{page(attempt)}answer/", form)
    assert stranger["Location"].endswith(f"?next={page(attempt)}")


def test_looking_changes_nothing(client, attempt):
    before = Attempt.objects.values().get(), Event.objects.count()
    for address in (page(attempt), f"{page(attempt)}?answered=1", f"{page(attempt)}?answered={'9' * 500}"):
        assert client.get(address).status_code == 200
    assert client.get(f"{page(attempt)}answer/").status_code == 405
    assert (Attempt.objects.values().get(), Event.objects.count()) == before
    assert not DrillAnswer.objects.exists()


@pytest.mark.parametrize("answers", [1, 20])
def test_a_drill_costs_the_same_however_often_it_was_tried(client, attempt, answers):
    for _ in range(answers):
        give(attempt, is_right=False)
    client.get(page(attempt))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page(attempt)).status_code == 200
    assert len(queries) == 8


# An exam that leaves the route


def retired(attempt):
    """Its course without the exam, as an import brings it."""
    files = {path: body for path, body in drill_files().items() if ".exam." not in path and ".bank." not in path}
    course = "course.zh-hans.md"
    files[course] = files[course].replace(
        b"completion: {lessons: all, passed: [last-cup]}", b"completion: {lessons: all}"
    )
    import_course(files)
    attempt.enrollment.course.refresh_from_db()


def test_a_drill_of_an_exam_that_is_retired_holds_nobody_up(client, attempt):
    assert client.post("/learn/tea-room/finish/").status_code == 302
    assert not is_completed(attempt)
    retired(attempt)
    assert b"a drill to do" not in client.get(f"/attempts/{attempt.pk}/result/").content
    assert b'action="/learn/tea-room/finish/"' in client.get("/").content
    client.post("/learn/tea-room/finish/")
    certificate = Certificate.objects.get(enrollment=attempt.enrollment)
    assert (certificate.points, certificate.max_points) == (4, 5)
    assert list(differences()) == []


def test_the_drill_of_a_retired_exam_can_still_be_done(client, attempt):
    retired(attempt)
    assert client.get(page(attempt)).status_code == 200
    finish(attempt)
    attempt.enrollment.refresh_from_db()
    assert attempt.enrollment.completed_at
    assert client.get(page(attempt), follow=True).status_code == 200
    assert list(differences()) == []
