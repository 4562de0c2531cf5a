"""How a long list of Django's admin is searched, so that an index finds the rows."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest


class IndexedSearch:
    """A ModelAdmin that finds rows by `search_columns`, which hold just what was typed, and by `search_people`, fields
    that name a person who is searched for first.

    Django would join people and rows and then look for words in either, for which it has to read both.
    """

    search_columns: tuple[str, ...] = ()
    search_people: tuple[str, ...] = ()

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return (*self.search_columns, *self.search_people)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        holds: list[Any] = [(column, words) for column in self.search_columns]
        if self.search_people and (people := self.people_found(words)):
            holds += [(f"{field}__in", people) for field in self.search_people]
        return queryset.filter(Q.create(holds, connector=Q.OR)) if holds else queryset.none(), False

    def people_found(self, words: str) -> list[int]:
        """Their keys: whoever the users' manager knows by just these words."""
        return list(get_user_model()._default_manager.known_as(words).values_list("pk", flat=True))
