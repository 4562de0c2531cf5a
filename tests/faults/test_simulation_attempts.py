"""The last decision of a simulation, and the worst moments for something to break. F1, F3 and F4 of the promises."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.proxies import losing_answers
from tests.faults.sites import wait_until
from tests.faults.test_exam_attempts import lost, read
from tests.patience import PATIENCE


def page(site):
    return f"/simulation-attempts/{site.told['run']}/"


def decide(site):
    return f"{page(site)}decide/"


def decision(visitor, site):
    return visitor.form(page(site), decide(site)) | {"choice": "0"}


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
def test_a_worker_killed_in_the_middle_of_a_decision_leaves_the_run_where_it_stood(moment, site):
    with site.served(PAUSE_IN=moment) as visitor, ThreadPoolExecutor(1) as pool:
        visitor.sign_in(site.told)
        form = decision(visitor, site)
        before = site.content()
        site.pause_file.touch()
        sending = pool.submit(lost, lambda: visitor.post(decide(site), form))
        worker = wait_until(lambda: read(site.pause_file.with_suffix(".pid")), f"nobody came to {moment}")
        site.pause_file.unlink()
        os.kill(int(worker), signal.SIGKILL)
        assert sending.result(timeout=PATIENCE), "the killed worker answered"
        assert site.content() == before
        assert visitor.get(page(site)).status == 200
        again = visitor.post(decide(site), form)
        assert (again.status, again.location) == (302, f"{page(site)}debrief/")
    assert_ended_once(site)


def test_a_decision_whose_answer_was_lost_on_the_way_back_counts_once(site):
    with site.served() as visitor, losing_answers(visitor.port) as (port, answered):
        visitor.sign_in(site.told)
        form = decision(visitor, site)
        assert lost(lambda: visitor.through(port).post(decide(site), form))
        assert answered.is_set()
        assert visitor.post(decide(site), form).location == f"{page(site)}debrief/"
    assert_ended_once(site)


def test_twenty_equal_decisions_at_once_are_one(site):
    with site.served() as visitor, ThreadPoolExecutor(20) as pool:
        visitor.sign_in(site.told)
        form = decision(visitor, site)
        answers = list(pool.map(lambda _: visitor.post(decide(site), form), range(20)))
    assert {(answer.status, answer.location) for answer in answers} == {(302, f"{page(site)}debrief/")}
    assert_ended_once(site)
