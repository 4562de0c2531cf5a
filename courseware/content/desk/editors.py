"""The group *Editors*: who is in it may write, preview and publish, and nothing else."""

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

GROUP = "Editors"
RIGHTS = ("view_course", "view_document", "change_document", "view_revision", "view_release", "add_release")


def grant_rights(sender, using, **kwargs):
    """Make the group where it is missing, with its rights in this room. Runs after every migration.

    Not a migration itself: rights are made only after all of them, and a test that empties the tables wants the group
    back.
    """
    create_permissions(sender, using=using, verbosity=0)
    group, _created = Group.objects.using(using).get_or_create(name=GROUP)
    rights = Permission.objects.using(using).filter(content_type__app_label=sender.label, codename__in=RIGHTS)
    group.permissions.add(*rights)
