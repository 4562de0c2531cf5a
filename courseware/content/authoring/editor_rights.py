"""Permissions of the group *Editors*: write, preview and publish."""

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

GROUP = "Editors"


def grant_rights(sender, using, **kwargs):
    """Give the group the permissions `sender.editor_rights` of an app config. Receiver of `post_migrate`."""
    create_permissions(sender, using=using, verbosity=0)
    group, _created = Group.objects.using(using).get_or_create(name=GROUP)
    own = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    group.permissions.add(*own.filter(codename__in=sender.editor_rights))
