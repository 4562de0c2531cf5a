from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

FARTHEST = timedelta(days=3653)  # ten years, with their leap days


class DueDayField(forms.DateField):
    """A last day from today on, within ten years. `zone`: of the learner's team; None: of the site."""

    def __init__(self, *, zone=None, **kwargs):
        self.zone = zone
        text = _("The whole day counts, in the time zone of the learner’s team.")
        # The browser's own calendar is in the reader's language and needs no script.
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(**{"label": _("due day"), "widget": widget, "help_text": text} | kwargs)

    def validate(self, day):
        super().validate(day)
        if day is None:
            return
        today = timezone.localdate(timezone=self.zone or timezone.get_default_timezone())
        if day < today:
            raise forms.ValidationError(_("This day is over. Choose today or a later one."), code="past")
        if day > today + FARTHEST:
            raise forms.ValidationError(_("Choose a nearer day."), code="far")
