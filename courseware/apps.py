"""The project's app: registers checks, the version shown in the admin, and the backup job."""

from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProjectConfig(AppConfig):
    name = "courseware"

    def ready(self):
        from django.conf import settings
        from django.contrib import admin

        from courseware.jobs.schedule import Daily, command, schedule
        from courseware.project import deploy_checks, maintenance, version  # noqa: F401 - the first two register checks

        admin.site.version = version.in_words
        if settings.BACKUP_DIR:
            schedule("back-up", _("Back up all data"), command("backup"), Daily(time(2, 30)))
