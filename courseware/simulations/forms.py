"""Forms to start an attempt and to decide in a situation."""

from crispy_forms.layout import Field
from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from courseware.lib.web.form_layout import Fields, Group
from courseware.lib.web.form_numbers import small_number
from courseware.simulations.models import TimeSetting

TIME_UP = "timeout"  # sent by the script as the choice when the time is up
MOST = 999  # situations in an attempt

TIMES = [
    (TimeSetting.WRITTEN, _("Standard: timed decisions")),
    (TimeSetting.DOUBLE, _("Twice the time")),
    (TimeSetting.PAUSED, _("With a pause before each situation: you start each situation when you are ready")),
    (TimeSetting.OFF, _("Without a time limit")),
]


class StartForm(forms.Form):
    """`has_script`: the page can show a clock, else the timing is OFF. `initial["timing"]` is offered, too, if TIMES
    lacks it. Each TimeSetting is accepted.
    """

    timing = forms.ChoiceField(
        choices=TIMES, widget=forms.RadioSelect, label=_("How much time do you need?"), required=False
    )
    has_script = forms.BooleanField(required=False, widget=forms.HiddenInput)
    helper = Fields(
        Group(
            "timing",
            {"class": "timing", "data-timing": True, "hidden": True},
            template="simulations/_timing_field.html",
        ),
        Field("has_script", data_has_script=""),
        disable_csrf=True,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        given = self.initial.get("timing")
        if self.is_bound:
            self.fields["timing"].choices = TimeSetting.choices
        elif given and given not in dict(TIMES):
            self.fields["timing"].choices = [TIMES[0], (given, capfirst(TimeSetting(given).label)), *TIMES[1:]]

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("has_script") or not cleaned.get("timing"):
            cleaned["timing"] = TimeSetting.OFF
        return cleaned


class DecisionForm(forms.Form):
    position = forms.IntegerField(min_value=1, max_value=MOST)
    choice = forms.CharField(max_length=10)
    has_clock = forms.BooleanField(required=False)
    pauses = forms.BooleanField(required=False)

    def clean_choice(self):
        choice = self.cleaned_data["choice"]
        return None if choice == TIME_UP else place_in_list(choice)

    def clean(self):
        # The positions of the parts that were ticked.
        return super().clean() | {"picked": {place_in_list(part) for part in self.data.getlist("part")}}


def place_in_list(text: str) -> int:
    """Return the position as a number. Raise ValidationError unless it has 1 to 3 digits."""
    position = small_number(text)
    if position is None:
        raise forms.ValidationError(_("Choose an option from the list."))
    return position
