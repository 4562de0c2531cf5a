"""Lists of Django's admin whose cost does not grow with the number of rows."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

MOST = 1_000  # rows that a list counts, and turns the pages of


def first_keys(rows: QuerySet[Any]) -> list[Any]:
    """At most MOST + 1 keys; the last shows that there are more."""
    return list(rows.values_list("pk", flat=True)[: MOST + 1])


class FirstRows(Paginator[Any]):
    """Paginates the first MOST rows, which are looked up once for counting and showing."""

    object_list: QuerySet[Any]

    @cached_property
    def keys(self) -> list[Any]:
        return first_keys(self.object_list)

    @cached_property
    def count(self) -> int:
        return min(len(self.keys), MOST)

    @property
    def has_more(self) -> bool:
        return len(self.keys) > MOST

    def rows(self, start: int, end: int) -> QuerySet[Any]:
        return self.object_list.filter(pk__in=self.keys[start:end])

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return Page(self.rows(start, min(start + self.per_page, self.count)), number, self)


class ListOfFirstRows(ChangeList):
    paginator: FirstRows

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.multi_page or (self.show_all and self.can_show_all):
            self.result_list = self.paginator.rows(0, self.result_count)
        if self.paginator.has_more:
            # Django would say "1000 results" above the list. Below it stands that there are more.
            self.full_result_count = self.result_count


class LongList:
    """A ModelAdmin whose list shows the first MOST matching rows."""

    paginator: Any = FirstRows
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would count the whole table

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ListOfFirstRows

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        is_for_all = request.POST.get("select_across", "0") not in ("", "0", "false")
        if is_for_all and len(first_keys(queryset)) > MOST:
            note = gettext("These are more than %(most)d. Nothing was done: search or filter for fewer.")
            self.message_user(request, note % {"most": MOST}, messages.ERROR)  # type: ignore[attr-defined]  # a ModelAdmin's
            return None
        return super().response_action(request, queryset)  # type: ignore[misc]  # the same
