"""App configuration of `reporting`: pages and emails that lower apps link to or send."""

from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    name = "courseware.reporting"

    def ready(self):
        from courseware.assignments.chat.delivery import register_dashboard_page
        from courseware.assignments.manager_actions.views import register_record_page
        from courseware.content.rendering import page_links
        from courseware.jobs.schedule import Daily, command, schedule
        from courseware.learner_home.home import register_other_work
        from courseware.reporting.emails import escalation, hr_summary, monthly_report, weekly_summary
        from courseware.reporting.statistics import nightly_update
        from courseware.reporting.statistics.simulations import chosen_by_peers_in
        from courseware.reporting.views.today import work_of_manager
        from courseware.simulations.debrief import register_peer_choices

        page_links.register(preview="reporting:preview-step")
        register_record_page("reporting:person")
        register_dashboard_page("reporting:dashboard")
        register_other_work(work_of_manager)
        register_peer_choices(chosen_by_peers_in)
        for module in (weekly_summary, hr_summary, escalation, monthly_report, nightly_update):
            module.register()
        words = _("Check that the stored records match each other")
        schedule("check-records", words, command("check_records"), Daily(time(3, 30)))
