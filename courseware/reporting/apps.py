from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.assignments.chat.delivery import register_board_page
        from courseware.assignments.emails.daily_email_jobs import schedule_emails
        from courseware.assignments.manager_actions.views import register_record_page
        from courseware.content.rendering import page_links
        from courseware.jobs.schedule import Daily, command, schedule
        from courseware.learner_home.home import register_other_work
        from courseware.reporting.emails import escalation, hr_summary, monthly_report, weekly_summary
        from courseware.reporting.statistics.nightly_update import keep_figures
        from courseware.reporting.statistics.simulations import chosen_by_colleagues_in
        from courseware.reporting.views.today import work_of_lead
        from courseware.simulations.debrief import register_colleagues

        page_links.register(preview="reporting:see-step")
        register_record_page("reporting:person")
        register_board_page("reporting:board")
        register_other_work(work_of_lead)
        register_colleagues(chosen_by_colleagues_in)
        weekly_summary.register_letter()
        hr_summary.register_letter()
        escalation.register_letter()
        schedule_emails("escalate", _("Write letters to the next level of who is late for days"), escalation.JOB)
        words = _("Write the weekly emails to managers and HR")
        schedule("write-digests", words, weekly_summary.write_digests, Daily(weekly_summary.HOUR))
        schedule("check-records", _("Check that the records agree"), command("check_records"), Daily(time(3, 30)))
        words = _("Count who is ready into the figures about groups")
        schedule("keep-figures", words, keep_figures, Daily(time(0, 30)))
        monthly_report.register_letter_of_month()
        schedule_emails("tell-month", _("Write letters about the month before"), monthly_report.JOB)
