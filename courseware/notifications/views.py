"""Pages of the signed-in person's notifications and email settings, and the unsubscribe page."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courseware.lib.admin.model_admins import LimitedPaginator
from courseware.lib.web.form_numbers import keys_in
from courseware.lib.web.page_views import form_on, form_view, post_view
from courseware.notifications.email.email_types import EMAIL_TYPES, EmailCategory, email_types_of
from courseware.notifications.inbox import in_words, mark_read
from courseware.notifications.models import Notification
from courseware.notifications.unsubscribe import (
    opt_outs_of,
    read_token,
    resubscribe,
    types_to_unsubscribe,
    unsubscribe_from,
)

LINES_A_PAGE = 50


@form_view("notifications:inbox")
def inbox(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        for up_to in keys_in([request.POST.get("up_to", "")]):
            mark_read(request.user.pk, up_to=up_to)
        return redirect("notifications:inbox")
    own = LimitedPaginator(Notification.objects.of(request.user.pk), LINES_A_PAGE)
    page = own.get_page(request.GET.get("page"))
    context = {"page": page, "lines": in_words(page.object_list), "up_to": next(iter(own.keys), 0)}
    return render(request, "notifications/inbox.html", context)


@post_view("notifications:inbox", takes=())
def open_notification(request: HttpRequest, pk: int) -> HttpResponse:
    notification = get_object_or_404(Notification.objects.of(request.user.pk), pk=pk)
    [(_notification, text)] = in_words([notification])
    Notification.objects.unread().filter(pk=notification.pk).update(read_at=timezone.now())
    return redirect(text.address or "notifications:inbox")


@csrf_exempt  # mail programs send it without a session; the signed URL is the permission
@require_http_methods(["GET", "HEAD", "POST"])
@form_on("notifications:unsubscribe", is_held=False)
@never_cache
def unsubscribe_by_email(request: HttpRequest, token: str) -> HttpResponse:
    """Answer a POST with a page, because RFC 8058 forbids redirects."""
    found = read_token(token)
    if found is None:
        raise Http404
    if request.method == "POST":
        unsubscribe_from(*found)
    person, kind = found
    context = {"words": EMAIL_TYPES[kind].words, "is_stopped": kind in opt_outs_of(person)}
    return render(request, "notifications/unsubscribe.html", context)


@form_view("notifications:email-settings")
def own_email_settings(request: HttpRequest) -> HttpResponse:
    person = cast(AbstractBaseUser, request.user)  # form_view requires sign-in
    kinds = types_to_unsubscribe(person)
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        if kind in kinds:
            unsubscribes = "stop" in request.POST
            (unsubscribe_from if unsubscribes else resubscribe)(person, kind)
            message = (
                _("You will no longer get emails of this type.")
                if unsubscribes
                else _("You will get emails of this type again.")
            )
            messages.success(request, message)
        return redirect("notifications:email-settings")
    opt_outs = opt_outs_of(person)
    context = {
        "kinds": [(name, EMAIL_TYPES[name], name in opt_outs) for name in kinds],
        "fixed": [EMAIL_TYPES[name].words for name in email_types_of(EmailCategory.TRAINING)],
    }
    return render(request, "notifications/email_settings.html", context)
