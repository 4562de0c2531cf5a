"""/team/reports/monthly/: the report by letter each month, begun and stopped by one press."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext

from courseware.accounts.permissions import sees_reports
from courseware.lib.page_views import form_view
from courseware.reporting.monthly_reports import is_subscribed, subscribe, unsubscribe


@form_view("reporting:monthly-report", allowed=sees_reports)
def monthly(request):
    if request.method == "POST":
        stops = "stop" in request.POST
        (unsubscribe if stops else subscribe)(request.user)
        said = gettext("No more reports come by letter.") if stops else gettext("From now on it comes each month.")
        messages.success(request, said)
        return redirect("reporting:monthly-report")
    return render(request, "reporting/monthly.html", {"is_wanted": is_subscribed(request.user)})
