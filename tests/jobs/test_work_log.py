"""What the log says of work beside the pages: which piece of it, and nothing of what it was about."""

import io
import json
import logging

import pytest
from django_tasks_db.management.commands import db_worker

from courseware.jobs import working
from courseware.jobs.working import WorkLoop
from courseware.lib.log_lines import JsonLines
from courseware.outbox.delivering import deliver_due
from courseware.outbox.mailing import MailDoor, Refused
from courseware.outbox.telling import tell
from tests.jobs import doing
from tests.making import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(working, "enqueue_due", lambda: None)
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    logging.root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.root.removeHandler(handler)


def test_a_line_about_a_piece_of_work_says_which(log):
    works = [doing.fail.enqueue(), doing.fail.enqueue()]
    WorkLoop(lambda: "").run(once=True)
    told = [(line["work"], line["name"], line["level"]) for line in log()]
    assert told == [(str(work.id), "tests.jobs.doing.fail", "ERROR") for work in works]
    # Of the error its kind; what it said may quote what somebody wrote.
    assert log()[0]["traceback"].splitlines()[-1] == "ValueError"


def test_between_two_pieces_of_work_lines_name_none(log):
    doing.fail.enqueue()
    WorkLoop(lambda: "").run(once=True)
    logging.getLogger("courseware.jobs").warning("resting")
    assert "work" not in log()[-1]


def test_of_what_a_mail_server_says_of_an_address_a_line_has_the_code(log, monkeypatch):
    def refuse(*_arguments):
        raise Refused("550 <wang.qian@example.com>: user unknown")

    monkeypatch.setattr(MailDoor, "send", refuse)
    tell("invitation", make_user("Wang Qian", email="wang.qian@example.com"))
    deliver_due()
    [line] = [line for line in log() if line["logger"] == "courseware.outbox.rounds"]
    assert line["message"].endswith(": refused, 550")
