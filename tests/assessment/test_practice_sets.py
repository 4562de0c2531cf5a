"""A pass with a missed critical question holds the exam's completion until the drill on its rule is done."""

import uuid

import pytest

from courseware.assessment.exams import practice_sets
from courseware.assessment.exams.eligibility import Eligibility
from courseware.assessment.exams.practice_sets import OtherQuestion, is_practice_complete, practice_sets_of
from courseware.assessment.models import Certificate, ExamAttempt, PracticeAnswer
from courseware.audit_log.models import Event
from courseware.audit_log.verify import verify
from courseware.learning.enrollments import enrollment as enrolling
from courseware.learning.lessons.answers import QuestionChanged
from courseware.learning.models import Completion
from tests.assessment.exams import MONDAY, at_once, drill_files, eligibility, make_course_with_drill, ready, right, sit
from tests.assessment.practice_sets import asked, drill, finish, give, held, is_completed, released

pytestmark = pytest.mark.django_db
RULES = ("O1.1", "O1.2")


@pytest.fixture
def course():
    return make_course_with_drill()


@pytest.fixture
def attempt(course):
    """Passed with the critical question on O1.1 missed."""
    return held(course)


# What is owed


def test_a_missed_critical_question_keeps_pass_and_points_and_holds_the_completion(attempt):
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (4, 5, True)
    assert [(each.rule, each.needed, each.is_done) for each in practice_sets_of(attempt)] == [("O1.1", 3, False)]
    assert not is_completed(attempt)
    assert not Certificate.objects.exists()
    assert eligibility(attempt.enrollment) == Eligibility("drill")


def test_each_missed_rule_has_a_drill_of_its_own_and_the_last_one_completes(course):
    attempt = held(course, *RULES)
    assert {each.rule for each in practice_sets_of(attempt)} == set(RULES)
    finish(attempt, "O1.1")
    assert not is_completed(attempt)
    finish(attempt, "O1.2")
    assert is_completed(attempt)
    assert eligibility(attempt.enrollment) == Eligibility("passed")


def test_the_certificate_comes_with_the_drill_and_says_the_points_of_the_exam(attempt):
    finish(attempt)
    certificate = Certificate.objects.get()
    assert (certificate.points, certificate.max_points) == (4, 5)
    assert certificate.issued_at == Completion.objects.get(document=attempt.exam_id).completed_at


@pytest.mark.parametrize("forget", [(), ("nothing",)])
def test_a_pass_with_every_critical_question_right_owes_nothing(course, forget):
    attempt = sit(ready(course), forget=forget)
    assert practice_sets_of(attempt) == ()
    assert is_completed(attempt)


def test_a_miss_of_another_kind_owes_nothing(course):
    attempt = sit(ready(course), points=5)
    plain = attempt.responses.filter(is_critical=False).first()
    ExamAttempt.objects.filter(pk=attempt.pk).update(points=4)
    attempt.responses.filter(pk=plain.pk).update(is_right=False)
    assert practice_sets_of(attempt) == ()


def test_an_attempt_that_was_not_passed_owes_nothing(course):
    assert practice_sets_of(sit(ready(course), points=0)) == ()


def test_an_exam_without_a_drill_completes_with_the_pass():
    attempt = held(make_course_with_drill(drill=""))
    assert (practice_sets_of(attempt), is_completed(attempt)) == ((), True)


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
    assert is_practice_complete(attempt)


def test_a_wrong_answer_begins_the_drill_anew_and_it_is_tried_as_often_as_needed(attempt):
    for _ in range(4):
        give(attempt)
        give(attempt)
        give(attempt, is_right=False)
        assert (len(drill(attempt).streak), drill(attempt).is_done) == (0, False)
    finish(attempt)
    assert is_completed(attempt)
    assert PracticeAnswer.objects.count() == 4 * 3 + 3
    assert [answer.number for answer in drill(attempt).answers] == list(range(1, 16))


def test_rounds_come_in_different_orders(attempt):
    firsts = set()
    for _ in range(12):
        firsts.add(asked(attempt).question.id)
        give(attempt, is_right=False)
    assert len(firsts) > 1


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
    event = Event.objects.get(verb="practice-completed")
    assert (event.actor, event.subject, event.data) == (
        attempt.enrollment.learner, f"exam-attempt:{attempt.pk}", {"objective": "O1.1"},
    )  # fmt: skip
    assert verify() == []


