"""Before what hurts most, somebody shows once more who they are, unless they did so just now."""

import time

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.utils.decorators import method_decorator

from courseware.accounts.allauth_internals import STATE_SESSION_KEY, get_authentication_records
from courseware.accounts.models import Membership


def is_fresh(request):
    """Whether a password, a passkey or a code was given in the last minutes, at the sign-in or since.

    allauth's own rule does not count the sign-in itself.
    """
    given = get_authentication_records(request, request.user)
    return bool(given) and time.time() - given[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


# Decorates a view: with GET and POST it asks first, and what was posted goes on afterwards.
asks_who_it_is = reauthentication_required(app="courseware.accounts")
asks_before_posting = reauthentication_required(app="courseware.accounts", allow_get=True)
# The same, but only if the form gives somebody the role of a manager.
asks_before_appointing = reauthentication_required(
    app="courseware.accounts", enabled=lambda request: request.POST.get("role") == Membership.Role.MANAGER
)


class FreshnessMiddleware:
    """Decides what goes on after somebody has shown who they are: the form sent last, or the page asked for last.

    Stands behind allauth's, which keeps the form. Without this one a form that was left at the question would be sent
    hours later, when somebody asks for no more than its page.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, ReauthenticationRequired):
            request.session.pop(STATE_SESSION_KEY, None)
            if request.method == "POST" and request.GET:
                # allauth looks for the form under its address, which may have no query then; it keeps `GET` itself.
                request.META["QUERY_STRING"] = ""


class AsksWhoItIs:
    """A ModelAdmin whose rows say who may do and see what."""

    @method_decorator(asks_who_it_is)
    def changeform_view(self, request, *args, **kwargs):
        return super().changeform_view(request, *args, **kwargs)

    @method_decorator(asks_who_it_is)
    def delete_view(self, request, *args, **kwargs):
        return super().delete_view(request, *args, **kwargs)

    @method_decorator(asks_before_posting)
    def changelist_view(self, request, *args, **kwargs):
        return super().changelist_view(request, *args, **kwargs)
