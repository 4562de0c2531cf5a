"""The last click of an exam, and the worst moments for something to break. F1, F3 and F4 of the promises."""

import os
import signal
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.client import RemoteDisconnected

import pytest

from tests.faults.proxies import losing_answers
from tests.faults.sites import wait_until
from tests.patience import PATIENCE

LESSON = "/learn/tea-room/boiling/"
QUESTION = f"{LESSON}answer/is-it-off/"


def review(site):
    return f"/attempts/{site.told['attempt']}/review/"


def submit(site):
    return f"/attempts/{site.told['attempt']}/submit/"


def assert_submitted_once(site):
    assert site.count("assessment_examattempt", "submitted_at IS NOT NULL") == 1
    assert site.count("assessment_certificate") == 1
    assert site.count("audit_log_event", "verb = 'exam-submitted'") == 1
    assert site.count("audit_log_event", "verb = 'enrollment-completed'") == 1
    exam = "document_id = (SELECT exam_id FROM assessment_examattempt)"
    assert site.count("learning_completion", exam) == 1


def lost(act):
    """Whether the connection broke before an answer came."""
    try:
        act()
    except (RemoteDisconnected, ConnectionError):
        return True
    return False


@pytest.mark.parametrize(
    "moment",
    [
        "courseware.assessment.exams.attempts.grade_responses",
        "courseware.assessment.exams.attempts.record",
        "courseware.assessment.certificates.issuing.record",
        "courseware.learning.status.completion.record",
    ],
)
def test_a_worker_killed_while_submitting_leaves_nothing_half_written(moment, site):
    with site.served(PAUSE_IN=moment) as visitor, ThreadPoolExecutor(1) as pool:
        visitor.sign_in(site.told)
        form = visitor.form(review(site), submit(site))
        before = site.content()
        site.pause_file.touch()
        sending = pool.submit(lost, lambda: visitor.post(submit(site), form))
        worker = wait_until(lambda: read(site.pause_file.with_suffix(".pid")), f"nobody came to {moment}")
        site.pause_file.unlink()
        os.kill(int(worker), signal.SIGKILL)
        assert sending.result(timeout=PATIENCE), "the killed worker answered"
        assert site.content() == before
        again = visitor.post(submit(site), form)
        assert (again.status, again.location) == (302, f"/attempts/{site.told['attempt']}/result/")
        assert "Passed" in visitor.get(again.location).text or "通过" in visitor.get(again.location).text
    assert_submitted_once(site)


def read(file):
    return file.read_text() if file.exists() else ""


def test_an_answer_lost_on_the_way_back_is_the_same_attempt_when_sent_again(site):
    with site.served() as visitor, losing_answers(visitor.port) as (port, answered):
        visitor.sign_in(site.told)
        form = visitor.form(review(site), submit(site))
        assert lost(lambda: visitor.through(port).post(submit(site), form))
        assert answered.is_set()
        assert_submitted_once(site)
        again = visitor.post(submit(site), form)
        assert (again.status, again.location) == (302, f"/attempts/{site.told['attempt']}/result/")
    assert_submitted_once(site)


def practice_form(visitor):
    """The form of the check question, which was answered right before, to practise it once more."""
    fields = visitor.form(f"{LESSON}?again=is-it-off", QUESTION)
    return fields | {"choice": "1"}


def test_an_answer_in_a_lesson_that_is_sent_twice_is_kept_once(site):
    with site.served() as visitor, losing_answers(visitor.port) as (port, answered):
        visitor.sign_in(site.told)
        form, before = practice_form(visitor), site.count("learning_answer")
        assert lost(lambda: visitor.through(port).post(QUESTION, form))
        assert answered.is_set()
        again = visitor.post(QUESTION, form)
        assert (again.status, again.location) == (302, f"{LESSON}#q-is-it-off")
        assert visitor.post(QUESTION, form | {"choice": "0"}).status == 409
    assert site.count("learning_answer") == before + 1


def test_twenty_equal_submits_at_once_are_one(site):
    with site.served(workers=2) as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form = visitor.form(review(site), submit(site))
        sending = [pool.submit(visitor.through(visitor.port).post, submit(site), form) for _ in range(20)]
        answers = {(each.result().status, each.result().location) for each in sending}
    assert answers == {(302, f"/attempts/{site.told['attempt']}/result/")}
    assert_submitted_once(site)


def test_twenty_equal_answers_at_once_are_one(site):
    with site.served(workers=2) as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form, before = practice_form(visitor), site.count("learning_answer")
        sending = [pool.submit(visitor.through(visitor.port).post, QUESTION, form) for _ in range(20)]
        answers = {(each.result().status, each.result().location) for each in sending}
    assert answers == {(302, f"{LESSON}#q-is-it-off")}
    assert site.count("learning_answer") == before + 1


def test_twenty_different_answers_at_once_are_all_kept(site):
    with site.served(workers=2) as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form, before = practice_form(visitor), site.count("learning_answer")
        forms = [form | {"token": str(uuid.uuid4())} for _ in range(20)]
        sending = [pool.submit(visitor.through(visitor.port).post, QUESTION, each) for each in forms]
        assert {each.result().status for each in sending} == {302}
    assert site.count("learning_answer") == before + 20
