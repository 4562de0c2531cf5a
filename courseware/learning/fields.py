"""The fields that forms of more than one room share."""

from datetime import timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

FARTHEST = timedelta(days=3653)  # ten years, with their leap days


class DueDayField(forms.DateField):
    """A last day that is still to come, within ten years.

    `zone` is that of the learner's team: its today is the earliest day. Without one, for people of several zones, the
    site's today is.
    """

    def __init__(self, *, zone=None, **kwargs):
        self.zone = zone
        text = _("The whole day counts, in the time zone of the learner’s team.")
        # The browser's own calendar: it speaks the reader's language and needs no script.
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
