"""Who stands in for a manager: /team/substitutes/ for the manager, /people/<pk>/substitutes/ for human resources."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import handles_people, may_place
from courseware.accounts.person_field import PersonField
from courseware.accounts.standing_in import end_substitute, name_substitute
from courseware.accounts.substitutes import Substitute
from courseware.assignments.people_forms import DayInput
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields
from courseware.lib.page_views import form_view, post_view, render_form


class SubstituteForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    person = PersonField(label=_("Who stands in (e-mail or staff number)"))
    first_day = forms.DateField(label=_("First day"), widget=DayInput)
    last_day = forms.DateField(label=_("Last day"), widget=DayInput)

    def __init__(self, *args, lead, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.lead, self.by = lead, by

    def clean_person(self):
        person = self.cleaned_data["person"]
        if person == self.lead:
            raise forms.ValidationError(_("This is the person who is away."))
        if self.by != self.lead and not may_place(self.by, person):
            raise forms.ValidationError(_("For this person, please ask an admin."))
        return person

    def clean_last_day(self):
        day = self.cleaned_data["last_day"]
        if day < site_day():
            raise forms.ValidationError(_("This day is over. Choose today or a later one."))
        return day

    def clean(self):
        super().clean()
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first one."))


def substitutes_address(pk=None, **places):
    return reverse("assignments:own-substitutes") if pk is None else reverse("assignments:substitutes", args=[pk])


def lead_or_404(user, pk):
    """Whose substitutes these are: of oneself, or of somebody whom human resources handle."""
    lead = user if pk is None else get_object_or_404(User, pk=pk)
    if pk is not None and not (handles_people(user) and may_place(user, lead)):
        raise Http404
    if not lead.memberships.filter(role=Membership.Role.MANAGER).exists():
        raise Http404
    return lead


@form_view(substitutes_address, reauthenticate=asks_before_posting)
def substitutes(request, pk=None):
    lead = lead_or_404(request.user, pk)
    form = SubstituteForm(request.POST or None, lead=lead, by=request.user)
    if form.is_valid():
        name_substitute(lead, **form.cleaned_data, by=request.user)
        note = gettext("%(name)s stands in for %(lead)s.")
        messages.success(request, note % {"name": form.cleaned_data["person"].name, "lead": lead.name})
        return redirect(substitutes_address(pk))
    named = Substitute.objects.filter(lead=lead, ended_at=None, last_day__gte=site_day()).order_by("first_day", "pk")
    context = {"lead": lead, "is_own": pk is None, "named": named.select_related("person")}
    return render_form(request, "assignments/substitutes.html", form, context)


@post_view(substitutes_address)
def end(request, substitute, pk=None):
    lead = lead_or_404(request.user, pk)
    found = get_object_or_404(Substitute.objects.select_related("lead", "person"), pk=substitute, lead=lead)
    if end_substitute(found, by=request.user):
        note = gettext("%(name)s does not stand in for %(lead)s any more.")
        messages.success(request, note % {"name": found.person.name, "lead": lead.name})
    return redirect(substitutes_address(pk))
