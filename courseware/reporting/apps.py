from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.assignments.record_page import register_record_page
        from courseware.jobs.schedule import Daily, command, schedule

        register_record_page("reporting:person")
        schedule("check-records", _("Check that the records agree"), command("check_records"), Daily(time(3, 30)))
