"""What happens by itself, and when. Each room names its own jobs in its `apps.py`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from io import StringIO

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django_tasks_db.models import DBTaskResult

from courseware.jobs.models import Job, Outcome
from courseware.jobs.tasks import task

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Daily:
    at: time  # on the clock of the site's zone

    def after(self, now: datetime) -> datetime:
        zone = timezone.get_default_timezone()
        today = datetime.combine(now.astimezone(zone).date(), self.at, zone)
        return today if today > now else datetime.combine(today.date() + timedelta(days=1), self.at, zone)


@dataclass(frozen=True)
class Every:
    pause: timedelta

    def after(self, now: datetime) -> datetime:
        return now + self.pause


@dataclass(frozen=True)
class Scheduled:
    name: str
    words: str | Promise
    run: Callable[[], str]  # what it returns is shown beside the job
    when: Daily | Every


JOBS: dict[str, Scheduled] = {}


def schedule(name: str, words: str | Promise, run: Callable[[], str], when: Daily | Every) -> None:
    JOBS[name] = Scheduled(name, words, run, when)


def command(name: str, *arguments: str) -> Callable[[], str]:
    """A job that is a command of `manage.py`; what it prints is what the job says."""

    def run() -> str:
        printed = StringIO()
        call_command(name, *arguments, stdout=printed, stderr=printed, no_color=True)
        return printed.getvalue().strip()

    return run


def enqueue_due() -> None:
    """Runs one statement where nothing is due. However many workers ask at once, each run is enqueued once."""
    now = timezone.now()
    kept = {job.name: job for job in Job.objects.filter(name__in=JOBS)}
    for scheduled in JOBS.values():
        job = kept.get(scheduled.name)
        if job is None:
            Job.objects.get_or_create(name=scheduled.name, defaults={"next_at": scheduled.when.after(now)})
        elif job.next_at <= now or job.next_at > scheduled.when.after(now):
            enqueue_if_due(scheduled)


def enqueue_if_due(scheduled: Scheduled) -> None:
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).get(name=scheduled.name)
        now = timezone.now()
        is_due = job.next_at <= now
        # Runs that were missed are one; a day that lies too far ahead was written while the clock was wrong.
        job.next_at = scheduled.when.after(now) if is_due else min(job.next_at, scheduled.when.after(now))
        job.save(update_fields=["next_at"])
        if is_due:
            enqueue(job)


def run_now(name: str) -> None:
    with transaction.atomic():
        enqueue(Job.objects.select_for_update(no_key=True).get(name=name))


def enqueue(job: Job) -> None:
    """Under the lock of the job. While an earlier run waits or runs, there is no second one."""
    if job.task and (DBTaskResult.objects.ready() | DBTaskResult.objects.running()).filter(pk=job.task).exists():
        return
    job.task = run_job.enqueue(job.name).id
    job.save(update_fields=["task"])


@task
def run_job(name: str) -> None:
    job = Job.objects.filter(name=name)
    job.update(started_at=timezone.now(), finished_at=None, outcome=Outcome.NONE, said="")
    try:
        if name not in JOBS:
            raise LookupError(f"no job of the name {name} is scheduled in this version")
        said, outcome = JOBS[name].run(), Outcome.DONE
    except Exception as error:
        job.update(finished_at=timezone.now(), outcome=Outcome.FAILED, said=f"{type(error).__name__}: {error}")
        raise
    logger.info("%s: %s", name, said or outcome)
    job.update(finished_at=timezone.now(), outcome=outcome, said=said)
