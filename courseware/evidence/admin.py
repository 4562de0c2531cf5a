from django.contrib import admin
from django.http import HttpRequest

from courseware.evidence.models import Event
from courseware.lib.list_filters import ListFiltersOnly


@admin.register(Event)
class EventAdmin(ListFiltersOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # a generic in the stubs only
    """The log to read, for superusers. Nothing can be added, changed or deleted here."""

    list_display = ["number", "at", "actor", "verb", "subject"]
    list_filter = ["verb"]
    list_select_related = ["actor"]
    search_fields = ["=subject", "=verb", "=actor__email"]
    show_full_result_count = False  # the log is the longest table of all

    def has_view_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return request.user.is_active and request.user.is_superuser

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
