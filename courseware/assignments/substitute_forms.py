"""The form that names a substitute."""

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.accounts.permissions import may_place
from courseware.accounts.person_field import PersonField
from courseware.assignments.people_forms import DayInput
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields


class SubstituteForm(forms.Form):
    helper = Fields(error_summary=True, marks_required=True)

    person = PersonField(label=_("Who stands in (e-mail or staff number)"))
    first_day = forms.DateField(label=_("First day"), widget=DayInput)
    last_day = forms.DateField(label=_("Last day"), widget=DayInput)

    def __init__(self, *args, lead, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.lead, self.by = lead, by

    def clean_person(self):
        person = self.cleaned_data["person"]
        if person == self.lead:
            raise forms.ValidationError(_("This is the person who is away."))
        if self.by != self.lead and not may_place(self.by, person):
            raise forms.ValidationError(_("For this person, please ask an admin."))
        return person

    def clean_last_day(self):
        day = self.cleaned_data["last_day"]
        if day < site_day():
            raise forms.ValidationError(_("This day is over. Choose today or a later one."))
        return day

    def clean(self):
        super().clean()
        first, last = self.cleaned_data.get("first_day"), self.cleaned_data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first one."))
