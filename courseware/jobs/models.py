"""Models of background jobs: workers, scheduled jobs, and tasks for the admin."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

FORGOTTEN_AFTER = timedelta(days=1)
LATE_AFTER = timedelta(hours=1)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def forget_dead(self) -> None:
        now = timezone.now()  # a sign from the future comes from a wrong clock
        self.exclude(seen_at__range=(now - FORGOTTEN_AFTER, now + FORGOTTEN_AFTER)).delete()


class Worker(models.Model):
    """A thread of `manage.py run_worker`, for delivery or for all other tasks, with its last sign of life."""

    name = models.CharField(_("name"), max_length=64, primary_key=True)
    started_at = models.DateTimeField(_("started at"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), db_index=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("worker"), _("workers")

    def __str__(self) -> str:
        return self.name


class Outcome(models.TextChoices):
    NONE = "", _("Not yet run")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Job(models.Model):
    """A scheduled job: its next run, and the result of the last one."""

    name = models.SlugField(_("name"), primary_key=True)
    next_at = models.DateTimeField(_("next run"), db_index=True)
    task = models.UUIDField(null=True, editable=False)  # the newest task that was enqueued for it
    started_at = models.DateTimeField(_("last run"), null=True)
    finished_at = models.DateTimeField(_("ended at"), null=True)
    outcome = models.CharField(_("result"), max_length=8, choices=Outcome, blank=True)
    said = models.TextField(_("output"), blank=True)

    class Meta:
        verbose_name, verbose_name_plural = _("job"), _("jobs")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def duration(self) -> timedelta | None:
        """Duration of the last run, or None before its end. Never negative, even if the clock was set back."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(self.finished_at - self.started_at, timedelta(0))

    def is_late(self, now: datetime) -> bool:
        """Return whether the next run is overdue by more than LATE_AFTER."""
        return self.next_at + LATE_AFTER < now


class Task(DBTaskResult):
    """Proxy for the task of django-tasks-db, with a readable name."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("background task"), _("background tasks")
        default_permissions = ()

    def __str__(self) -> str:
        return self.task_name
