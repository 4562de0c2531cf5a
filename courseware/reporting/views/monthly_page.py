"""/team/reports/monthly/: the report by letter each month, begun and stopped by one press."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from courseware.accounts.permissions import sees_reports
from courseware.lib.form_pages import form_on
from courseware.reporting.monthly_reports import is_subscribed, subscribe, unsubscribe


def monthly_address(**places):
    return reverse("reporting:monthly-report")


@require_http_methods(["GET", "HEAD", "POST"])
@form_on(monthly_address)
@login_required
def monthly(request):
    if not sees_reports(request.user):
        raise Http404
    if request.method == "POST":
        stops = "stop" in request.POST
        (unsubscribe if stops else subscribe)(request.user)
        said = gettext("No more reports come by letter.") if stops else gettext("From now on it comes each month.")
        messages.success(request, said)
        return redirect("reporting:monthly-report")
    return render(request, "reporting/monthly.html", {"is_wanted": is_subscribed(request.user)})