def test_a_wrong_answer_where_the_last_one_was_due_is_no_drill_done(attempt):
    give(attempt)
    give(attempt)
    give(attempt, is_right=False)
    assert not Event.objects.filter(verb="practice-completed").exists()


# Two tabs, double clicks, later releases


def test_the_same_form_sent_twice_is_one_answer(attempt):
    one, token = asked(attempt), uuid.uuid4()
    first = give(attempt, token=token)
    revision = one.bank.revision_id
    assert send(attempt, "O1.1", one.question.id, right(one.question), revision=revision, token=token) == first
    assert PracticeAnswer.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{"number": 2}, {"question": "d1"}, {"number": 1}], ids=["number", "question", "old"]
)
def test_the_form_of_another_tab_is_no_answer_to_what_is_asked_now(attempt, fields):
    if fields == {"number": 1}:
        give(attempt)
    before = PracticeAnswer.objects.count()
    with pytest.raises(OtherQuestion):
        give(attempt, **fields)
    assert PracticeAnswer.objects.count() == before


def send(attempt, rule, question, raw=("0",), *, number=1, revision=1, token=None):
    form = {"number": number, "revision": revision, "token": token or uuid.uuid4()}
    return practice_sets.answer(attempt, rule, question, [*raw], **form)


def test_a_drill_that_is_done_takes_no_more(attempt):
    finish(attempt)
    with pytest.raises(OtherQuestion):
        send(attempt, "O1.1", "d2", number=4)


@pytest.mark.parametrize("rule", ["O1.2", "nowhere"])
def test_a_rule_that_was_not_missed_takes_no_answer(attempt, rule):
    with pytest.raises(OtherQuestion):
        send(attempt, rule, "d1")


def test_who_is_excused_drills_no_more(attempt):
    one = asked(attempt)
    enrolling.exempt(attempt.enrollment, "moved", by=None)
    with pytest.raises(OtherQuestion):
        send(attempt, "O1.1", one.question.id, revision=one.bank.revision_id)


def test_what_is_no_answer_is_refused_and_nothing_is_kept(attempt):
    one = asked(attempt)
    for raw in ([], ["9"], ["x"], ["0", "1"]):
        with pytest.raises(ValueError):
            send(attempt, "O1.1", one.question.id, raw, revision=one.bank.revision_id)
    assert not PracticeAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_last_answers_at_once_make_one_completion_and_one_certificate():
    attempt = held(make_course_with_drill())
    give(attempt)
    give(attempt)
    one = asked(attempt)
    form = {"number": one.number, "revision": one.bank.revision_id}
    told = at_once(
        lambda _number: practice_sets.answer(
            ExamAttempt.objects.with_release().get(pk=attempt.pk), "O1.1", one.question.id, right(one.question),
            token=uuid.uuid4(), **form,
        )
    )  # fmt: skip
    assert sorted({type(each).__name__ for each in told}) == ["OtherQuestion", "PracticeAnswer"]
    assert PracticeAnswer.objects.count() == 3
    assert (Certificate.objects.count(), Event.objects.filter(verb="practice-completed").count()) == (1, 1)
    assert verify() == []


def test_a_later_release_asks_its_own_questions_and_what_was_answered_stays(attempt):
    first = give(attempt)
    files = drill_files()
    path = "02-end/bank/drill.bank.zh-hans.md"
    released(attempt, files | {path: files[path].replace("题目".encode(), "问题".encode())})
    assert len(drill(attempt).streak) == 1
    assert asked(attempt).question.title.startswith("问题")
    finish(attempt)
    assert is_completed(attempt)
    assert first.release != PracticeAnswer.objects.latest("pk").release


def test_a_form_whose_question_was_changed_meanwhile_is_asked_again(attempt):
    one = asked(attempt)
    files = drill_files()
    changed = {
        path: text.replace("钥匙".encode(), "答案".encode()) for path, text in files.items() if "drill.bank" in path
    }
    released(attempt, files | changed)
    with pytest.raises(QuestionChanged):
        give(attempt, revision=one.bank.revision_id)
    assert not PracticeAnswer.objects.exists()


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
