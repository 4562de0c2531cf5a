"""allauth's adapters: throttle and log sign-in, encrypt secrets, and send our notices."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from courseware.accounts.api_keys import end_all_keys
from courseware.accounts.models import merge_of
from courseware.accounts.people.demo_accounts import is_shut_out
from courseware.accounts.security import trusted_devices, two_factor_secrets
from courseware.accounts.security.reauthentication import is_fresh
from courseware.accounts.sign_in import throttling
from courseware.accounts.sign_in.account_notices import notify
from courseware.accounts.sign_in.allauth_internals import clear_login
from courseware.accounts.sign_in.failed_sign_ins import log_failed_sign_in
from courseware.accounts.sign_in.identifiers import person_by_name
from courseware.accounts.sign_in.return_urls import is_own_url
from courseware.audit_log.record import record

NOTICES = {
    "account/email/password_changed": "password-set",
    "account/email/password_reset": "password-set",
    "mfa/email/totp_activated": "two-factor-added",
    "mfa/email/webauthn_added": "two-factor-added",
    "mfa/email/totp_deactivated": "two-factor-removed",
    "mfa/email/webauthn_removed": "two-factor-removed",
    "mfa/email/recovery_codes_generated": "codes-renewed",
}


class TwoFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _(
            "This code is wrong or has expired. Your authenticator app shows a new code every 30 seconds. "
            "Enter the code that it shows now."
        ),
    }

    encrypt = staticmethod(two_factor_secrets.encrypt)
    decrypt = staticmethod(two_factor_secrets.decrypt)

    def generate_authenticator_name(self, user, type):
        return trusted_devices.in_words(
            context.request.headers.get("User-Agent", "")
        ) or super().generate_authenticator_name(user, type)


class AccountAdapter(DefaultAccountAdapter):
    """allauth without sign-up and without redirects to other hosts; logs sign-ins and sign-outs."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "That email (or staff number) and password don’t match. Try again, or get a sign-in link by email."
        ),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("This is not your password."),
    }

    def get_client_ip(self, request):
        """Return the client's IP address; the proxy's if a request has fewer addresses than `PROXIES`."""
        try:
            return super().get_client_ip(request)
        except ImproperlyConfigured:
            return request.META["REMOTE_ADDR"]

    def is_open_for_signup(self, request):
        return False

    def is_safe_url(self, url):
        return is_own_url(url, self.request)

    def get_password_change_redirect_url(self, request):
        return reverse("home")

    def pre_login(self, request, user, **kwargs):
        if is_shut_out(user):
            clear_login(request)
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def login(self, request, user):
        super().login(request, user)
        record("signed-in", actor=user, subject=user)

    def logout(self, request):
        record("signed-out", actor=request.user, subject=request.user)
        super().logout(request)

    def post_login(self, request, user, **kwargs):
        response = super().post_login(request, user, **kwargs)
        if trusted_devices.remember(request, response, user):
            notify(user, "new-device", detail=trusted_devices.in_words(self.get_http_user_agent(request)))
        return response

    # Below, `email` is the normalized sign-in name: an email address or a staff number.

    def pre_authenticate(self, request, *, email, **credentials):
        # Replaces allauth's limit per account, with which a stranger could lock out the owner.
        if seconds := throttling.before_password(request, email):
            raise ValidationError(
                _("Too many attempts. Try again in %(wait)s, or get a sign-in link by email."),
                params={"wait": throttling.in_words(seconds)},
            )

    def authenticate(self, request, **credentials):
        user = super().authenticate(request, **credentials)
        if user:
            throttling.right_password(request, user)
        return user

    def reauthenticate(self, user, password):
        return self.authenticate(self.request, email=user.sign_in_name, password=password) == user

    def authentication_failed(self, request, **credentials):
        # The same work for known and unknown names, so that answer and time do not distinguish them.
        name = credentials.get("email", "")
        throttling.wrong_password(request, name)
        log_failed_sign_in(name, person_by_name(name).first())

    def respond_user_inactive(self, request, user):
        record("sign-in-refused", subject=user)
        if merge := merge_of(user):  # after the right password the name may be shown
            message = _("Your 2 accounts were merged. Sign in with %(name)s and the password of that account.")
            messages.info(request, message % {"name": merge.kept.sign_in_name})
            return redirect("account_login")
        return super().respond_user_inactive(request, user)

    @transaction.atomic
    def set_password(self, user, password):
        user.set_password(password)
        user.save(update_fields=["password"])
        trusted_devices.forget_all(user)
        end_all_keys(user, by=user)
        throttling.new_password(self.request, user)
        record("password-set", actor=user, subject=user)

    def is_reauthentication_required(self, *, app, **kwargs):
        return settings.REQUIRE_REAUTHENTICATION and not is_fresh(self.request)

    def send_notification_mail(self, template_prefix, user, context=None, email=None):
        if user.last_login and template_prefix in NOTICES:  # no notice about the first password
            notify(user, NOTICES[template_prefix])
