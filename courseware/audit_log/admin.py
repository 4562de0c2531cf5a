"""Admin pages of audit log events and checkpoints: read-only, for superusers."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from courseware.audit_log.models import Checkpoint, Event
from courseware.lib.admin.model_admins import IndexedSearch, LargeTableAdmin, ListFiltersOnly, ReadOnly, SuperusersOnly


@admin.register(Event)
class EventAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, LargeTableAdmin, IndexedSearch, admin.ModelAdmin):  # type: ignore[type-arg]  # a generic in the stubs only
    list_display = ["id", "at", "actor", "verb", "subject"]
    list_select_related = ["actor"]
    # No filters: a filter reads the whole log to list its choices.
    search_columns = ("subject", "verb")
    search_people = ("actor",)
    search_help_text = _(
        "Search by object (such as person:7), by event (such as signed-in), or by the email of the person who acted"
    )


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, LargeTableAdmin, admin.ModelAdmin):  # type: ignore[type-arg]  # a generic in the stubs only
    list_display = ["number", "at", "last_event", "count", "digest"]
    ordering = ["-number"]
