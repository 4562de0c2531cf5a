"""Search in long lists of Django's admin by an index."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest


class IndexedSearch:
    """Finds rows whose `search_columns` equal the words, or whose `search_people` fields name a person found."""

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
        """Keys of the people with exactly this address or staff number."""
        return list(get_user_model()._default_manager.known_as(words).values_list("pk", flat=True))
