from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.jobs.schedule import Daily, command, schedule

        schedule("check-records", _("Check that the records agree"), command("check_records"), Daily(time(3, 30)))
