from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    name = "courseware.learning"
    verbose_name = _("Learning")
    editor_rights = ("view_lessonreport", "change_lessonreport")

    def ready(self):
        from courseware.content.compiled import page_links
        from courseware.content.desk.editors import grant_rights  # needs loaded apps

        page_links.register(
            step="learning:step", tracks="learning:tracks", card="learning:card", publish="admin:publish-course"
        )
        post_migrate.connect(grant_rights, sender=self)
