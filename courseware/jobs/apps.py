"""App of background jobs: schedules checkpoints and checks of the audit log, and the cleanup of tasks."""

from datetime import time, timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "courseware.jobs"
    verbose_name = _("Background tasks")

    def ready(self) -> None:
        from courseware.jobs.schedule import Daily, Every, command, schedule, tidy

        schedule(
            "create-checkpoint",
            _("Create a checkpoint of the audit log"),
            command("create_checkpoint"),
            Every(timedelta(minutes=5)),
        )
        schedule(
            "verify-audit-log",
            _("Check that the audit log is complete"),
            command("verify_audit_log"),
            Daily(time(3, 20)),
        )
        schedule("delete-old-tasks", _("Delete old background tasks"), tidy, Daily(time(3, 40)))
