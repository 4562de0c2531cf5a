from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.assignments.group_summaries import register_board_page
        from courseware.assignments.record_page import register_record_page
        from courseware.jobs.schedule import Daily, command, schedule
        from courseware.journey.other_work import register_other_work
        from courseware.reporting import digest, escalating
        from courseware.reporting.monthly_reports import register_letter_of_month, tell_of_month
        from courseware.reporting.views.today import work_of_lead

        register_record_page("reporting:person")
        register_board_page("reporting:board")
        register_other_work(work_of_lead)
        digest.register_letter()
        escalating.register_letter()
        words = _("Write letters to the next level of who is late for days")
        schedule("escalate", words, escalating.escalate, Daily(time(5, 15)))
        words = _("Write the weekly letters to who leads people")
        schedule("write-digests", words, digest.write_digests, Daily(time(5, 30)))
        schedule("check-records", _("Check that the records agree"), command("check_records"), Daily(time(3, 30)))
        register_letter_of_month()
        schedule("tell-month", _("Write letters about the month before"), tell_of_month, Daily(time(5, 35)))
