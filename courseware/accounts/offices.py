"""The groups *HR* and *Auditors*: they work on pages of the site, never in the admin, and hold no rights there."""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

HR, AUDITORS = "HR", "Auditors"


def create_groups(sender, using, **kwargs):
    """After every migration; not a migration, for a test that empties the tables needs them again."""
    for name in (HR, AUDITORS):
        Group.objects.using(using).get_or_create(name=name)


def in_office(office):
    """A query of those who hold it and may sign in."""
    return get_user_model().objects.filter(groups__name=office, is_active=True).order_by("pk")


def is_in(office, user):
    """Runs one query, the first time for this `user`."""
    return user.is_active and office in user.offices
