"""App configuration of the package `content`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "courseware.content"
    verbose_name = _("Content")
    editor_rights = (
        "view_course", "view_document", "change_document", "view_revision", "view_release", "add_release",
    )  # fmt: skip

    def ready(self):
        from courseware.content.authoring.editor_rights import grant_rights  # needs loaded apps

        post_migrate.connect(grant_rights, sender=self)
