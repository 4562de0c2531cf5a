"""/people/reminders/: on which days people are reminded, by course and by rule."""

from http import HTTPStatus

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from courseware.accounts.permissions import handles_people
from courseware.assignments.reminder_forms import RemindersForm
from courseware.assignments.reminder_planning import keep_plans, switch_escalation
from courseware.lib.page_views import form_view, posted


@form_view("assignments:reminders", allowed=handles_people)
def reminders(request):
    form = RemindersForm(posted(request))
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, "assignments/reminders.html", {"form": form}, status=status)
    changed = keep_plans(form.chosen(), by=request.user)
    if "escalates" in form.changed_data:
        changed += switch_escalation(form.cleaned_data["escalates"], by=request.user)
    messages.success(request, _("The reminders were changed.") if changed else _("Nothing was changed."))
    return redirect("assignments:reminders")
