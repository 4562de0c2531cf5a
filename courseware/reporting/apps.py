"""App configuration: registers pages, emails and jobs of reporting."""

from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.assignments.chat.delivery import register_dashboard_page
        from courseware.assignments.emails.daily_email_jobs import schedule_emails
        from courseware.assignments.manager_actions.views import register_record_page
        from courseware.content.rendering import page_links
        from courseware.jobs.schedule import Daily, command, schedule
        from courseware.learner_home.home import register_other_work
        from courseware.reporting.emails import escalation, hr_summary, monthly_report, weekly_summary
        from courseware.reporting.statistics.nightly_update import update_statistics
        from courseware.reporting.statistics.simulations import chosen_by_peers_in
        from courseware.reporting.views.today import work_of_manager
        from courseware.simulations.debrief import register_peer_choices

        page_links.register(preview="reporting:preview-step")
        register_record_page("reporting:person")
        register_dashboard_page("reporting:dashboard")
        register_other_work(work_of_manager)
        register_peer_choices(chosen_by_peers_in)
        weekly_summary.register_email()
        hr_summary.register_email()
        escalation.register_email()
        schedule_emails("escalate", _("Email senior managers about long-overdue courses"), escalation.JOB)
        label = _("Write the weekly emails to managers and HR")
        schedule("write-digests", label, weekly_summary.write_digests, Daily(weekly_summary.HOUR))
        schedule(
            "check-records", _("Check that the stored records agree"), command("check_records"), Daily(time(3, 30))
        )
        label = _("Update the group statistics (from 5 people)")
        schedule("keep-figures", label, update_statistics, Daily(time(0, 30)))
        monthly_report.register_monthly_email()
        schedule_emails("tell-month", _("Write the emails about the previous month"), monthly_report.JOB)
