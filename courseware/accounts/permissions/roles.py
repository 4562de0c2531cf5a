"""The groups *HR* and *Auditors*: they work on pages of the site and have no rights in the admin."""

from collections import defaultdict

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

HR, AUDITORS = "HR", "Auditors"


def create_groups(sender, using, **kwargs):
    """Runs after every migration, because tests that empty the tables need the groups again."""
    for name in (HR, AUDITORS):
        Group.objects.using(using).get_or_create(name=name)


def in_office(office):
    return get_user_model().objects.filter(groups__name=office, is_active=True).order_by("pk")


def know_offices(people):
    names = defaultdict(set)
    of_them = Group.objects.filter(user__in=[person.pk for person in people]).order_by()
    for person, name in of_them.values_list("user", "name"):
        names[person].add(name)
    for person in people:
        person.offices = frozenset(names[person.pk])


def is_in(office, user):
    return user.is_active and office in user.offices
