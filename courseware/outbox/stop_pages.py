"""/letters/stop/<token>/: unsubscribe without signing in; /letters/: subscriptions."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courseware.lib.page_views import form_on, form_view
from courseware.outbox.kinds import MESSAGE_KINDS, LetterSort, kinds_of_sort
from courseware.outbox.stopping import KindToStop, kinds_to_stop, read_token, stop_kind, stopped_of, turn_on_again


@csrf_exempt  # mail programs press it for their reader; that the address was signed is the right to
@require_http_methods(["GET", "HEAD", "POST"])
@form_on("outbox:stop", is_held=False)
@never_cache
def stop_by_letter(request: HttpRequest, token: str) -> HttpResponse:
    """Answers a POST with a page, because RFC 8058 wants no redirect."""
    wanted = read_token(token)
    if wanted is None:
        raise Http404
    if request.method == "POST":
        stop_kind(wanted)
    is_stopped = wanted.kind in stopped_of(wanted.person)
    context = {"words": MESSAGE_KINDS[wanted.kind].words, "is_stopped": is_stopped}
    return render(request, "outbox/stop.html", context)


@form_view("outbox:own-letters")
def own_letters(request: HttpRequest) -> HttpResponse:
    person = cast(AbstractBaseUser, request.user)  # nobody else is let in
    kinds = kinds_to_stop(person)
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        if kind in kinds:
            is_over = "stop" in request.POST
            (stop_kind if is_over else turn_on_again)(KindToStop(person, kind))
            said = _("No letters of this kind come any more.") if is_over else _("Letters of this kind come again.")
            messages.success(request, said)
        return redirect("outbox:own-letters")
    stopped = stopped_of(person)
    context = {
        "kinds": [(name, MESSAGE_KINDS[name], name in stopped) for name in kinds],
        "fixed": [MESSAGE_KINDS[name].words for name in kinds_of_sort(LetterSort.TRAINING)],
    }
    return render(request, "outbox/own_letters.html", context)
