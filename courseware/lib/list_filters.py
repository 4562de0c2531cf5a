"""Filters of lists in Django's admin."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import FieldListFilter, ListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.http import HttpRequest


class ListFiltersOnly:
    """Accept only the parameters of the list's own filters; Django accepts every field, and would reveal authors."""

    model: Any
    get_list_filter: Any

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        if "\0" in str(value):  # which PostgreSQL refuses
            raise IncorrectLookupParameters
        return lookup in {parameter for each in self.list_filters(request) for parameter in each.expected_parameters()}

    def list_filters(self, request: HttpRequest | None) -> Iterator[ListFilter]:
        for item in self.get_list_filter(request):
            if callable(item):
                yield item(request, {}, self.model, self)
            else:
                path, make = item if isinstance(item, (tuple, list)) else (item, FieldListFilter.create)
                field = get_fields_from_path(self.model, path)[-1]
                yield make(field, request, {}, self.model, self, field_path=path)


class WordsFilter(ListFilter):
    """A filter by typed words, for fields with too many values to list."""

    parameter_name: str
    template = "admin/words_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any):
        super().__init__(request, params, model, model_admin)
        if self.parameter_name in params:
            self.used_parameters[self.parameter_name] = params.pop(self.parameter_name)[-1].strip()

    def value(self) -> str:
        return str(self.used_parameters.get(self.parameter_name, ""))

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter_name]

    def choices(self, changelist: Any) -> Iterator[Any]:
        others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name != self.parameter_name
            for value in values
        ]
        yield {
            "name": self.parameter_name,
            "words": self.value(),
            "others": others,
            "without": changelist.get_query_string(remove=[self.parameter_name]),
        }
