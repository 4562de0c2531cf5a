"""`python -m tests.faults.fast_worker work`: a worker whose death is noticed within 2 seconds, and tasks for it.

`… cups NUMBER [AFTER]` enqueues tasks; every twentieth asks for a retry twice.
`… letters NUMBER` queues invitations; every twentieth has an address that is refused.
"""

import os
import sys
import time
from dataclasses import replace
from datetime import timedelta

import django
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    django.setup()

from courseware.jobs.tasks import RetryLater, task

EVERY = 20  # which one is retried or refused


@task(takes_context=True)
def pour(context, number):
    """One event for each cup, however often the task runs."""
    from django.db import transaction

    from courseware.audit_log.models import Event
    from courseware.audit_log.record import record

    if number % EVERY == 0 and context.attempt <= 2:
        raise RetryLater("the water does not boil yet")
    time.sleep(0.02)
    with transaction.atomic():
        if not Event.objects.filter(subject=f"cup:{number}").exists():
            record(verb="poured", subject=f"cup:{number}", actor=None)
    time.sleep(0.02)


def main(what, number=0, after=0):
    if what == "work":
        from django.conf import settings

        from courseware.jobs import schedule, worker
        from courseware.notifications import models
        from courseware.notifications.email import circuit_breaker, delivery

        worker.ALIVE_FOR = timedelta(seconds=int(os.environ.get("ALIVE_FOR", 2)))
        worker.BEAT_EVERY = worker.LOOK_EVERY = 0.3
        worker.TRIES, worker.PAUSES = 100, [timedelta(seconds=0.2)] * 100
        # CLAIMED_FOR stays longer than the timeouts of the mail server.
        settings.EMAIL_TIMEOUT, settings.SMTP_SECONDS, delivery.CLAIMED_FOR = 1, 3, timedelta(seconds=10)
        circuit_breaker.REST = timedelta(seconds=1)
        models.PAUSES[:] = [*[timedelta(seconds=1)] * 99, timedelta(days=1)]
        schedule.JOBS["send-emails"] = replace(schedule.JOBS["send-emails"], when=schedule.Every(timedelta(seconds=1)))
        execute_from_command_line(["manage.py", "run_worker"])
    elif what == "letters":
        from courseware.notifications.email.queue import queue_email
        from tests.making import make_user

        for index in range(int(number)):
            name = "guest" if index % EVERY else "nobody"
            queue_email("invitation", make_user(email=f"{name}{index}@example.com"))
    else:
        from tests.faults import fast_worker

        for cup in range(int(after), int(after) + int(number)):
            fast_worker.pour.enqueue(cup)


if __name__ == "__main__":
    main(*sys.argv[1:])
