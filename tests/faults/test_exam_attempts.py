"""Killed workers, lost answers and double submits at the end of an exam (F1, F3, F4)."""

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


def review_url(site):
    return f"/attempts/{site.told['attempt']}/review/"


def submit_url(site):
    return f"/attempts/{site.told['attempt']}/submit/"


def assert_submitted_once(site):
    assert site.count("assessment_examattempt", "submitted_at IS NOT NULL") == 1
    assert site.count("assessment_certificate") == 1
    assert site.count("audit_log_event", "verb = 'exam-submitted'") == 1
    assert site.count("audit_log_event", "verb = 'enrollment-completed'") == 1
    exam = "document_id = (SELECT exam_id FROM assessment_examattempt)"
    assert site.count("learning_completion", exam) == 1


def connection_broke(act):
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
def test_worker_killed_while_submitting_writes_nothing(moment, site):
    with site.served(PAUSE_IN=moment) as visitor, ThreadPoolExecutor(1) as pool:
        visitor.sign_in(site.told)
        form = visitor.form(review_url(site), submit_url(site))
        before = site.content()
        site.pause_file.touch()
        sending = pool.submit(connection_broke, lambda: visitor.post(submit_url(site), form))
        worker = wait_until(lambda: read_if_exists(site.pause_file.with_suffix(".pid")), f"nobody came to {moment}")
        site.pause_file.unlink()
        os.kill(int(worker), signal.SIGKILL)
        assert sending.result(timeout=PATIENCE), "the killed worker answered"
        assert site.content() == before
        again = visitor.post(submit_url(site), form)
        assert (again.status, again.location) == (302, f"/attempts/{site.told['attempt']}/result/")
        assert "Passed" in visitor.get(again.location).text or "通过" in visitor.get(again.location).text
    assert_submitted_once(site)


def read_if_exists(file):
    return file.read_text() if file.exists() else ""


def test_submit_with_lost_answer_can_be_repeated(site):
    with site.served() as visitor, losing_answers(visitor.port) as (port, answered):
        visitor.sign_in(site.told)
        form = visitor.form(review_url(site), submit_url(site))
        assert connection_broke(lambda: visitor.through(port).post(submit_url(site), form))
        assert answered.is_set()
        assert_submitted_once(site)
        again = visitor.post(submit_url(site), form)
        assert (again.status, again.location) == (302, f"/attempts/{site.told['attempt']}/result/")
    assert_submitted_once(site)


def practice_form(visitor):
    """The form to practise the check question once more."""
    fields = visitor.form(f"{LESSON}?again=is-it-off", QUESTION)
    return fields | {"choice": "1"}


def test_lesson_answer_sent_twice_is_stored_once(site):
    with site.served() as visitor, losing_answers(visitor.port) as (port, answered):
        visitor.sign_in(site.told)
        form, before = practice_form(visitor), site.count("learning_answer")
        assert connection_broke(lambda: visitor.through(port).post(QUESTION, form))
        assert answered.is_set()
        again = visitor.post(QUESTION, form)
        assert (again.status, again.location) == (302, f"{LESSON}#q-is-it-off")
        assert visitor.post(QUESTION, form | {"choice": "0"}).status == 409
    assert site.count("learning_answer") == before + 1


def test_concurrent_equal_submits_count_once(site):
    with site.served(workers=2) as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form = visitor.form(review_url(site), submit_url(site))
        sending = [pool.submit(visitor.through(visitor.port).post, submit_url(site), form) for _ in range(20)]
        answers = {(each.result().status, each.result().location) for each in sending}
    assert answers == {(302, f"/attempts/{site.told['attempt']}/result/")}
    assert_submitted_once(site)


def test_concurrent_equal_answers_count_once(site):
    with site.served(workers=2) as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form, before = practice_form(visitor), site.count("learning_answer")
        sending = [pool.submit(visitor.through(visitor.port).post, QUESTION, form) for _ in range(20)]
        answers = {(each.result().status, each.result().location) for each in sending}
    assert answers == {(302, f"{LESSON}#q-is-it-off")}
    assert site.count("learning_answer") == before + 1


def test_concurrent_different_answers_are_all_stored(site):
    with site.served(workers=2) as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form, before = practice_form(visitor), site.count("learning_answer")
        forms = [form | {"token": str(uuid.uuid4())} for _ in range(20)]
        sending = [pool.submit(visitor.through(visitor.port).post, QUESTION, each) for each in forms]
        assert {each.result().status for each in sending} == {302}
    assert site.count("learning_answer") == before + 20
