"""Pages of a user's API keys, and the API description: /api/."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from courseware.accounts.api_keys import MOST_DAYS, MOST_KEYS, ApiKey, end_key, make_key
from courseware.accounts.permissions.permissions import sees_reports
from courseware.accounts.security.reauthentication import asks_before_posting
from courseware.lib.dates import site_day
from courseware.lib.web.form_layout import DayInput, Fields
from courseware.lib.web.page_views import form_view, page_view, post_view, render_form
from courseware.reporting.api import endpoints

USUAL_DAYS = 90


class ApiKeyForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    name = forms.CharField(label=_("Name of the program that uses this key"), max_length=60)
    ends_on = forms.DateField(label=_("Last day"), widget=DayInput, initial=lambda: site_day() + timedelta(USUAL_DAYS))

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_name(self):
        name = self.cleaned_data["name"]
        if ApiKey.objects.filter(person=self.person, name=name).exists():
            raise forms.ValidationError(_("You already have a key with this name. Revoke it, or choose another name."))
        return name

    def clean_ends_on(self):
        day = self.cleaned_data["ends_on"]
        if not site_day() <= day <= site_day() + timedelta(MOST_DAYS):
            raise forms.ValidationError(_("Choose a date from today to 1 year from now."))
        return day

    def clean(self):
        if ApiKey.objects.filter(person=self.person).count() >= MOST_KEYS:
            raise forms.ValidationError(
                _("You already have the maximum of %(most)d keys. Revoke one first.") % {"most": MOST_KEYS}
            )
        return super().clean()


@form_view("reporting:api-keys", allowed=sees_reports, reauthenticate=asks_before_posting)
def keys(request):
    """A key is shown once, in the response to the request that made it."""
    form, secret = ApiKeyForm(request.POST or None, person=request.user), ""
    if request.method == "POST" and form.is_valid():
        secret = make_key(request.user, **form.cleaned_data)
        # If another request took the name or the last free key meanwhile, this form shows the error.
        form = ApiKeyForm(None if secret else request.POST, person=request.user)
    context = {
        "secret": secret,
        "keys": ApiKey.objects.filter(person=request.user).order_by("pk"),
        "address": settings.SITE_URL + endpoints.ROOT,
        "lists": endpoints.LISTS,
        "reads_a_minute": settings.API_REQUESTS_PER_MINUTE,
    }
    return render_form(request, "reporting/api_keys.html", form, context)


@post_view("reporting:api-keys", takes=())
def end(request, pk):
    if not end_key(request.user, pk):
        raise Http404
    messages.success(request, gettext("The key is revoked and no longer works."))
    return redirect("reporting:api-keys")


@require_safe
def description(request):
    return JsonResponse(endpoints.description()) if endpoints.owner_of_key(request) else description_to_person(request)


@page_view(allowed=sees_reports)
def description_to_person(request):
    return JsonResponse(endpoints.description())
