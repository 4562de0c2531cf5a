"""The schedule of background jobs, and their runs. Each app registers its jobs in `apps.py`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from io import StringIO

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django_tasks_db.compat import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from courseware.jobs.models import Job, Outcome, Worker
from courseware.jobs.tasks import DEFAULT_QUEUE, task

logger = logging.getLogger(__name__)
KEPT_DAYS = 14
FAILURES_KEPT_DAYS = 90
SET_BACK = timedelta(hours=1)  # a smaller step back is a correction of the clock; a larger one means that it was wrong


@dataclass(frozen=True)
class Daily:
    at: time  # in the site's time zone

    def after(self, now: datetime, last: datetime | None = None) -> datetime:
        """Return the first run after `now`. `last`: start of the last run; if it is ahead of `now` by less than
        SET_BACK, return the first run after it.
        """
        now = last if last and now < last < now + SET_BACK else now
        zone = timezone.get_default_timezone()
        today = datetime.combine(now.astimezone(zone).date(), self.at, zone)
        return today if today > now else datetime.combine(today.date() + timedelta(days=1), self.at, zone)


@dataclass(frozen=True)
class Every:
    pause: timedelta  # from one start to the next

    def after(self, now: datetime, last: datetime | None = None) -> datetime:
        """Return `now` plus the pause; `last` is ignored."""
        return now + self.pause


@dataclass(frozen=True)
class Scheduled:
    name: str
    words: str | Promise
    run: Callable[[], str]  # returns the output, which the admin shows
    when: Daily | Every
    has_work: Callable[[], bool]
    queue: str


JOBS: dict[str, Scheduled] = {}


def schedule(
    name: str,
    words: str | Promise,
    run: Callable[[], str],
    when: Daily | Every,
    has_work: Callable[[], bool] = lambda: True,
    queue: str = DEFAULT_QUEUE,
) -> None:
    """Register a job labelled `words`, or replace the one of this `name`. `run` returns the output, which the admin
    shows. A due run is stored as done without calling `run` if `has_work` returns False.
    """
    JOBS[name] = Scheduled(name, words, run, when, has_work, queue)


def command(name: str, *arguments: str) -> Callable[[], str]:
    """Return a job function that calls a command of manage.py with these arguments and returns its output."""

    def run() -> str:
        printed = StringIO()
        call_command(name, *arguments, stdout=printed, stderr=printed, no_color=True)
        return printed.getvalue().strip()

    return run


def enqueue_due() -> None:
    """Enqueue each due job once, even if several workers do so; plan the first run of new jobs. 1 query if none is."""
    now = timezone.now()
    jobs = {job.name: job for job in Job.objects.filter(name__in=JOBS)}
    for scheduled in JOBS.values():
        job = jobs.get(scheduled.name)
        if job is None:
            Job.objects.get_or_create(name=scheduled.name, defaults={"next_at": scheduled.when.after(now)})
        elif job.next_at <= now or job.next_at > scheduled.when.after(now, job.started_at):
            enqueue_if_due(scheduled)


def enqueue_if_due(scheduled: Scheduled) -> None:
    """Lock the job, set its next run, and enqueue it if it is due and not under way; store it as done without work."""
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).get(name=scheduled.name)
        now = timezone.now()
        is_due = job.next_at <= now
        following = scheduled.when.after(now, job.started_at)
        # Several missed runs become one. A time too far ahead comes from a wrong clock.
        job.next_at = following if is_due else min(job.next_at, following)
        job.save(update_fields=["next_at"])
        if is_due and not is_under_way(job):
            if scheduled.has_work():
                enqueue(job)
            else:
                note_that_nothing_was_due(job)


def run_now(name: str) -> None:
    """Enqueue a job, due or not, unless a run waits or is running; see `is_under_way`. Raise Job.DoesNotExist."""
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).get(name=name)
        if not is_under_way(job):
            enqueue(job)


def is_under_way(job: Job) -> bool:
    """Return whether a run waits (if it waits for a retry, make it due) or is running. The caller locks the job."""
    last = DBTaskResult.objects.filter(pk=job.task) if job.task else DBTaskResult.objects.none()
    waiting = last.filter(status=TaskResultStatus.READY).update(run_after=timezone.now())
    return bool(waiting) or last.running().exists()


def enqueue(job: Job) -> None:
    job.task = run_job.using(queue_name=JOBS[job.name].queue).enqueue(job.name).id
    job.save(update_fields=["task"])


def note_that_nothing_was_due(job: Job) -> None:
    job.started_at = job.finished_at = timezone.now()
    job.outcome, job.said = Outcome.DONE, ""
    job.save(update_fields=["started_at", "finished_at", "outcome", "said"])


@task
def run_job(name: str) -> None:
    """Run the job and store its result. Raise LookupError for an unknown name, and any error of the job."""
    job = Job.objects.filter(name=name)
    job.update(started_at=timezone.now(), finished_at=None, outcome=Outcome.NONE, said="")
    try:
        if name not in JOBS:
            raise LookupError(f"no job of the name {name} is scheduled in this version")
        output, outcome = JOBS[name].run(), Outcome.DONE
    except Exception as error:
        job.update(finished_at=timezone.now(), outcome=Outcome.FAILED, said=f"{type(error).__name__}: {error}")
        raise
    logger.info("%s: %s", name, output or outcome)
    job.update(finished_at=timezone.now(), outcome=outcome, said=output)


def tidy() -> str:
    """Delete old tasks that have ended, and rows of dead workers; return "", the output."""
    call_command("prune_db_task_results", min_age_days=KEPT_DAYS, failed_min_age_days=FAILURES_KEPT_DAYS, verbosity=0)
    Worker.objects.forget_dead()
    return ""
