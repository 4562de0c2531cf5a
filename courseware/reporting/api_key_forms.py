from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.accounts.api_keys import MOST_DAYS, MOST_KEYS, ApiKey
from courseware.assignments.people_forms import DayInput
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields

USUAL_DAYS = 90


class ApiKeyForm(forms.Form):
    """A key for `person`."""

    helper = Fields(error_summary=True, marks_required=True)

    name = forms.CharField(label=_("Which program will use it"), max_length=60)
    ends_on = forms.DateField(label=_("Last day"), widget=DayInput, initial=lambda: site_day() + timedelta(USUAL_DAYS))

    def __init__(self, *args, person, **kwargs):
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_name(self):
        name = self.cleaned_data["name"]
        if ApiKey.objects.filter(person=self.person, name=name).exists():
            raise forms.ValidationError(_("You have a key of this name. End it, or choose another name."))
        return name

    def clean_ends_on(self):
        day = self.cleaned_data["ends_on"]
        if not site_day() <= day <= site_day() + timedelta(MOST_DAYS):
            raise forms.ValidationError(_("Choose a day from today on, at most a year from now."))
        return day

    def clean(self):
        if ApiKey.objects.filter(person=self.person).count() >= MOST_KEYS:
            raise forms.ValidationError(_("You have %(most)d keys. End one first.") % {"most": MOST_KEYS})
        return super().clean()
