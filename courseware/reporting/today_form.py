"""What is ticked among the acts of today. The value of a box names the runs that it stands for."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from courseware.assignments.carrying_out import Confirmed
from courseware.learning.fields import DueDayField
from courseware.lib.small_numbers import keys_in
from courseware.reporting.drafted_acts import LETTERS_AT_ONCE, LINES


class TodayForm(forms.Form):
    """`led` is a query of the runs that may be touched. Cleaned it is `confirmed`."""

    def __init__(self, data, *, led):
        super().__init__(data)
        self.led = led

    def clean(self):
        remind = keys_in(".".join(self.data.getlist("remind")).split("."))
        extend = dict(run_and_day(value) for value in self.data.getlist("extend"))
        talk = keys_in(self.data.getlist("talk"))
        if not (remind or extend or talk):
            raise ValidationError(_("Nothing was ticked, so nothing was done."))
        if len(remind) > LETTERS_AT_ONCE or max(len(extend), len(talk)) > LINES:
            raise ValidationError(_("That is more than the page has offered, so nothing was done."))
        own = set(self.led.filter(pk__in=[*remind, *extend, *talk]).values_list("pk", flat=True))
        if not own:
            raise ValidationError(_("You lead none of these people, so nothing was done."))
        days = {run: day for run, day in extend.items() if run in own}
        self.confirmed = Confirmed(own.intersection(remind), days, own.intersection(talk))


def run_and_day(value):
    """Raises ValidationError where there is no such day, or where it is over."""
    run, _colon, day = value.partition(":")
    return next(iter(keys_in([run])), 0), DueDayField().clean(day)
