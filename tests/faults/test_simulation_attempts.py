"""Killed workers, lost answers and double submits at the last decision of a simulation (F1, F3, F4)."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.proxies import losing_answers
from tests.faults.sites import wait_until
from tests.faults.test_exam_attempts import connection_broke, read_if_exists
from tests.patience import PATIENCE


def page_url(site):
    return f"/simulation-attempts/{site.told['run']}/"


def decide_url(site):
    return f"{page_url(site)}decide/"


def decision_form(visitor, site):
    return visitor.form(page_url(site), decide_url(site)) | {"choice": "0"}


def assert_ended_once(site):
    assert site.count("simulations_decision") == 1
    assert site.count("simulations_simulationattempt", "finished_at IS NOT NULL AND ending = 'out'") == 1
    assert site.count("audit_log_event", "verb = 'simulation-finished'") == 1
    assert (
        site.count("learning_completion", "document_id = (SELECT simulation_id FROM simulations_simulationattempt)")
        == 1
    )


@pytest.mark.parametrize(
    "moment",
    [
        "courseware.simulations.attempts.append_decision",
        "courseware.simulations.attempts.record",
        "courseware.learning.status.completion.record",
    ],
)
def test_worker_killed_during_decision_writes_nothing(moment, site):
    with site.served(PAUSE_IN=moment) as visitor, ThreadPoolExecutor(1) as pool:
        visitor.sign_in(site.told)
        form = decision_form(visitor, site)
        before = site.content()
        site.pause_file.touch()
        sending = pool.submit(connection_broke, lambda: visitor.post(decide_url(site), form))
        worker = wait_until(lambda: read_if_exists(site.pause_file.with_suffix(".pid")), f"nobody came to {moment}")
        site.pause_file.unlink()
        os.kill(int(worker), signal.SIGKILL)
        assert sending.result(timeout=PATIENCE), "the killed worker answered"
        assert site.content() == before
        assert visitor.get(page_url(site)).status == 200
        again = visitor.post(decide_url(site), form)
        assert (again.status, again.location) == (302, f"{page_url(site)}debrief/")
    assert_ended_once(site)


def test_decision_with_lost_answer_counts_once(site):
    with site.served() as visitor, losing_answers(visitor.port) as (port, answered):
        visitor.sign_in(site.told)
        form = decision_form(visitor, site)
        assert connection_broke(lambda: visitor.through(port).post(decide_url(site), form))
        assert answered.is_set()
        assert visitor.post(decide_url(site), form).location == f"{page_url(site)}debrief/"
    assert_ended_once(site)


def test_concurrent_equal_decisions_count_once(site):
    with site.served() as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form = decision_form(visitor, site)
        answers = list(pool.map(lambda _: visitor.post(decide_url(site), form), range(20)))
    assert {(answer.status, answer.location) for answer in answers} == {(302, f"{page_url(site)}debrief/")}
    assert_ended_once(site)
