"""Saved views: dashboard filters that a person has saved under a name."""

from django.conf import settings
from django.db import models, transaction

from courseware.accounts.teams.memberships import lock_person
from courseware.lib.db.compiled_query import CompiledQuery
from courseware.lib.text.names import NameField

MOST_VIEWS = 12  # of a person
LONGEST_QUERY = 500  # characters of the URL query; a Chinese character takes 9


class TooManyViews(Exception):
    """The person already has MOST_VIEWS saved views."""


class SavedView(models.Model):
    """A saved view. `query` is the URL query that `filters_query` writes."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = NameField(max_length=40)
    query = models.CharField(max_length=LONGEST_QUERY)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="a_view_of_a_person_for_each_name")]

    def __str__(self):
        return f"{self.person} · {self.name}"


VIEWS = CompiledQuery(lambda person: SavedView.objects.filter(person=person))


@transaction.atomic
def save_view(person, name: str, query: str) -> SavedView:
    """Save or replace the view `name`. `query`: up to LONGEST_QUERY characters. Raise `TooManyViews` at the limit."""
    lock_person(person)
    own = SavedView.objects.filter(person=person)
    if own.exclude(name=name).count() >= MOST_VIEWS:
        raise TooManyViews(person)
    return own.update_or_create(person=person, name=name, defaults={"query": query})[0]
