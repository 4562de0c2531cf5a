"""Two-factor views: pages to set up, give and remove a second factor. They are allauth's views with our forms."""

import json
from contextlib import contextmanager
from textwrap import wrap

from allauth.core import context
from allauth.mfa.base import forms as base_forms
from allauth.mfa.base import views as base
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import forms as passkey_forms
from allauth.mfa.webauthn import views as passkeys
from django.core.exceptions import ValidationError
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.security import resubmission, two_factor
from courseware.accounts.sign_in import throttling
from courseware.accounts.sign_in.failed_sign_ins import forget_wrong_codes, note_wrong_code
from courseware.accounts.sign_in.forms import OurFields
from courseware.accounts.sign_in.views import Says422


class CodeFields(OurFields):
    labels = {"code": _("Code")}
    help_texts = {"code": _("Enter the 6 digits that your authenticator app shows now, or a recovery code.")}


class ThrottledCodes(CodeFields):
    """Throttle wrong codes like wrong passwords, and email the owner of the account."""

    too_soon = _("Too many wrong codes. Try again in %(wait)s.")

    def clean_code(self):
        request = context.request
        if seconds := throttling.before_second_step(request, self.user):
            raise ValidationError(self.too_soon, params={"wait": throttling.in_words(seconds)})
        try:
            code = super().clean_code()
        except ValidationError:
            throttling.wrong_password(request, self.user.sign_in_name, throttling.SECOND_STEPS)
            note_wrong_code(self.user)
            raise
        throttling.right_second_step(request, self.user)
        forget_wrong_codes(self.user)
        return code


class CodeForm(ThrottledCodes, base_forms.AuthenticateForm):
    pass


class CodeAgainForm(ThrottledCodes, base_forms.ReauthenticateForm):
    pass


class NewAppForm(CodeFields, totp_forms.ActivateTOTPForm):
    help_texts = {"code": _("Enter the 6 digits that your authenticator app shows now.")}


@contextmanager
def only_from_a_browser():
    """Raise ValidationError instead of the errors that allauth raises on malformed answers of passkeys."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValidationError(_("The passkey could not be read. Try again.")) from None


class NewPasskeyForm(OurFields, passkey_forms.AddWebAuthnForm):
    labels = {"name": _("Name of the passkey")}
    help_texts = {"name": _("For example: my laptop, my phone.")}

    def clean(self):
        with only_from_a_browser():
            return super().clean()


class PasskeyForm(passkey_forms.AuthenticateWebAuthnForm):
    def clean_credential(self):
        with only_from_a_browser():
            return super().clean_credential()


class PasskeyAgainForm(PasskeyForm):
    reauthenticated = True


class PasskeyOptions:
    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if "js_data" in context:
            [options] = context.pop("js_data").values()
            context["passkey_options"] = json.dumps(options)
        return context


class CodeView(PasskeyOptions, Says422, base.AuthenticateView):
    form_class = CodeForm
    webauthn_form_class = PasskeyForm

    def get_context_data(self, **kwargs):
        own = Authenticator.objects.filter(user=self.stage.login.user, type=Authenticator.Type.WEBAUTHN)
        return super().get_context_data(**kwargs) | {"has_passkey": own.exists()}


class CodeAgainView(Says422, base.ReauthenticateView):
    form_class = CodeAgainForm


class PasskeyAgainView(PasskeyOptions, passkeys.ReauthenticateWebAuthnView):
    form_class = PasskeyAgainForm


class TellsWhetherAsked:
    def get_context_data(self, **kwargs):
        return super().get_context_data(is_asked=two_factor.is_asked(self.request), **kwargs)


class OwnFactorsView(TellsWhetherAsked, base.IndexView):
    pass


class NewAppView(TellsWhetherAsked, Says422, totp.ActivateTOTPView):
    form_class = NewAppForm

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {"key": wrap(context["form"].secret, 4)}

    def form_valid(self, form):
        response = super().form_valid(form)
        app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        two_factor.mark_as_given(self.request, app)
        return response


class NewPasskeyView(PasskeyOptions, Says422, passkeys.AddWebAuthnView):
    form_class = NewPasskeyForm

    def form_valid(self, form):
        response = super().form_valid(form)
        own = Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.WEBAUTHN)
        two_factor.mark_as_given(self.request, own.latest("pk"))
        return response


class RemovePasskeyView(passkeys.RemoveWebAuthnView):
    success_url = reverse_lazy("mfa_index")


class OwnCodesView(codes.ViewRecoveryCodesView):
    def get_context_data(self, **kwargs):
        way_on = reverse("unsent-form" if resubmission.pending_submission(self.request) else "home")
        return super().get_context_data(way_on=way_on, **kwargs)


class NewCodesView(Says422, codes.GenerateRecoveryCodesView):
    pass
