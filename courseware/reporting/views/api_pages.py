"""/api/: the own keys for programs, and what programs may ask."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseware.accounts.api_keys import ApiKey, end_key, make_key
from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.permissions import sees_reports
from courseware.lib.form_pages import form_on
from courseware.lib.form_status import form_status
from courseware.reporting import api
from courseware.reporting.api_key_forms import ApiKeyForm


def keys_address(**places):
    return reverse("reporting:api-keys")


def reader_or_404(user):
    if not sees_reports(user):
        raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
@form_on(keys_address)
@login_required
@asks_before_posting
def keys(request):
    """A key is on the answer to the press that made it, and nowhere afterwards."""
    reader_or_404(request.user)
    form, secret = ApiKeyForm(request.POST or None, person=request.user), ""
    if request.method == "POST" and form.is_valid():
        secret = make_key(request.user, **form.cleaned_data)
        # Where another form was quicker, looking through this one again says what it has taken.
        form = ApiKeyForm(None if secret else request.POST, person=request.user)
    context = {
        "form": form,
        "secret": secret,
        "keys": ApiKey.objects.filter(person=request.user).order_by("pk"),
        "address": settings.SITE_URL + api.ROOT,
        "lists": api.LISTS,
        "reads_a_minute": settings.READS_A_MINUTE,
    }
    return render(request, "reporting/api_keys.html", context, status=form_status(form))


@require_POST
@form_on(keys_address)
@login_required
def end(request, pk):
    if not end_key(request.user, pk):
        raise Http404
    messages.success(request, gettext("The key has ended: it opens nothing any more."))
    return redirect("reporting:api-keys")


@require_safe
def description(request):
    """To who is signed in, and to programs."""
    return JsonResponse(api.description()) if api.owner_of_key(request) else description_to_person(request)


@login_required
def description_to_person(request):
    reader_or_404(request.user)
    return JsonResponse(api.description())
