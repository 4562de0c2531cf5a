"""/people/new/list/: several new people, pasted."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext

from courseware.accounts.permissions import handles_people
from courseware.assignments.newcomer_forms import PastedPeopleForm
from courseware.assignments.pasted_people import MOST_ROWS, bring_in_all, read_rows
from courseware.lib.page_views import form_status, form_view, posted


@form_view(lambda: reverse("assignments:new-people"), allowed=handles_people)
def new_people(request):
    """What is posted as `act` is "go" once the list was looked at; else it is shown, row by row."""
    form, rows = PastedPeopleForm(posted(request)), []
    if form.is_valid():
        rows = read_rows(form.cleaned_data["people"])
        number = brought_in(request, form, rows)
        if number:
            words = ngettext("%(number)d person is here now.", "%(number)d people are here now.", number)
            messages.success(request, words % {"number": number})
            return redirect("assignments:new-people")
        rows, form = read_rows(form.cleaned_data["people"]), form.shown()  # as they are by now
    good = sum(not row.problem for row in rows)
    context = {"form": form, "rows": rows, "good": good, "most": MOST_ROWS}
    status = form_status(form) if form.errors or not form.is_bound else 200
    return render(request, "assignments/new_people.html", context, status=status)


def brought_in(request, form, rows):
    """How many; 0 where the list is to be looked at first, or somebody of it came in at this very moment."""
    if request.POST.get("act") != "go" or not form.is_seen or len(rows) > MOST_ROWS:
        return 0
    asked = {name: form.cleaned_data[name] for name in ("team", "courses", "due_on", "starts_on", "language")}
    try:
        return bring_in_all(rows, **asked, by=request.user)
    except ValidationError:
        return 0
