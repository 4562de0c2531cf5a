from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.assignments.decision_pages import register_record_page
        from courseware.assignments.door_sending import register_board_page
        from courseware.assignments.mornings import schedule_emails
        from courseware.content.rendering import page_links
        from courseware.jobs.schedule import Daily, command, schedule
        from courseware.learner_home.home import register_other_work
        from courseware.reporting import digest, escalating, hr_summary, monthly_reports
        from courseware.reporting.keeping_figures import keep_figures
        from courseware.reporting.simulation_statistics import chosen_by_colleagues_in
        from courseware.reporting.views.today import work_of_lead
        from courseware.simulations.debrief import register_colleagues

        page_links.register(preview="reporting:see-step")
        register_record_page("reporting:person")
        register_board_page("reporting:board")
        register_other_work(work_of_lead)
        register_colleagues(chosen_by_colleagues_in)
        digest.register_letter()
        hr_summary.register_letter()
        escalating.register_letter()
        schedule_emails("escalate", _("Write letters to the next level of who is late for days"), escalating.JOB)
        words = _("Write the weekly emails to managers and HR")
        schedule("write-digests", words, digest.write_digests, Daily(digest.HOUR))
        schedule("check-records", _("Check that the records agree"), command("check_records"), Daily(time(3, 30)))
        words = _("Count who is ready into the figures about groups")
        schedule("keep-figures", words, keep_figures, Daily(time(0, 30)))
        monthly_reports.register_letter_of_month()
        schedule_emails("tell-month", _("Write letters about the month before"), monthly_reports.JOB)
