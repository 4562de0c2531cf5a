"""Before what hurts most, somebody shows once more who they are, unless they did so just now."""

import time

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.utils.decorators import method_decorator


def is_fresh(request):
    """Whether a password, a passkey or a code was given in the last minutes, at the sign-in or since.

    allauth's own rule does not count the sign-in itself.
    """
    given = get_authentication_records(request, request.user)
    return bool(given) and time.time() - given[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


# Decorates a view: with GET and POST it asks first, and what was posted goes on afterwards.
asks_who_it_is = reauthentication_required(app="courseware.accounts")
asks_before_posting = reauthentication_required(app="courseware.accounts", allow_get=True)


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
