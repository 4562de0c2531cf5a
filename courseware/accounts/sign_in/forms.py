"""Sign-in and password forms: allauth's, with labels above the fields instead of placeholders."""

from collections.abc import Mapping

from allauth.account import forms
from django.forms import CharField, Form, TextInput
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.sign_in.identifiers import plain_name, reached_by
from courseware.accounts.sign_in.invitations import mail_new_link
from courseware.lib.web.form_layout import Fields


class OurFields:
    labels: Mapping[str, str | Promise] = {}
    help_texts: Mapping[str, str | Promise] = {}
    helper = Fields(error_summary=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = self.labels.get(name, field.label)
            field.help_text = self.help_texts.get(name, "")
            field.widget.attrs.pop("placeholder", None)
        if not self.is_bound:  # with errors, the summary takes the focus
            next(iter(self.fields.values())).widget.attrs["autofocus"] = True


class NewPassword(OurFields):
    labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("Repeat new password"),
    }
    help_texts = {"password1": _("Use at least 8 characters, for example 3 or 4 words that only you would combine.")}


def name_field():
    """Return a field for an email address or a staff number."""
    # For password managers, and for phones: a keyboard with @ and without corrections.
    attributes = {"autocomplete": "username", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
    return CharField(max_length=254, widget=TextInput(attributes))


class IdentifierForm(forms.LoginForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"] = name_field()

    def clean_login(self):
        return plain_name(self.cleaned_data["login"])


class SignInForm(OurFields, IdentifierForm):
    labels = {"login": _("Email or staff number"), "password": _("Password")}


class CodeToSignInForm(OurFields, Form):
    name = name_field()
    code = CharField(
        max_length=40,
        widget=TextInput({"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    labels = {"name": _("Email or staff number"), "code": _("Sign-in code")}
    help_texts = {"code": _("Enter the 8 letters and digits that you were given.")}

    def clean_name(self):
        return plain_name(self.cleaned_data["name"])


class PasswordLinkForm(OurFields, forms.ResetPasswordForm):
    email = name_field()  # allauth's name for it
    labels = {"email": _("Email or staff number")}

    def clean_email(self):
        name = plain_name(self.cleaned_data["email"])
        if "@" in name:  # an email goes there, so check the whole address
            User._meta.get_field("email").run_validators(name)
        self.users = list(reached_by(name))
        return name

    def save(self, request, **kwargs):
        mail_new_link(self.cleaned_data["email"], self.users, language=get_language())
        return self.cleaned_data["email"]


class ChangePasswordForm(NewPassword, forms.ChangePasswordForm):
    pass


class SetPasswordForm(NewPassword, forms.SetPasswordForm):
    pass


class PasswordFromLinkForm(NewPassword, forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(OurFields, forms.ReauthenticateForm):
    labels = {"password": _("Password")}
