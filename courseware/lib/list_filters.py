"""What a list of Django's admin may be filtered by."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import FieldListFilter, ListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.http import HttpRequest


class ListFiltersOnly:
    """A ModelAdmin whose list takes the parameters of its own filters and no others.

    Django takes every field of the row besides, and so answers who wrote it wherever a row knows that.
    """

    model: Any
    get_list_filter: Any

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in {parameter for each in self.list_filters(request) for parameter in each.expected_parameters()}

    def list_filters(self, request: HttpRequest | None) -> Iterator[ListFilter]:
        """Each filter as Django's list makes it, without a value."""
        for item in self.get_list_filter(request):
            if callable(item):
                yield item(request, {}, self.model, self)
            else:
                path, make = item if isinstance(item, (tuple, list)) else (item, FieldListFilter.create)
                field = get_fields_from_path(self.model, path)[-1]
                yield make(field, request, {}, self.model, self, field_path=path)
