from django.contrib import admin

from courseware.evidence.models import Event
from courseware.lib.admin_rights import ReadOnly, SuperusersOnly
from courseware.lib.list_filters import ListFiltersOnly


@admin.register(Event)
class EventAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # a generic in the stubs only
    """The log to read, for superusers. Nothing can be added, changed or deleted here."""

    list_display = ["number", "at", "actor", "verb", "subject"]
    list_filter = ["verb"]
    list_select_related = ["actor"]
    search_fields = ["=subject", "=verb", "=actor__email"]
    show_full_result_count = False  # the log is the longest table of all
