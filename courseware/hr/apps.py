from datetime import time

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HrConfig(AppConfig):
    name = "courseware.hr"

    def ready(self):
        from courseware.hr.chat_bots import views as chat_bot_views
        from courseware.hr.email_settings import wording_views
        from courseware.hr.roster_import import nightly
        from courseware.jobs.health import register_troubles
        from courseware.jobs.schedule import Daily, schedule

        nightly.register_letters()
        words = _("Bring in the list of people that lies in ROSTER_DIR")
        schedule("bring-in-list", words, nightly.bring_in_newest, Daily(time(1, 10)))
        register_troubles("doors", chat_bot_views.door_troubles)
        register_troubles("letter-words", wording_views.words_troubles)
