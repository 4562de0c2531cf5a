"""/people/reminders/: on which days people are reminded, by course and by rule."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from courseware.assignments.people_pages import hr_or_404
from courseware.assignments.reminder_forms import RemindersForm
from courseware.assignments.reminder_planning import keep_plans, switch_escalation
from courseware.lib.form_pages import form_on


def reminders_address():
    return reverse("assignments:reminders")


@require_http_methods(["GET", "HEAD", "POST"])
@form_on(reminders_address)
@login_required
def reminders(request):
    hr_or_404(request.user)
    form = RemindersForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, "assignments/reminders.html", {"form": form}, status=status)
    changed = keep_plans(form.chosen(), by=request.user)
    if "escalates" in form.changed_data:
        changed += switch_escalation(form.cleaned_data["escalates"], by=request.user)
    messages.success(request, _("The reminders were changed.") if changed else _("Nothing was changed."))
    return redirect("assignments:reminders")
