"""How long the reminders of a firm take to leave by one worker, in how much memory, by how many statements.

    .ci/postgres .venv/bin/python -m benchmarks.letters [--people 20000]

Everybody has one run of the shipped course and is reminded of it. The letters go to a mail server on this machine, in
a process of its own, that says yes. It is a Thursday morning there, by a clock that runs as fast as the real one.
"""

import argparse
import datetime
import multiprocessing
import socket
import time

import time_machine
from django.test.utils import CaptureQueriesContext

from benchmarks import scenario
from benchmarks.lists import peak

MORNING = datetime.datetime(2026, 11, 26, 2, tzinfo=datetime.UTC)  # 10 o'clock where the site is
LOOKED_AT = 200  # letters whose statements are counted


def serve(told):
    """In a process of its own: tells its port, then how many letters it took, each time it is asked."""
    from aiosmtpd.controller import Controller

    class Yes:
        taken = 0

        async def handle_DATA(self, server, session, envelope):
            self.taken += 1
            return "250 taken"

    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    Controller(handler := Yes(), hostname="127.0.0.1", port=port).start()
    told.send(port)
    while told.recv():
        told.send(handler.taken)


class MailServer:
    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self.told, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other,), daemon=True)
        self.process.start()
        self.port = self.told.recv()

    def taken(self):
        self.told.send(True)
        return self.told.recv()

    def stop(self):
        self.told.send(False)
        self.process.join()


def write_reminders():
    """To everybody whose run is open; returns how many. Past the plan, by which only a part is due on one day."""
    from courseware.assignments.reminding_by_hand import by_hand
    from courseware.learning.models import Enrollment
    from courseware.outbox.models import Message

    runs = Enrollment.objects.open().select_related("learner").with_zone().order_by("pk")
    last = written = 0
    while batch := list(runs.filter(pk__gt=last)[:500]):
        last, sender = batch[-1].pk, batch[0].learner
        written += len(Message.objects.bulk_create(by_hand(run, sender) for run in batch))
    return written


def measure(people):
    from django.conf import settings
    from django.db import connection

    from courseware.assignments.reminding import remind_due
    from courseware.learning.models import Enrollment
    from courseware.outbox import delivering
    from courseware.outbox.models import Message

    server = MailServer()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    scenario.Firm(people)
    Enrollment.objects.update(enrolled_at=MORNING - datetime.timedelta(days=90))  # told of it long ago
    began = time.perf_counter()
    said = remind_due()
    print(f"\n{scenario.database_name()}, {people} people\n\nremind_due: {said}, {time.perf_counter() - began:.1f} s")
    Message.objects.all().delete()
    written, before = write_reminders(), peak()
    first = list(Message.objects.due(MORNING + datetime.timedelta(days=1)).values_list("pk", flat=True)[:LOOKED_AT])
    with CaptureQueriesContext(connection) as statements:
        delivering.send_all(first)
    began, busy = time.perf_counter(), time.process_time()
    while delivering.is_any_due():
        delivering.deliver_due()
    took, left = time.perf_counter() - began, written - LOOKED_AT
    busy = time.process_time() - busy
    taken = server.taken()
    server.stop()
    assert taken == written, f"{taken} of {written} letters came"
    print(
        f"{left} letters: {took:.0f} s, {1000 * busy / left:.2f} ms of the worker’s processor each; "
        f"{60 * left / took:.0f} a minute, 100,000 in {100_000 * took / left / 60:.1f} min; "
        f"{len(statements) / LOOKED_AT:.1f} statements each; memory {before:.0f} MB before, {peak():.0f} MB at most"
    )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=20_000)
    people = options.parse_args().people
    with scenario.own_folder(), time_machine.travel(MORNING):
        scenario.prepare_site()
        measure(people)


if __name__ == "__main__":
    main()
