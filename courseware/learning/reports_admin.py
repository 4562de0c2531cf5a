from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from courseware.content.course_titles import CourseTitleFilter
from courseware.learning.models import LessonReport
from courseware.lib.list_filters import ListFiltersOnly
from courseware.lib.long_lists import LongList


@admin.register(LessonReport)
class LessonReportAdmin(ListFiltersOnly, LongList, admin.ModelAdmin):
    """Reports on lessons, for editors: nothing shows who sent one, not even a number."""

    list_display = ["document", "language", "comment", "day", "is_settled"]
    list_filter = [("settled_at", admin.EmptyFieldListFilter), ("document__course", CourseTitleFilter), "language"]
    list_select_related = ["document"]
    search_fields = ["document__identifier", "comment"]
    fields = readonly_fields = ("document", "release", "language", "comment", "day", "settled_at")
    actions = ["settle"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description=_("reported"), ordering="reported_at")
    def day(self, report):
        return timezone.localdate(report.reported_at)

    @admin.display(description=_("settled"), boolean=True)
    def is_settled(self, report):
        return report.settled_at is not None

    @admin.action(description=_("Settled"), permissions=["change"])
    def settle(self, request, reports):
        settled = reports.filter(settled_at=None).update(settled_at=timezone.now())
        note = ngettext("%(count)d report is settled.", "%(count)d reports are settled.", settled)
        self.message_user(request, note % {"count": settled}, messages.SUCCESS)
