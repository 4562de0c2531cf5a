from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LearningConfig(AppConfig):
    name = "courseware.learning"
    verbose_name = _("Learning")

    def ready(self):
        from courseware.learning.editors import grant_rights  # needs loaded apps

        post_migrate.connect(grant_rights, sender=self)
