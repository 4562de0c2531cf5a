"""Mixins for Django's ModelAdmin classes. Put them before ModelAdmin among the bases."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.admin import FieldListFilter, ListFilter, ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.core.paginator import Page, Paginator
from django.db import IntegrityError, connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

MAX_LISTED_ROWS = 1_000  # rows that a list counts and paginates


def first_keys(rows: QuerySet[Any]) -> list[Any]:
    """Return the primary keys of the first MAX_LISTED_ROWS + 1 rows; the last one only shows that there are more."""
    return list(rows.values_list("pk", flat=True)[: MAX_LISTED_ROWS + 1])


class LimitedPaginator(Paginator[Any]):
    """A paginator of the first MAX_LISTED_ROWS rows. One query finds their keys, for the count and all pages."""

    object_list: QuerySet[Any]

    @cached_property
    def keys(self) -> list[Any]:
        return first_keys(self.object_list)

    @cached_property
    def count(self) -> int:
        return min(len(self.keys), MAX_LISTED_ROWS)

    @property
    def has_more(self) -> bool:
        return len(self.keys) > MAX_LISTED_ROWS

    def rows(self, start: int, end: int) -> QuerySet[Any]:
        return self.object_list.filter(pk__in=self.keys[start:end])

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return Page(self.rows(start, min(start + self.per_page, self.count)), number, self)


class LimitedChangeList(ChangeList):
    """The changelist of LargeTableAdmin."""

    paginator: LimitedPaginator

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page or (self.show_all and self.can_show_all):
            self.result_list = self.paginator.rows(0, self.result_count)
        if self.paginator.has_more:
            # Else Django shows "1000 results" above the list. The page says below it that there are more.
            self.full_result_count = self.result_count


class LargeTableAdmin:
    """A ModelAdmin that lists the first MAX_LISTED_ROWS rows and refuses actions on more rows."""

    paginator: Any = LimitedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each facet counts the whole table

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LimitedChangeList

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        is_for_all = request.POST.get("select_across", "0") not in ("", "0", "false")
        if is_for_all and len(first_keys(queryset)) > MAX_LISTED_ROWS:
            note = gettext(
                "You selected more than %(most)d rows, so nothing was done. Search or filter to select fewer rows."
            )
            self.message_user(request, note % {"most": MAX_LISTED_ROWS}, messages.ERROR)  # type: ignore[attr-defined]  # a ModelAdmin's
            return None
        return super().response_action(request, queryset)  # type: ignore[misc]  # the same


class IndexedSearch:
    """A ModelAdmin with exact search in `search_columns` and (by `people_found`) in foreign keys `search_people`."""

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
        conditions: list[Any] = [(column, words) for column in self.search_columns]
        if self.search_people and (people := self.people_found(words)):
            conditions += [(f"{field}__in", people) for field in self.search_people]
        return queryset.filter(Q.create(conditions, connector=Q.OR)) if conditions else queryset.none(), False

    def people_found(self, words: str) -> list[int]:
        """Return the ids of the people whose whole email address or staff number is `words`, in any case or width."""
        return list(get_user_model()._default_manager.known_as(words).values_list("pk", flat=True))


class ListFiltersOnly:
    """A ModelAdmin that refuses URL parameters other than those of its list filters: lookups can reveal authors."""

    model: Any
    get_list_filter: Any

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        if "\0" in str(value):  # PostgreSQL refuses it
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


class TextFilter(ListFilter):
    """A list filter with a text field. Subclasses set `title` and `parameter_name` and define `queryset`."""

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


class RetryOnIntegrityError:
    """A ModelAdmin that runs its view again after an IntegrityError, so that the form shows the conflict."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]  # of the ModelAdmin
        except IntegrityError:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]
        except IntegrityError:
            return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]

    def save_related(self, *args: Any) -> None:
        super().save_related(*args)  # type: ignore[misc]
        check_deferred_constraints()

    def delete_model(self, *args: Any) -> None:
        super().delete_model(*args)  # type: ignore[misc]
        check_deferred_constraints()


def check_deferred_constraints() -> None:
    """On PostgreSQL, check deferred constraints now, not at commit. Raise IntegrityError if one is violated."""
    if connection.vendor == "postgresql":  # on SQLite the writer locks before the form is read
        connection.check_constraints()


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SuperusersOnly:
    """A ModelAdmin for superusers. Staff with a permission on the model cannot open it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)
