"""Site roles: the groups *HR* and *Auditors*. They give no rights in the admin."""

from collections import defaultdict

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

HR, AUDITORS = "HR", "Auditors"


def create_groups(sender, using, **kwargs):
    """Receiver of `post_migrate`: create missing groups in the database `using`."""
    for name in (HR, AUDITORS):
        Group.objects.using(using).get_or_create(name=name)


def people_with_role(role):
    """Return a queryset of active people with `role` (HR or AUDITORS), ordered by id."""
    return get_user_model().objects.filter(groups__name=role, is_active=True).order_by("pk")


def prefetch_roles(people):
    """Set `offices` (frozenset of group names) of each user in the list `people`. Runs one query."""
    names = defaultdict(set)
    groups = Group.objects.filter(user__in=[person.pk for person in people]).order_by()
    for person, name in groups.values_list("user", "name"):
        names[person].add(name)
    for person in people:
        person.offices = frozenset(names[person.pk])


def has_role(role, user):
    """Return whether `user` is active and has `role` (HR or AUDITORS)."""
    return user.is_active and role in user.offices
