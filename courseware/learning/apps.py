from datetime import time, timedelta

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_migrate, post_save, pre_delete, pre_save
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    name = "courseware.learning"
    verbose_name = _("Learning")
    editor_rights = ("view_lessonreport", "change_lessonreport")

    def ready(self):
        from courseware.content.compiled import page_links
        from courseware.content.desk.editors import grant_rights  # needs loaded apps
        from courseware.learning import course_letter, day_answer_letter

        page_links.register(
            step="learning:step", tracks="learning:tracks", card="learning:card", publish="admin:publish-course"
        )
        post_migrate.connect(grant_rights, sender=self)
        course_letter.register_letters()
        day_answer_letter.register_letter()
        self.keep_headcounts()
        self.follow_absences()
        self.keep_days_told()

    def keep_days_told(self):
        from courseware.accounts.models import Membership, Team
        from courseware.learning import days_told

        for signal in (pre_save, pre_delete):
            signal.connect(days_told.note_zones, sender=Membership, dispatch_uid="learning.note_zones")
        for signal in (post_save, post_delete):
            signal.connect(days_told.follow_zones, sender=Membership, dispatch_uid="learning.follow_zones")
        pre_save.connect(days_told.note_zone_of_team, sender=Team, dispatch_uid="learning.note_zone_of_team")
        post_save.connect(days_told.follow_zone_of_team, sender=Team, dispatch_uid="learning.follow_zone_of_team")

    def follow_absences(self):
        from courseware.jobs.schedule import Every, schedule
        from courseware.learning.postponing import is_any_not_settled, settle_all

        words = _("Move due days on for who is away, and for who is back")
        schedule("follow-absences", words, settle_all, Every(timedelta(minutes=10)), is_any_not_settled)

    def keep_headcounts(self):
        from courseware.accounts.models import Membership, Team, User
        from courseware.jobs.schedule import Daily, schedule
        from courseware.learning import recounting

        for signal in (pre_save, pre_delete):
            signal.connect(recounting.note_reach, sender=Membership, dispatch_uid="learning.note_reach")
        for signal in (post_save, post_delete):
            signal.connect(recounting.count_reach, sender=Membership, dispatch_uid="learning.count_reach")
        pre_save.connect(recounting.note_leaving, sender=User, dispatch_uid="learning.note_leaving")
        post_save.connect(recounting.count_leaving, sender=User, dispatch_uid="learning.count_leaving")
        pre_save.connect(recounting.note_place, sender=Team, dispatch_uid="learning.note_place")
        post_delete.connect(recounting.forget_team, sender=Team, dispatch_uid="learning.forget_team")
        post_save.connect(recounting.recount_above, sender=Team, dispatch_uid="learning.recount_above")
        schedule("add-up-headcounts", _("Add up the numbers above the boards"), recounting.add_up, Daily(time(4, 10)))
