"""Health warnings about background jobs, for the start page of the admin and for monitoring."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

from courseware.audit_log import checkpoints
from courseware.jobs.models import LATE_AFTER, Job, Outcome, Worker
from courseware.jobs.schedule import JOBS

PAGE = "admin:jobs_job_changelist"
NO_WORKER = _("Background tasks do not run, because manage.py run_worker is not running.")
WORKER_IS_BEHIND = _(
    "Background tasks have waited for an hour although manage.py run_worker is running. Start more workers, or "
    "look for a task that hangs."
)
ALIVE_WITHIN = timedelta(minutes=2)
SEALED_WITHIN = timedelta(minutes=15)  # checkpoints are created every 5 minutes


@dataclass(frozen=True)
class HealthWarning:
    """`words`: the problem. `about`: the job or server concerned. `page`: URL name of a page with details, or ""."""

    words: str | Promise
    about: str | Promise = ""
    page: str = ""


# Filled by `apps.py` of higher packages.
FURTHER: dict[str, Callable[[datetime], list[HealthWarning]]] = {}


def register_warnings(name: str, ask: Callable[[datetime], list[HealthWarning]]) -> None:
    """Register `ask`, which returns further warnings as of an instant (aware); it replaces one of the same `name`."""
    FURTHER[name] = ask


def warning_of(job: Job, now: datetime) -> HealthWarning | None:
    """Return a warning if the job's last run failed, or has been running for more than LATE_AFTER; else None."""
    if job.outcome == Outcome.FAILED:
        return HealthWarning(_("the last run failed"), JOBS[job.name].words, PAGE)
    if job.started_at and not job.finished_at and job.started_at + LATE_AFTER < now:
        return HealthWarning(_("the last run has not finished"), JOBS[job.name].words, PAGE)
    return None


def health_warnings(now: datetime) -> list[HealthWarning]:
    """Return problems of workers, jobs and checkpoints, without `further_warnings`. Runs at most 6 queries."""
    found = []
    jobs = {job.name: job for job in Job.objects.filter(name__in=JOBS)}
    overdue_tasks = DBTaskResult.objects.ready().filter(enqueued_at__lt=now - LATE_AFTER)
    if overdue_tasks.exists() or any(job.is_late(now) for job in jobs.values()) or not jobs:
        found.append(HealthWarning(WORKER_IS_BEHIND if is_worker_alive() else NO_WORKER))
    found += filter(None, (warning_of(job, now) for job in jobs.values()))
    if delay := events_without_checkpoint(now):
        found.append(HealthWarning(delay, JOBS["create-checkpoint"].words, PAGE))
    return found


def further_warnings(now: datetime) -> list[HealthWarning]:
    return [warning for ask in FURTHER.values() for warning in ask(now)]


def events_without_checkpoint(now: datetime) -> str:
    """Return a text: how long the oldest event waits for a checkpoint, and the cause if known; "" if none is late."""
    oldest = checkpoints.events_without_checkpoint().first()
    if oldest is None or now - oldest.at < SEALED_WITHIN:
        return ""
    waited = gettext("the oldest event without a checkpoint has waited for %(time)s") % {
        "time": timesince(oldest.at, now)
    }
    writer = checkpoints.blocking_writer(now)
    if writer is None or writer.since is None:
        return waited
    return gettext(
        "%(waited)s: process %(process)s of the database (%(application)s) has had a transaction open for "
        "%(time)s. No checkpoint can be created until the transaction ends"
    ) % {
        "waited": waited,
        "process": writer.process,
        "application": writer.application or "–",
        "time": timesince(writer.since, now),
    }


def is_worker_alive() -> bool:
    age = age_of_last_sign()
    return age is not None and age < ALIVE_WITHIN


def age_of_last_sign() -> timedelta | None:
    """Return the time since the last sign of life of any worker, or None if there is no worker."""
    seen = Worker.objects.aggregate(last=Max("seen_at"))["last"]
    return None if seen is None else max(timezone.now() - seen, timedelta(0))
