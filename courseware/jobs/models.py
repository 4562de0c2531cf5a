from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_tasks_db.models import DBTaskResult

FORGOTTEN_AFTER = timedelta(days=1)
LATE_AFTER = timedelta(hours=1)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def forget_dead(self) -> None:
        now = timezone.now()  # a sign of tomorrow was given while the clock was wrong
        self.exclude(seen_at__range=(now - FORGOTTEN_AFTER, now + FORGOTTEN_AFTER)).delete()


class Worker(models.Model):
    """A process of `manage.py run_worker`, which gives a sign of life every few seconds."""

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
    """The next run of a scheduled job, and the result of the last one."""

    name = models.SlugField(_("name"), primary_key=True)
    next_at = models.DateTimeField(_("next run"), db_index=True)
    task = models.UUIDField(null=True, editable=False)  # the newest run that was enqueued
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
        """Duration of the last finished run; never negative, even if the clock was set back."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(self.finished_at - self.started_at, timedelta(0))

    def is_late(self, now: datetime) -> bool:
        return self.next_at + LATE_AFTER < now


class Task(DBTaskResult):
    """The library's row under a readable name."""

    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = _("background task"), _("background tasks")
        default_permissions = ()

    def __str__(self) -> str:
        return self.task_name
