"""/people/<pk>/code/, /people/codes/: codes for people whom no letter reaches."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from courseware.accounts.freshness import asks_before_posting
from courseware.accounts.models import Membership, User
from courseware.accounts.permissions import handles_people, not_decided_by
from courseware.accounts.printed_codes import (
    CODES_AT_ONCE,
    give_codes,
    new_form_token,
    people_without_code,
    people_without_email,
    valid_codes,
)
from courseware.accounts.sign_in_codes import HOLDS_FOR, give_code, may_give_code
from courseware.assignments.people_forms import CodesForm
from courseware.lib.page_views import form_view
from courseware.lib.small_numbers import keys_in

CODES_SHOWN = 200  # people who have a valid code


@form_view("assignments:sign-in-code", is_held=False)
@never_cache
def sign_in_code(request, pk):
    person = get_object_or_404(User, pk=pk)
    if not may_give_code(request.user, person):
        raise Http404
    return code_page(request, person)


@asks_before_posting
def code_page(request, person):
    """The code stands on the answer alone: whoever loads the page again makes another one."""
    code = give_code(person, by=request.user) if request.method == "POST" else ""
    host = urlsplit(settings.SITE_URL).netloc
    return render(request, "assignments/sign_in_code.html", {"person": person, "code": code, "host": host})


@form_view("assignments:sign-in-codes", allowed=handles_people, is_held=False)
@never_cache
@asks_before_posting
def sign_in_codes(request):
    """Show the codes in the answer to the POST only. A form sent twice within two minutes shows the same codes."""
    at = timezone.now()
    if request.method == "POST":
        keys = keys_in(request.POST.getlist("person"))[:CODES_AT_ONCE]
        slips = give_codes(keys, request.POST.get("token", ""), by=request.user, at=at) if keys else []
        if slips:
            context = {"slips": with_teams(slips), "host": urlsplit(settings.SITE_URL).netloc}
            return render(request, "assignments/printed_codes.html", context)
        messages.info(
            request, gettext("No code was created: nobody was ticked, or everybody ticked has a valid code already.")
        )
        return redirect("assignments:sign-in-codes")
    form = CodesForm(request.GET)
    people = form.chosen_from(people_without_code(at).exclude(pk__in=not_decided_by(request.user)))
    have = form.chosen_from(people_without_email())
    context = {
        "form": form,
        "people": list(people[:CODES_AT_ONCE]),
        "number": people.count(),
        "most": CODES_AT_ONCE,
        "valid": list(valid_codes(have, at).select_related("person").order_by("person__name", "person")[:CODES_SHOWN]),
        "holds_for": HOLDS_FOR,
        "token": new_form_token(),
    }
    for code in context["valid"]:
        code.until = code.given_at + HOLDS_FOR
    return render(request, "assignments/sign_in_codes.html", context)


def with_teams(slips):
    """(slip, name of the team joined first). Runs one query."""
    places = Membership.objects.filter(person__in=[slip.person.pk for slip in slips]).order_by("-pk")
    teams = dict(places.values_list("person", "team__name"))
    return [(slip, teams.get(slip.person.pk, "")) for slip in slips]
