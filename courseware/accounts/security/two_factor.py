"""Two-factor sign-in, needed by people who handle records of others: app, passkey or recovery code."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin

from courseware.accounts.permissions.role_changes import drop_sessions
from courseware.accounts.security import resubmission
from courseware.accounts.security.sessions import handles_records
from courseware.accounts.sign_in.account_notices import notify
from courseware.accounts.sign_in.allauth_internals import get_authentication_records, record_authentication
from courseware.audit_log.record import record
from courseware.lib.web.page_views import full_page_redirect

# Prefixes of URL names allowed without a second factor; SETTING_UP only if the person has none.
OPEN_TO_ALL = ("account_", "mfa_reauthenticate", "set-language")
SETTING_UP = "mfa_"


def is_asked(request):
    """Return whether the site requires a second factor of the request's user."""
    return settings.TWO_FACTOR and request.user.is_authenticated and handles_records(request.session, request.user)


def mark_as_given(request, authenticator):
    """Count `authenticator`, which was just set up, as given in this session."""
    record_authentication(request, request.user, "mfa", id=authenticator.pk, type=authenticator.type)


def reset(person, *, by=None):
    """Remove second factors, end sessions, notify, log. `by`: None for the command. Return False if there is none."""
    with transaction.atomic():
        number, _ = Authenticator.objects.filter(user=person).delete()
        if not number:
            return False
        drop_sessions(person)
        record("two-factor-reset", actor=by, subject=person)
    notify(person, "two-factor-reset")
    return True


def log_added(sender, user, authenticator, **kwargs):
    """Receiver of allauth's signal: log a new second factor, but no recovery codes."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record("two-factor-added", actor=user, subject=user, data={"type": authenticator.type})


def log_removed(sender, user, authenticator, **kwargs):
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record("two-factor-removed", actor=user, subject=user, data={"type": authenticator.type})


class TwoFactorMiddleware(MiddlewareMixin):
    """Redirect people who need a second factor to the page where they set it up or give it."""

    def process_view(self, request, view, arguments, places):
        if not is_asked(request):
            return None
        name = request.resolver_match.url_name or ""
        steps = get_authentication_records(request, request.user)
        if name.startswith(OPEN_TO_ALL) or any(step["method"] == "mfa" for step in steps):
            return None
        has_one = Authenticator.objects.filter(user=request.user).exists()
        if name.startswith(SETTING_UP) and not has_one:
            return None
        response = redirect("mfa_reauthenticate" if has_one else "mfa_activate_totp")
        if request.method == "POST" and not request.htmx and getattr(view, "is_held", False):
            return self.holding(request, response, view.page_of_form(**places))
        return full_page_redirect(request, response)

    def holding(self, request, response, page_of_form):
        """Store the posted form, and link it from the page to which `response` redirects. Return `response`."""
        if resubmission.hold(request, response, page_of_form):
            response["Location"] += f"?next={reverse('unsent-form')}"
        return response
