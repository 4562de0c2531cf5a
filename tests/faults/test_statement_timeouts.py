"""PostgreSQL statements of a server have time limits; those of a command have none (F22)."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.faults.outages import QUESTION, assert_unavailable_soon, correct_answer_form
from tests.faults.sites import wait_until
from tests.faults.test_exam_attempts import connection_broke
from tests.patience import PATIENCE

NAMES = ("statement_timeout", "idle_in_transaction_session_timeout")
SHOW_LIMITS = f"""
from django.db import connection
with connection.cursor() as cursor:
    for name in {NAMES}:
        cursor.execute(f"SHOW {{name}}")
        print(*cursor.fetchone())
"""


@pytest.mark.parametrize(
    ("serving", "environment", "bounds"),
    [
        (True, {}, ["30s", "1min"]),
        (True, {"STATEMENT_TIMEOUT": "7", "IDLE_TRANSACTION_TIMEOUT": "0"}, ["7s", "0"]),
        (False, {"STATEMENT_TIMEOUT": "7"}, ["0", "0"]),
    ],
)
def test_server_has_configured_limits_and_command_none(serving, environment, bounds, site):
    started = "import tests.faults.wsgi" if serving else "import django; django.setup()"
    assert site.run("-c", f"{started}\n{SHOW_LIMITS}", **environment) == (0, "\n".join([*bounds, ""]))


def test_slow_statement_gives_503_and_next_request_works(site):
    with site.served(STATEMENT_TIMEOUT="1") as visitor, closing(site.connect()) as other:
        form, before = correct_answer_form(visitor.sign_in(site.told)), site.count("learning_answer")
        with other.transaction():
            other.execute("LOCK TABLE learning_answer")
            assert_unavailable_soon(visitor.post, QUESTION, form)
            assert_unavailable_soon(visitor.get, QUESTION.partition("answer/")[0])
        assert site.count("learning_answer") == before
        assert visitor.post(QUESTION, form).status == 302
    assert site.count("learning_answer") == before + 1
    assert "canceling statement due to statement timeout" in (site.folder / "server.log").read_text()


def test_stopped_request_loses_its_locks(site):
    pid = site.pause_file.with_suffix(".pid")
    stops = {"PAUSE_IN": "courseware.learning.status.completion.lock", "IDLE_TRANSACTION_TIMEOUT": "1"}
    with site.served(**stops) as visitor, ThreadPoolExecutor(1) as pool:
        form, before = correct_answer_form(visitor.sign_in(site.told)), site.count("learning_answer")
        site.pause_file.touch()
        stopped = pool.submit(connection_broke, lambda: visitor.post(QUESTION, form))
        wait_until(pid.exists, "nobody came to the lock")
        site.pause_file.unlink()
        assert visitor.through(visitor.port).post(QUESTION, form).status == 302
        assert not stopped.done()
        os.kill(int(pid.read_text()), signal.SIGKILL)
        assert stopped.result(timeout=PATIENCE)
    assert site.count("learning_answer") == before + 1
