"""The group *Editors*, who may write, preview and publish, and nothing else."""

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

GROUP = "Editors"


def grant_rights(sender, using, **kwargs):
    """Creates the group where it is missing, with the `editor_rights` of `sender`, an app; after every migration."""
    # Not a migration: permissions are created after all migrations only, and a test that empties the tables needs the
    # group again.
    create_permissions(sender, using=using, verbosity=0)
    group, _created = Group.objects.using(using).get_or_create(name=GROUP)
    own = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    group.permissions.add(*own.filter(codename__in=sender.editor_rights))
