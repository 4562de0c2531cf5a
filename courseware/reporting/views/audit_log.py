"""Page of the audit log: /audit-log/."""

from django.shortcuts import render

from courseware.accounts.permissions.permissions import may_read_log
from courseware.assignments.audit_log_labels import with_label
from courseware.audit_log.models import Event
from courseware.learning.record_access_log import record_access_of_auditor
from courseware.lib.admin.model_admins import MAX_LISTED_ROWS, LimitedPaginator
from courseware.lib.web.page_views import page_view
from courseware.reporting.forms import LogFilter

EVENTS_A_PAGE = 50


@page_view(allowed=may_read_log)
def log(request):
    record_access_of_auditor("audit-log", by=request.user)
    form = LogFilter(request.GET)
    events = form.chosen_from(Event.objects.select_related("actor").order_by("-pk"))
    page = LimitedPaginator(events, EVENTS_A_PAGE).get_page(request.GET.get("page"))
    page.object_list = with_label(page.object_list)
    context = {"form": form, "page": page, "most": MAX_LISTED_ROWS}
    return render(request, "reporting/audit_log.html", context)
