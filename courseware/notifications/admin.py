"""Admin page of outgoing emails: read-only, for superusers."""

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courseware.lib.admin.model_admins import IndexedSearch, LargeTableAdmin, ListFiltersOnly, ReadOnly, SuperusersOnly
from courseware.notifications.models import DeliveryState, OutgoingEmail


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(ReadOnly, SuperusersOnly, ListFiltersOnly, LargeTableAdmin, IndexedSearch, admin.ModelAdmin):
    list_display = ("about", "person", "address", "written_at", "state", "why", "tries", "next_try")
    list_filter = ["state"]
    list_select_related = ["person"]
    search_columns = ("address",)
    search_people = ("person",)
    fields = readonly_fields = (*list_display, "ended_at")

    @admin.display(description=_("type"))
    def about(self, email: OutgoingEmail) -> str | Promise:
        return email.words

    @admin.display(description=_("next attempt"))
    def next_try(self, email: OutgoingEmail) -> object:
        return email.next_at if email.state == DeliveryState.QUEUED else None
