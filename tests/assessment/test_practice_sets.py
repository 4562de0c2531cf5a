"""Practice sets: a missed must-know question holds completion until its set is done."""

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
    """Passed, with the must-know question on O1.1 missed."""
    return held(course)


# Which practice sets are needed


def test_missed_must_know_question_keeps_pass_but_holds_completion(attempt):
    assert (attempt.points, attempt.max_points, attempt.is_passed) == (4, 5, True)
    assert [(each.rule, each.needed, each.is_done) for each in practice_sets_of(attempt)] == [("O1.1", 3, False)]
    assert not is_completed(attempt)
    assert not Certificate.objects.exists()
    assert eligibility(attempt.enrollment) == Eligibility("practice")


def test_each_missed_rule_has_its_own_practice_set(course):
    attempt = held(course, *RULES)
    assert {each.rule for each in practice_sets_of(attempt)} == set(RULES)
    finish(attempt, "O1.1")
    assert not is_completed(attempt)
    finish(attempt, "O1.2")
    assert is_completed(attempt)
    assert eligibility(attempt.enrollment) == Eligibility("passed")


def test_certificate_after_practice_set_keeps_exam_points(attempt):
    finish(attempt)
    certificate = Certificate.objects.get()
    assert (certificate.points, certificate.max_points) == (4, 5)
    assert certificate.issued_at == Completion.objects.get(document=attempt.exam_id).completed_at


@pytest.mark.parametrize("forget", [(), ("nothing",)])
def test_pass_with_all_must_know_questions_right_needs_no_practice(course, forget):
    attempt = sit(ready(course), forget=forget)
    assert practice_sets_of(attempt) == ()
    assert is_completed(attempt)


def test_missed_ordinary_question_needs_no_practice(course):
    attempt = sit(ready(course), points=5)
    plain = attempt.responses.filter(is_critical=False).first()
    ExamAttempt.objects.filter(pk=attempt.pk).update(points=4)
    attempt.responses.filter(pk=plain.pk).update(is_right=False)
    assert practice_sets_of(attempt) == ()


def test_failed_attempt_needs_no_practice(course):
    assert practice_sets_of(sit(ready(course), points=0)) == ()


@pytest.mark.slow
def test_exam_without_practice_sets_completes_on_pass():
    attempt = held(make_course_with_drill(drill=""))
    assert (practice_sets_of(attempt), is_completed(attempt)) == ((), True)


def test_later_clean_pass_needs_no_practice_for_failed_attempt():
    course = make_course_with_drill(retakes="retakes:\n  - {wait: 0 min}\n")
    enrollment = ready(course)
    sit(enrollment, points=0)
    later = sit(enrollment)
    assert is_completed(later)


# Answering


def test_practice_set_asks_different_questions_on_its_rule(attempt):
    questions = []
    while not drill(attempt).is_done:
        questions.append(asked(attempt).question)
        give(attempt)
    assert {question.id for question in questions} == {"d2", "d4", "d6"}
    assert {question.objective for question in questions} == {"O1.1"}
    assert is_practice_complete(attempt)


def test_wrong_answer_restarts_practice_set_without_limit(attempt):
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


def test_answer_stores_question_release_and_revision(attempt):
    current = asked(attempt)
    answer = give(attempt, at=MONDAY)
    assert (answer.question, answer.objective, answer.number) == (current.question.id, "O1.1", 1)
    assert (answer.response, answer.is_right, answer.answered_at) == (list(current.question.key), True, MONDAY)
    assert (answer.release, answer.revision_id) == (attempt.release, current.bank.revision_id)


def test_answer_counts_as_activity_and_completion_is_logged(attempt):
    give(attempt, at=MONDAY)
    attempt.enrollment.refresh_from_db()
    assert attempt.enrollment.last_active_at == MONDAY
    finish(attempt)
    event = Event.objects.get(verb="practice-completed")
    assert (event.actor, event.subject, event.data) == (
        attempt.enrollment.learner, f"exam-attempt:{attempt.pk}", {"objective": "O1.1"},
    )  # fmt: skip
    assert verify() == []


def test_wrong_last_answer_does_not_complete_practice_set(attempt):
    give(attempt)
    give(attempt)
    give(attempt, is_right=False)
    assert not Event.objects.filter(verb="practice-completed").exists()


# Two tabs, double clicks, later releases


