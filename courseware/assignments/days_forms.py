"""Which list of days is looked at, and what is put into it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.accounts.day_lists import decoded, read_days
from courseware.accounts.models import Team
from courseware.lib.dates import site_day
from courseware.lib.form_layout import Fields
from courseware.lib.long_choices import LongSelect

LARGEST = 200_000  # bytes


class ListFilter(forms.Form):
    """In the address; what is not there is the site, and this year."""

    team = forms.ModelChoiceField(
        label=_("Whose days"),
        required=False,
        queryset=Team.objects.all(),
        empty_label=_("the site"),
        widget=LongSelect,
    )
    year = forms.TypedChoiceField(label=_("Year"), required=False, coerce=int, empty_value=None)

    helper = Fields(form_method="get")

    def __init__(self, data):
        super().__init__(data)
        this_year = site_day().year
        years = [(each, each) for each in range(this_year - 1, this_year + 3)]
        self.fields["year"].choices = years
        self.fields["year"].initial = this_year

    def chosen(self):
        """(team or None, year). What cannot be is taken for what is not there."""
        self.full_clean()
        team, year = self.cleaned_data.get("team"), self.cleaned_data.get("year")
        return team, year or self.fields["year"].initial


class DaysForm(forms.Form):
    file = forms.FileField(label=_("A file"), required=False, help_text=_("CSV, as a spreadsheet saves it."))
    lines = forms.CharField(
        label=_("Or line by line"),
        required=False,
        max_length=LARGEST,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "2026-10-01, free, National Day"}),
        help_text=_("The day, free or working, and a name: by commas, semicolons or tabs."),
    )

    helper = Fields(error_summary=True)
    problems = ()

    def clean(self):
        cleaned = super().clean()
        text = self.text(cleaned)
        if text is not None and not self.errors:
            self.days, self.problems = read_days(text)
            if self.problems:
                raise forms.ValidationError(_("Some lines cannot be read, so nothing was changed."))
            if not self.days:
                raise forms.ValidationError(_("Choose a file, or write a line."))
        return cleaned

    def text(self, cleaned):
        file = cleaned.get("file")
        if file and file.size > LARGEST:
            self.add_error("file", _("A list of days is smaller: at most 200 KB."))
            return None
        return decoded(file.read()) if file else cleaned.get("lines", "")
