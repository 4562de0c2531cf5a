"""App configuration of the package `content`, and permissions of the group *Editors*: write, preview and publish."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

GROUP = "Editors"


def grant_rights(sender, using, **kwargs):
    """Give the group the permissions `sender.editor_rights` of an app config. Receiver of `post_migrate`."""
    from django.contrib.auth.management import create_permissions  # needs loaded apps
    from django.contrib.auth.models import Group, Permission

    create_permissions(sender, using=using, verbosity=0)
    group, _created = Group.objects.using(using).get_or_create(name=GROUP)
    own = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    group.permissions.add(*own.filter(codename__in=sender.editor_rights))


class ContentConfig(AppConfig):
    name = "courseware.content"
    verbose_name = _("Content")
    editor_rights = (
        "view_course", "view_document", "change_document", "view_revision", "view_release", "add_release",
    )  # fmt: skip

    def ready(self):
        post_migrate.connect(grant_rights, sender=self)
