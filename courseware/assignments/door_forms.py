"""The form of a door into a chat group."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import Team
from courseware.assignments.group_doors import GroupDoor
from courseware.lib.form_layout import Fields
from courseware.outbox.chat_cards import SERVICES
from courseware.outbox.chat_doors import check_address

SECRET = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}


class GroupDoorForm(forms.ModelForm):
    """Address and secret are taken, and never shown again. With another address comes another secret, or none."""

    helper = Fields(error_summary=True, marks_required=True)

    new_address = forms.CharField(label=_("Address of the robot"), max_length=1000, widget=forms.TextInput(SECRET))
    new_secret = forms.CharField(
        label=_("Secret to sign with"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(SECRET),  # not shown again in a form that is refused
        help_text=_("Of DingTalk and Feishu, where the robot is set to want a signature. Else leave it empty."),
    )

    class Meta:
        model = GroupDoor
        fields = ("team", "service", "language", "is_for_leads", "is_on")
        help_texts = {
            "team": _("With all teams below it."),
            "service": _("Teams: addresses at logic.azure.com can belong to anybody. Use a workflow of your company."),
            "is_for_leads": _(
                "Then it says how many stand where. Else it says only how many are late or due soon, "
                "and nothing where fewer than five people learn."
            ),
        }

    field_order = ("team", "service", "new_address", "new_secret", "language", "is_for_leads", "is_on")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.only("name")
        self.fields["team"].empty_label = _("choose a team")
        self.fields["new_address"].required = self.instance.pk is None
        if self.instance.pk:
            hint = _("Now %(address)s. Empty: it stays, and so does its secret.")
            self.fields["new_address"].help_text = hint % {"address": self.instance.masked_address}

    def clean_new_address(self):
        """One from the form's own fields; a door that has one is asked again, for its service may be another now."""
        address = self.cleaned_data["new_address"] or self.instance.address
        if service := self.cleaned_data.get("service"):
            check_address(address, service)
        return address

    def clean(self):
        super().clean()
        service, secret = self.cleaned_data.get("service"), self.cleaned_data.get("new_secret")
        if service and secret and not SERVICES[service].sign:
            self.add_error("new_secret", ValidationError(_("This service takes no signature: leave it empty.")))

    def _post_clean(self):
        super()._post_clean()
        address, secret = self.cleaned_data.get("new_address"), self.cleaned_data.get("new_secret", "")
        if address and address != self.instance.address:
            self.instance.address, self.instance.secret = address, secret
        elif secret:
            self.instance.secret = secret
