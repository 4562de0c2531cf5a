"""What the group *Editors* may do in this room: read and settle what learners found wrong."""

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from courseware.content.desk.editors import GROUP

RIGHTS = ("view_lessonreport", "change_lessonreport")


def grant_rights(sender, using, **kwargs):
    """Give the group its rights in this room. Runs after every migration, as in `content.editors`."""
    create_permissions(sender, using=using, verbosity=0)
    group, _created = Group.objects.using(using).get_or_create(name=GROUP)
    rights = Permission.objects.using(using).filter(content_type__app_label=sender.label, codename__in=RIGHTS)
    group.permissions.add(*rights)
