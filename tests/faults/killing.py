"""Servers that are killed while people write; visitors repeat each form until it is accepted."""

import itertools
import os
import signal
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from tests.faults.sites import free_port, wait_until
from tests.faults.visitors import Visitor
from tests.faults.writers import LESSONS, Writers
from tests.patience import PATIENCE

RETRY_PAUSE = 0.05  # seconds
PEOPLE = 10  # people of each writer in the lessons
KINDS = ("answers", "runs", "decisions", "saves")


class RetryingVisitor(Visitor):
    """Repeats a request while there is no response, or a 503. `refused` counts both."""

    gives_up_after = PATIENCE

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.refused = Counter()

    def ask(self, path, body=None):
        end = time.monotonic() + self.gives_up_after
        while time.monotonic() < end:
            try:
                answer = super().ask(path, body)
            except (OSError, HTTPException):
                answer = None
            if answer and answer.status != 503:
                return answer
            self.refused[answer.headers["Retry-After"] if answer else "no answer"] += 1
            time.sleep(RETRY_PAUSE)
        raise AssertionError(f"{path}: no answer within {self.gives_up_after} seconds")


class RetryingWriters(Writers):
    """`acknowledged`: accepted writes as (kind, what names the row)."""

    pause = 0

    def __init__(self, site, port):
        super().__init__(site, port)
        self.acknowledged, self.people = [], {}

    def acts(self):
        for email in (self.told["player"], self.told["writer"], *self.told["learners"][: 3 * PEOPLE]):
            self.people[email] = self.visitor().sign_in({"email": email, "password": self.told["password"]})
        return [*(self.learn(n) for n in range(3)), self.play(), self.take_exam()]

    def visitor(self):
        return RetryingVisitor(self.port)

    def signed_in(self, email):
        return self.people[email]

    def learn(self, group):
        """Answer the check of each lesson, one person after the other, and then practise them forever."""
        people = [self.signed_in(email) for email in self.told["learners"][group * PEOPLE : (group + 1) * PEOPLE]]
        for count in itertools.count():
            again, number = divmod(count, LESSONS)
            page, question = f"/learn/tea-room/pouring-{number}/", f"is-it-full-{number}"
            action = f"{page}answer/{question}/"
            for visitor in people:
                form = visitor.form(f"{page}?again={question}" if again else page, action)
                self.post(visitor, action, form | {"choice": "1"})
                yield

    def post(self, visitor, path, fields):
        answer = super().post(visitor, path, fields)
        if answer.status == 302:
            self.acknowledged.append(row_of(path, fields, answer))
        return answer

    @property
    def repeats(self):
        return self.refused.total()

    @property
    def refused(self):
        """Number of refusals by Retry-After."""
        return sum((visitor.refused for visitor in self.people.values()), Counter())


def row_of(path, fields, answer):
    if "/answer/" in path:
        return "answers", uuid.UUID(fields["token"])
    if path.endswith("/start/"):
        return "runs", int(answer.location.split("/")[2])
    if path.endswith("/decide/"):
        return "decisions", int(path.split("/")[2])
    return "saves", path


def stored(site):
    """All rows that can be acknowledged, as a count of each."""
    answers = [("answers", uuid.UUID(str(token))) for (token,) in site.rows("SELECT token FROM learning_answer")]
    attempts = [("runs", pk) for (pk,) in site.rows("SELECT id FROM simulations_simulationattempt")]
    decisions = [("decisions", pk) for (pk,) in site.rows("SELECT run_id FROM simulations_decision")]
    attempt, first = site.told["attempt"], "position = 1"
    ((saves,),) = site.rows(f"SELECT saves FROM assessment_response WHERE attempt_id = {attempt} AND {first}")
    return Counter([*answers, *attempts, *decisions]) + Counter({("saves", f"/attempts/{attempt}/1/"): saves})


class KilledServer:
    """gunicorn on a fixed port. What is killed is started again at once: a worker by gunicorn itself."""

    def __init__(self, site, database=None):
        self.site, self.database, self.port = site, database, free_port()
        self.process = site.start_server(self.port)

    def kill(self, what):
        getattr(self, f"kill_{what}")()

    def kill_worker(self):
        os.kill(wait_until(self.workers, "no worker was started again")[0], signal.SIGKILL)

    def workers(self):
        master = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]

    def kill_server(self):
        self.end()
        self.process = self.site.start_server(self.port)

    def kill_database(self):
        self.database.stop()
        self.database.start()

    def end(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def killed_server(site, database=None):
    server = KilledServer(site, database)
    try:
        yield server
    finally:
        server.end()


def kill_at_random(server, writers, *, kills, writes, chance):
    """Kill at random moments while people write. Return what was killed, as a Counter."""
    kinds = ["worker", "worker", "server", *(["database"] if server.database else [])]
    killed = [kind for _, kind in zip(range(kills), itertools.cycle(kinds), strict=False)]
    chance.shuffle(killed)
    for moment, kind in zip(sorted(chance.sample(range(writes), kills)), killed, strict=True):
        wait_for(writers, moment)
        server.kill(kind)
    wait_for(writers, writes)
    return Counter(killed)


def wait_for(writers, writes):
    wait_until(
        lambda: len(writers.acknowledged) >= writes or writers.broken, f"{writes} writes were not reached", within=600
    )
