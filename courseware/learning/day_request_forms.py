from django import forms
from django.utils.translation import gettext_lazy as _

from courseware.learning.asking import DayAnswer, End
from courseware.learning.day_requests import LONGEST_WHY
from courseware.learning.fields import DueDayField
from courseware.learning.manager_actions.extension import ExtendForm
from courseware.learning.manager_actions.manager_action import ActionForm, OptionalReason

IS_DUE_DAY = _("That is the due day already. Choose another one.")


class DayRequestForm(ExtendForm):
    """A learner may ask for every day that may be given."""

    due_on = DueDayField(
        label=_("Until which day?"), help_text=_("The whole day counts, in the time zone of your team.")
    )
    reason = OptionalReason(
        max_length=LONGEST_WHY, help_text=_("You need not say. Whoever leads your team can read it.")
    )

    def clean_due_on(self):
        day = self.cleaned_data["due_on"]
        if day <= self.enrollment.due_on:
            raise forms.ValidationError(_("Choose a day after the due day."))
        return day


class DayAnswerForm(ActionForm):
    """Three buttons: the requested day, another one, none. Cleaned it has `cleaned_answer`."""

    GIVE, OTHER, REFUSE = "give", "other", "refuse"

    request = forms.IntegerField(widget=forms.HiddenInput)
    answer = forms.ChoiceField(choices=[(each, each) for each in (GIVE, OTHER, REFUSE)])
    due_on = DueDayField(label=_("New due day"), required=False)
    words = forms.CharField(label=_("A line to go with it"), required=False, max_length=LONGEST_WHY)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["due_on"].zone = self.enrollment.zone

    def clean(self):
        cleaned = super().clean()
        if self.errors:
            return cleaned
        pressed, words = cleaned["answer"], cleaned["words"]
        if pressed == self.OTHER and not cleaned["due_on"]:
            raise forms.ValidationError(_("Choose the day first."))
        if pressed == self.OTHER and cleaned["due_on"] == self.enrollment.due_on and not self.enrollment.is_day_moved:
            raise forms.ValidationError(IS_DUE_DAY)
        answers = {
            self.GIVE: DayAnswer(End.GIVEN),
            self.OTHER: DayAnswer(End.ANOTHER, cleaned["due_on"], words),
            self.REFUSE: DayAnswer(End.REFUSED, None, words),
        }
        self.cleaned_answer = answers[pressed]
        return cleaned
