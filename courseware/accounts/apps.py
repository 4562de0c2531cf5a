"""App configuration: jobs, email types and signal receivers of accounts, and the admin site."""

from datetime import time

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "courseware.accounts"
    verbose_name = _("People and teams")

    def ready(self):
        from allauth.mfa import signals
        from django.contrib.auth.signals import user_logged_in
        from django.db.models.signals import m2m_changed, post_delete, post_migrate, post_save

        from courseware.accounts.people import demo_accounts  # noqa: F401 - registers a system check
        from courseware.accounts.people.offboarding import deactivate_leavers
        from courseware.accounts.people.search import renew_terms
        from courseware.accounts.permissions import roles
        from courseware.accounts.roster_import.apply import delete_old_imports
        from courseware.accounts.security import two_factor
        from courseware.accounts.security.sessions import begin, note_change_of_groups, note_change_of_manager
        from courseware.accounts.security.two_factor_secrets import renew_encryption
        from courseware.accounts.sign_in import emails
        from courseware.accounts.teams import deputies
        from courseware.jobs.schedule import Daily, command, schedule

        emails.register_emails()
        deputies.register_email()
        post_migrate.connect(roles.create_groups, sender=self, dispatch_uid="accounts.create_groups")
        schedule("clear-sessions", _("Delete expired sessions"), command("clearsessions"), Daily(time(3, 10)))
        schedule(
            "mark-as-left",
            _("Mark people as left after their last day of work"),
            deactivate_leavers,
            Daily(time(0, 20)),
        )
        schedule("delete-old-rosters", _("Delete uploaded lists after 90 days"), delete_old_imports, Daily(time(3, 20)))
        schedule("update-search-terms", _("Update the search index of people"), renew_terms, Daily(time(3, 0)))
        label = _("Re-encrypt the secrets of two-step verification with the newest key")
        schedule("renew-encryption", label, renew_encryption, Daily(time(3, 15)))
        for signal in (post_save, post_delete):
            signal.connect(note_change_of_manager, self.get_model("Membership"), dispatch_uid="accounts.change_of_lead")
        groups = self.get_model("User").groups.through
        m2m_changed.connect(note_change_of_groups, groups, dispatch_uid="accounts.change_of_groups")
        user_logged_in.connect(begin, dispatch_uid="accounts.begin_session")
        signals.authenticator_added.connect(two_factor.log_added, dispatch_uid="accounts.factor_added")
        signals.authenticator_removed.connect(two_factor.log_removed, dispatch_uid="accounts.factor_removed")


class AdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "courseware.accounts.permissions.admin_site.AdminSite"
