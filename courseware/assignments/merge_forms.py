"""The form that names the other account of a person."""

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.accounts.person_field import PersonField
from courseware.assignments.merging import why_not
from courseware.lib.form_layout import Fields


class OtherAccountForm(forms.Form):
    helper = Fields(error_summary=True)

    other = PersonField(label=_("E-mail or staff number of the other account"), also_gone=True)

    def __init__(self, *args, kept, by, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept, self.by = kept, by

    def clean_other(self):
        other = self.cleaned_data["other"]
        if why := why_not(self.kept, other, self.by):
            raise forms.ValidationError(why.label, code=why.value)
        return other