def test_form_sent_twice_is_one_answer(attempt):
    current, token = asked(attempt), uuid.uuid4()
    first = give(attempt, token=token)
    revision = current.bank.revision_id
    assert send(attempt, "O1.1", current.question.id, right(current.question), revision=revision, token=token) == first
    assert PracticeAnswer.objects.count() == 1


@pytest.mark.parametrize(
    "fields", [{"number": 2}, {"question": "d1"}, {"number": 1}], ids=["number", "question", "old"]
)
def test_form_for_another_question_is_refused(attempt, fields):
    if fields == {"number": 1}:
        give(attempt)
    before = PracticeAnswer.objects.count()
    with pytest.raises(OtherQuestion):
        give(attempt, **fields)
    assert PracticeAnswer.objects.count() == before


def send(attempt, rule, question, raw=("0",), *, number=1, revision=1, token=None):
    form = {"number": number, "revision": revision, "token": token or uuid.uuid4()}
    return practice_sets.answer(attempt, rule, question, [*raw], **form)


def test_completed_practice_set_takes_no_answers(attempt):
    finish(attempt)
    with pytest.raises(OtherQuestion):
        send(attempt, "O1.1", "d2", number=4)


@pytest.mark.parametrize("rule", ["O1.2", "nowhere"])
def test_rule_that_was_not_missed_takes_no_answer(attempt, rule):
    with pytest.raises(OtherQuestion):
        send(attempt, rule, "d1")


def test_exempt_learner_cannot_practise(attempt):
    current = asked(attempt)
    enrolling.exempt(attempt.enrollment, "moved", by=None)
    with pytest.raises(OtherQuestion):
        send(attempt, "O1.1", current.question.id, revision=current.bank.revision_id)


def test_invalid_answer_is_refused_and_not_stored(attempt):
    current = asked(attempt)
    for raw in ([], ["9"], ["x"], ["0", "1"]):
        with pytest.raises(ValueError):
            send(attempt, "O1.1", current.question.id, raw, revision=current.bank.revision_id)
    assert not PracticeAnswer.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_last_answers_complete_once():
    attempt = held(make_course_with_drill())
    give(attempt)
    give(attempt)
    current = asked(attempt)
    form = {"number": current.number, "revision": current.bank.revision_id}
    results = at_once(
        lambda _number: practice_sets.answer(
            ExamAttempt.objects.with_release().get(pk=attempt.pk), "O1.1", current.question.id, right(current.question),
            token=uuid.uuid4(), **form,
        )
    )  # fmt: skip
    assert sorted({type(each).__name__ for each in results}) == ["OtherQuestion", "PracticeAnswer"]
    assert PracticeAnswer.objects.count() == 3
    assert (Certificate.objects.count(), Event.objects.filter(verb="practice-completed").count()) == (1, 1)
    assert verify() == []


def test_new_release_changes_questions_but_keeps_streak(attempt):
    first = give(attempt)
    files = drill_files()
    path = "02-end/bank/drill.bank.zh-hans.md"
    released(attempt, files | {path: files[path].replace("题目".encode(), "问题".encode())})
    assert len(drill(attempt).streak) == 1
    assert asked(attempt).question.title.startswith("问题")
    finish(attempt)
    assert is_completed(attempt)
    assert first.release != PracticeAnswer.objects.latest("pk").release


@pytest.mark.slow
def test_form_with_changed_question_is_refused(attempt):
    current = asked(attempt)
    files = drill_files()
    changed = {
        path: text.replace("钥匙".encode(), "答案".encode()) for path, text in files.items() if "drill.bank" in path
    }
    released(attempt, files | changed)
    with pytest.raises(QuestionChanged):
        give(attempt, revision=current.bank.revision_id)
    assert not PracticeAnswer.objects.exists()


@pytest.mark.parametrize("later", [{"drilled": 2}, {"drill": ""}], ids=["too few left", "no drill any more"])
def test_needed_answers_follow_release_of_attempt(attempt, later):
    give(attempt)
    released(attempt, drill_files(**{"drill": "{bank: drill-bank, right: 1}"} | later))
    assert drill(attempt).needed == 3
    finish(attempt)
    assert is_completed(attempt)


@pytest.mark.slow
def test_removed_bank_is_read_from_release_of_attempt(attempt):
    files = {path: text for path, text in drill_files(drill="").items() if "drill.bank" not in path}
    released(attempt, files)
    assert asked(attempt).release == attempt.release
    finish(attempt)
    assert is_completed(attempt)
