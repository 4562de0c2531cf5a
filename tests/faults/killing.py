"""Whatever serves is killed while people write, and each of them sends the same form again until told yes."""

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

AGAIN = 0.05  # seconds between two tries
OF_EACH = 10  # people of each writer in the lessons
KINDS = ("answers", "runs", "decisions", "saves")


class Stubborn(Visitor):
    """Asks the same again while no answer comes, or one that promises to be back. `refused` counts both."""

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
            time.sleep(AGAIN)
        raise AssertionError(f"{path}: no answer within {self.gives_up_after} seconds")


class StubbornWriters(Writers):
    """`acknowledged` is what they were told yes to: (kind, what names its row)."""

    pause = 0

    def __init__(self, site, port):
        super().__init__(site, port)
        self.acknowledged, self.people = [], {}

    def acts(self):
        for email in (self.told["player"], self.told["writer"], *self.told["learners"][: 3 * OF_EACH]):
            self.people[email] = self.visitor().sign_in({"email": email, "password": self.told["password"]})
        return [*(self.learn(n) for n in range(3)), self.play(), self.sit()]

    def visitor(self):
        return Stubborn(self.port)

    def signed_in(self, email):
        return self.people[email]

    def learn(self, place):
        """Answer the check of one lesson after the other, all people in turn, and then practise them for ever."""
        people = [self.signed_in(email) for email in self.told["learners"][place * OF_EACH : (place + 1) * OF_EACH]]
        for turn in itertools.count():
            again, number = divmod(turn, LESSONS)
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
        """How often somebody was told to come back, by the seconds after which."""
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
    """The same of all that is in the database, as a count of each row."""
    answers = [("answers", uuid.UUID(str(token))) for (token,) in site.rows("SELECT token FROM learning_answer")]
    runs = [("runs", run) for (run,) in site.rows("SELECT id FROM simulations_simulationattempt")]
    decisions = [("decisions", run) for (run,) in site.rows("SELECT run_id FROM simulations_decision")]
    attempt, first = site.told["attempt"], "position = 1"
    ((saves,),) = site.rows(f"SELECT saves FROM assessment_response WHERE attempt_id = {attempt} AND {first}")
    return Counter([*answers, *runs, *decisions]) + Counter({("saves", f"/attempts/{attempt}/1/"): saves})


class KilledServer:
    """gunicorn, always on the same port. What is killed is started again at once: a worker by gunicorn itself."""

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


def kill_now_and_then(server, writers, *, kills, writes, chance):
    """At as many moments of their writing, taken by chance. Returns what was killed, as a count."""
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
