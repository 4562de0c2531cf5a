"""Delivery of a company's Monday emails by one worker: reminders and weekly summaries; time and memory.

    .ci/postgres .venv/bin/python -m benchmarks.emails [--people 125000] [--kill]

8 of 10 people have an enrollment that is reminded today, 1 of 50 is a manager. `manage.py run_worker` runs the jobs in
its own process; a local mail server accepts all emails. With `--kill` the worker is killed while it queues and while it
sends, and restarted. Emails are counted by Message-ID; a lost one is an error.
"""

import argparse
import datetime
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import time_machine

from benchmarks import scenario
from benchmarks.lists import peak

MORNING = datetime.datetime(2026, 11, 30, 2, tzinfo=datetime.UTC)  # Monday, 10:00 in the site's time zone
DUE, LATE = datetime.date(2026, 12, 1), datetime.date(2026, 11, 25)  # next working day, and three working days ago
LOOKED_AFTER = datetime.timedelta(minutes=6)  # added to the clock of a restarted worker; longer than a claim
MESSAGE_ID = re.compile(rb"^Message-ID: <([\da-f-]+)@", re.MULTILINE)
JOBS = ("remind", "queue-weekly-summaries")


def serve(pipe):
    """Run the mail server: send its port, then answer requests for the number or the Message-IDs of accepted emails."""
    from aiosmtpd.controller import Controller

    class Yes:
        taken = Counter()

        async def handle_DATA(self, server, session, envelope):
            self.taken[MESSAGE_ID.search(envelope.content)[1].decode()] += 1
            return "250 taken"

    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    Controller(handler := Yes(), hostname="127.0.0.1", port=port).start()
    pipe.send(port)
    while request := pipe.recv():
        pipe.send(handler.taken if request == "names" else handler.taken.total())


class MailServer:
    def __init__(self):
        context = multiprocessing.get_context("spawn")
        self.told, child_end = context.Pipe()
        self.process = context.Process(target=serve, args=(child_end,), daemon=True)
        self.process.start()
        self.port = self.told.recv()

    def ask(self, request):
        self.told.send(request)
        return self.told.recv()

    def stop(self):
        self.told.send("")
        self.process.join()


class OneWorker:
    """A worker process, whose clock is `ahead` of that of this process."""

    def __init__(self, port):
        self.port, self.seconds, self.megabytes = port, 0.0, 0.0
        self.ahead = datetime.timedelta(0)
        self.begin()

    def begin(self):
        from django.utils import timezone

        command = [sys.executable, "-m", "benchmarks.emails", "--work", (timezone.now() + self.ahead).isoformat()]
        self.process = subprocess.Popen(command, env=os.environ | {"EMAIL_URL": f"smtp://127.0.0.1:{self.port}"})

    def look(self):
        """Add up processor time and memory; call it before the worker ends."""
        folder = Path(f"/proc/{self.process.pid}")
        self.seconds += int((folder / "schedstat").read_text().split()[0]) / 1e9
        self.megabytes = max(self.megabytes, peak_of(folder))

    def kill(self):
        self.look()
        self.process.kill()
        self.process.wait()
        self.ahead += LOOKED_AFTER
        self.begin()

    def end(self):
        self.look()
        self.process.terminate()
        self.process.wait()


