"""From when to when somebody is away; `today` is that of the person."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.accounts.away import Away
from courseware.lib.form_layout import Fields

EARLIEST, LONGEST = timedelta(days=366), timedelta(days=3 * 366)


class AwayDayField(forms.DateField):
    def __init__(self, **options):
        # The browser's own calendar is in the reader's language and needs no script.
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class AwayDaysForm(forms.Form):
    first_day = AwayDayField(label=_("First day away"))
    last_day = AwayDayField(label=_("Last day away"))

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args, today, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_first_day(self):
        day = self.cleaned_data["first_day"]
        if not self.today - EARLIEST <= day <= self.today + EARLIEST:
            raise forms.ValidationError(_("Choose a day within a year from today."))
        return day

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day is before the first. Choose the same day or a later one."))
        elif first and last and last - first > LONGEST:
            self.add_error("last_day", _("Choose a day within three years."))
        return cleaned


class AwayForm(AwayDaysForm):
    why = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=Away._meta.get_field("why").max_length,
        help_text=_("May be left empty. The person and who leads them can read it: no illnesses, please."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("first_day", self.today)
