"""Reauthentication: important actions ask for the password again after some minutes."""

import time

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.utils.decorators import method_decorator
from django.utils.deprecation import MiddlewareMixin

from courseware.accounts.models import Membership
from courseware.accounts.sign_in.allauth_internals import STATE_SESSION_KEY, get_authentication_records


def is_fresh(request):
    """Return whether the user gave a password or code, or signed in, within ACCOUNT_REAUTHENTICATION_TIMEOUT."""
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


# Decorators of views. The first asks for GET and POST; a posted form is sent on afterwards.
requires_reauthentication = reauthentication_required(app="courseware.accounts")
asks_before_posting = reauthentication_required(app="courseware.accounts", allow_get=True)
# Asks only if the form gives a person the role of a manager.
asks_before_appointing = reauthentication_required(
    app="courseware.accounts", enabled=lambda request: request.POST.get("role") == Membership.Role.MANAGER
)


class ReauthenticationMiddleware(MiddlewareMixin):
    """Before a reauthentication, forget an earlier interrupted form: only the last one is sent on."""

    def process_exception(self, request, exception):
        if isinstance(exception, ReauthenticationRequired):
            request.session.pop(STATE_SESSION_KEY, None)
            if request.method == "POST" and request.GET:
                # allauth finds the form by its URL without a query; it stores `GET` itself.
                request.META["QUERY_STRING"] = ""


class AsksForReauthentication:
    """A ModelAdmin whose changes require reauthentication."""

    @method_decorator(requires_reauthentication)
    def changeform_view(self, request, *args, **kwargs):
        return super().changeform_view(request, *args, **kwargs)

    @method_decorator(requires_reauthentication)
    def delete_view(self, request, *args, **kwargs):
        return super().delete_view(request, *args, **kwargs)

    @method_decorator(asks_before_posting)
    def changelist_view(self, request, *args, **kwargs):
        return super().changelist_view(request, *args, **kwargs)
