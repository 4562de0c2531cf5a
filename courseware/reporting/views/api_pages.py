"""/api/: the own keys for programs, and what programs may ask."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from courseware.accounts.api_keys import ApiKey, end_key, make_key
from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.permissions import sees_reports
from courseware.lib.page_views import form_view, page_view, post_view, render_form
from courseware.reporting import api
from courseware.reporting.api_key_forms import ApiKeyForm


@form_view("reporting:api-keys", allowed=sees_reports, reauthenticate=asks_before_posting)
def keys(request):
    """A key is on the answer to the press that made it, and nowhere afterwards."""
    form, secret = ApiKeyForm(request.POST or None, person=request.user), ""
    if request.method == "POST" and form.is_valid():
        secret = make_key(request.user, **form.cleaned_data)
        # Where another form was quicker, looking through this one again says what it has taken.
        form = ApiKeyForm(None if secret else request.POST, person=request.user)
    context = {
        "secret": secret,
        "keys": ApiKey.objects.filter(person=request.user).order_by("pk"),
        "address": settings.SITE_URL + api.ROOT,
        "lists": api.LISTS,
        "reads_a_minute": settings.READS_A_MINUTE,
    }
    return render_form(request, "reporting/api_keys.html", form, context)


@post_view("reporting:api-keys", takes=())
def end(request, pk):
    if not end_key(request.user, pk):
        raise Http404
    messages.success(request, gettext("The key has ended: it opens nothing any more."))
    return redirect("reporting:api-keys")


@require_safe
def description(request):
    """To who is signed in, and to programs."""
    return JsonResponse(api.description()) if api.owner_of_key(request) else description_to_person(request)


@page_view(allowed=sees_reports)
def description_to_person(request):
    return JsonResponse(api.description())
