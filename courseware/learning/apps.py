"""App configuration of learning: signal receivers, emails and scheduled jobs."""

from datetime import time, timedelta

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save, pre_delete, pre_save
from django.utils.translation import gettext_lazy as _

from courseware.content.apps import grant_rights


class LearningConfig(AppConfig):
    name = "courseware.learning"
    verbose_name = _("Learning")
    editor_rights = ("view_lessonreport", "change_lessonreport")

    def ready(self):
        from courseware.content.rendering import page_links  # needs loaded apps
        from courseware.learning.emails import enrollment, extension

        page_links.register(
            step="learning:step",
            tracks="learning:job-role",
            card="learning:emergency-card",
            publish="admin:publish-course",
        )
        post_migrate.connect(grant_rights, sender=self)
        enrollment.register_emails()
        extension.register_email()
        self.connect_signals()
        self.schedule_jobs()

    def connect_signals(self):
        from courseware.accounts.models import Membership, Team, User
        from courseware.learning.due_dates import time_zone_changes
        from courseware.learning.status import headcount_updates

        def connect(receiver, sender, *signals):
            for signal in signals:
                signal.connect(receiver, sender=sender, dispatch_uid=f"learning.{receiver.__name__}")

        connect(headcount_updates.note_reach, Membership, pre_save, pre_delete)
        connect(headcount_updates.count_reach, Membership, post_save, post_delete)
        connect(headcount_updates.note_leaving, User, pre_save)
        connect(headcount_updates.count_leaving, User, post_save)
        connect(headcount_updates.note_headcount_key, Team, pre_save)
        connect(headcount_updates.forget_team, Team, post_delete)
        connect(headcount_updates.recount_ancestors, Team, post_save)
        connect(time_zone_changes.note_zones, Membership, pre_save, pre_delete)
        connect(time_zone_changes.follow_zones, Membership, post_save, post_delete)
        connect(time_zone_changes.note_zone_of_team, Team, pre_save)
        connect(time_zone_changes.follow_zone_of_team, Team, post_save)

    def schedule_jobs(self):
        from courseware.jobs.schedule import Daily, Every, schedule
        from courseware.learning.due_dates.absence_shifts import is_any_not_settled, settle_all
        from courseware.learning.status.headcount_updates import compact_headcounts

        schedule("compact-headcounts", _("Update the totals of the dashboards"), compact_headcounts, Daily(time(4, 10)))
        words = _("Move due dates because of absences")
        schedule("shift-due-dates", words, settle_all, Every(timedelta(minutes=10)), is_any_not_settled)