def peak_of(folder):
    [line] = [line for line in (folder / "status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def work(began):
    """Run the worker with another clock."""
    with time_machine.travel(datetime.datetime.fromisoformat(began)):
        import django
        from django.core.management import call_command

        django.setup()
        call_command("run_worker", verbosity=0)


def company_of(people):
    """Create the company and make all open enrollments due for a reminder; return their number."""
    from django.utils import timezone

    from benchmarks.growing_company import GrowingCompany
    from courseware.jobs.models import Job
    from courseware.learning.models import Enrollment
    from courseware.lib.dates import due_instant

    company = GrowingCompany(courses=1)
    company.grow(people)
    zone, open_enrollments = timezone.get_default_timezone(), Enrollment.objects.open().newest()
    late_enrollments = open_enrollments.filter(due_at__lt=MORNING)
    late = late_enrollments.update(due_at=due_instant(LATE, zone))
    soon = open_enrollments.filter(due_at__gt=MORNING).update(due_at=due_instant(DUE, zone))
    Job.objects.bulk_create(Job(name=name, next_at=MORNING) for name in JOBS)
    return late + soon


def wait_until(is_so, worker):
    while not is_so():
        if worker.process.poll() is not None:
            sys.exit("the worker ended by itself")
        time.sleep(0.5)


def is_all_told():
    from courseware.jobs.models import Job, Outcome
    from courseware.notifications.models import DeliveryState, OutgoingEmail

    if OutgoingEmail.objects.filter(state=DeliveryState.QUEUED).exists():
        return False
    return Job.objects.filter(name__in=JOBS, outcome=Outcome.DONE).count() == len(JOBS)


def kill_twice(worker, server, reminders):
    from courseware.notifications.models import OutgoingEmail

    wait_until(OutgoingEmail.objects.filter(kind="reminder").exists, worker)
    worker.kill()
    wait_until(lambda: server.ask("number") > reminders / 3, worker)
    worker.kill()


def span(kind, column):
    """Return the seconds between the first and the last."""
    from django.db.models import Max, Min

    from courseware.notifications.models import OutgoingEmail

    found = OutgoingEmail.objects.filter(kind=kind).aggregate(first=Min(column), last=Max(column))
    return (found["last"] - found["first"]).total_seconds()


def measure(people, *, kills):
    from courseware.notifications.models import DeliveryState, OutgoingEmail

    reminders, server = company_of(people), MailServer()
    print(f"\n{scenario.database_name()}, {people:,} people, memory of this process {peak():.0f} MB", flush=True)
    began, worker = time.monotonic(), OneWorker(server.port)
    if kills:
        kill_twice(worker, server, reminders)
    wait_until(is_all_told, worker)
    took = time.monotonic() - began
    worker.end()
    accepted = server.ask("names")
    server.stop()
    queued = OutgoingEmail.objects.filter(kind__in=("reminder", "digest", "hr-summary"))
    sent = {str(number) for number in queued.filter(state=DeliveryState.SENT).values_list("number", flat=True)}
    summaries, skipped = queued.filter(kind="digest").count(), queued.exclude(state=DeliveryState.SENT).count()
    for kind in () if kills else ("reminder", "digest"):  # a kill moves the clock
        print(f"{kind}: written within {span(kind, 'written_at'):.0f} s, sent within {span(kind, 'ended_at'):.0f} s")
    print(
        f"{reminders:,} reminders and {summaries:,} digests, {skipped} not wanted any more, by one worker"
        f"{', killed twice' if kills else ''}: {took:.0f} s in all, {60 * len(accepted) / took:,.0f} emails a minute; "
        f"{worker.seconds:.0f} s of its processor, {1000 * worker.seconds / len(accepted):.1f} ms each; "
        f"{worker.megabytes:.0f} MB at its highest\n"
        f"taken: {len(accepted):,} emails; {accepted.total() - len(accepted)} handed over twice under one Message-ID"
    )
    written = queued.filter(kind="reminder").count()
    if written != reminders or accepted.keys() != sent:
        sys.exit(f"{written} of {reminders} reminders written, {len(accepted)} emails taken, {len(sent)} noted as sent")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--people", type=int, default=125_000)
    options.add_argument("--kill", action="store_true")
    options.add_argument("--work", metavar="INSTANT", help="be the worker, from this instant on")
    options = options.parse_args()
    if options.work:
        return work(options.work)
    with scenario.own_folder(), time_machine.travel(MORNING):
        scenario.prepare_site()
        measure(options.people, kills=options.kill)


if __name__ == "__main__":
    main()
