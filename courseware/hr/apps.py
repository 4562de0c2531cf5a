"""App configuration: the nightly list import, its emails, and warnings in the admin."""

from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HrConfig(AppConfig):
    name = "courseware.hr"

    def ready(self):
        from courseware.hr.chat_bots import views as chat_bot_views
        from courseware.hr.email_settings import wording_views
        from courseware.hr.roster_import import nightly
        from courseware.jobs.health import register_warnings
        from courseware.jobs.schedule import Daily, schedule

        nightly.register_emails()
        label = _("Import the list of people from the folder ROSTER_DIR")
        schedule("import-roster", label, nightly.import_newest, Daily(time(1, 10)))
        register_warnings("chat-bots", chat_bot_views.bot_warnings)
        register_warnings("email-wordings", wording_views.wording_warnings)
