"""What a manager may do to an enrollment: the one table for the person's page, its addresses and the admin.

Whoever answers for a record may do all of it, but not to the own one (`may_change`). A new line needs a form, a
function, its words in the translations, and rows in the table of who may open what.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.permissions import not_decided_by, sees_the_firm
from courseware.learning.adjustments import Adjustment
from courseware.learning.enrolling import extend, give_time, waive
from courseware.learning.fields import DueDayField
from courseware.learning.models import Enrollment
from courseware.lib.form_layout import Fields
from courseware.lib.small_numbers import small_number

STEPS = (3, 7)  # days that a due day is moved by a button


def may_change(user, enrollment):
    """Of those that `user` may see: nobody extends, excuses or eases the own training, administrators included, and who
    sees the firm sees more than may be changed."""
    if enrollment.learner_id in not_decided_by(user):
        return False
    if user.is_superuser or not sees_the_firm(user):
        return True
    return Enrollment.objects.in_hands_of(user).filter(pk=enrollment.pk).exists()


class VerbForm(forms.Form):
    """Its fields are the arguments of the verb beside the enrollment, which is None for several at once."""

    helper = Fields(error_summary=True, marks_required=True)

    def __init__(self, *args, enrollment=None, **kwargs):
        # Of several on one page, each has ids of its own.
        super().__init__(*args, **{"auto_id": f"{type(self).__name__.removesuffix('Form').lower()}_%s"} | kwargs)
        self.enrollment = enrollment


class OptionalReason(forms.CharField):
    def __init__(self, **kwargs):
        usual = {"label": _("Why"), "max_length": 200, "help_text": _("If you like. The person can read it.")}
        super().__init__(**usual | kwargs, required=False)


class ExtendForm(VerbForm):
    """`steps` are offered beside the day: so many days more than now, sent as `days` by a button of their own."""

    due_on = DueDayField(label=_("New due day"))
    reason = OptionalReason()

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        zone = self.enrollment and self.enrollment.zone
        self.fields["due_on"].zone = zone
        self.steps = {}
        if self.enrollment:
            today = timezone.localdate(timezone=zone)
            since = max(self.enrollment.due_on or today, today)
            self.steps = {days: since + timedelta(days=days) for days in STEPS}
        if data and (day := self.steps.get(small_number(data.get("days")))):
            self.data = data.copy()
            self.data["due_on"] = day.isoformat()


class WaiveForm(VerbForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("It stays on record, and the person can read it.")
    )


class PracticeTimeForm(VerbForm):
    time = forms.ChoiceField(
        label=_("Time in exams and simulations"),
        required=False,
        choices=[("", _("as written")), *User.PracticeTime.choices],
        help_text=_("For every course, from the next exam or simulation on. What has begun keeps its time."),
    )
    reason = OptionalReason()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.enrollment:
            self.initial["time"] = self.enrollment.learner.practice_time


@dataclass(frozen=True, eq=False)
class Verb:
    """`name` is that of its url and of its action in the admin, `address` the end of its address.

    `act` is called with the enrollment, the form's cleaned fields, and `by`; it returns the adjustment, or None.
    `title` and `button` are the words of its card on the person's page, `done` what that page says afterwards, with the
    person's `name` and the cleaned fields, `unchanged` what it says where `act` returned None; `action` are its words
    in the admin's list, "" if it is not offered there.
    """

    name: str
    address: str
    form: type[VerbForm]
    act: Callable[..., Adjustment | None]
    title: Promise
    button: Promise
    done: Promise
    unchanged: Promise
    action: Promise | str = ""

    def sentence(self, enrollment, cleaned, adjustment):
        """The message for the manager: what was done, or why nothing was changed."""
        days = {name: date_format(value) for name, value in cleaned.items() if isinstance(value, date)}
        return (self.done if adjustment else self.unchanged) % {"name": enrollment.learner.name, **cleaned, **days}


VERBS = (
    Verb(
        "extend",
        "extend",
        ExtendForm,
        extend,
        title=_("Give more time"),
        button=_("Move the due day"),
        done=_("%(name)s has time until %(due_on)s."),
        unchanged=_("Nothing was changed: %(due_on)s is the due day of %(name)s already."),
        action=_("Set another due day"),
    ),
    Verb(
        "waive",
        "excuse",
        WaiveForm,
        waive,
        title=_("Excuse from the course"),
        button=_("Excuse, with this reason"),
        done=_("%(name)s is excused. The reason is on record."),
        unchanged=_("Nothing was changed: %(name)s is excused already. The earlier reason stays."),
        action=_("Excuse, with a reason"),
    ),
    Verb(
        "set-time",
        "time",
        PracticeTimeForm,
        give_time,
        title=_("Time under pressure"),
        button=_("Set the time"),
        done=_("From the next exam or simulation on, %(name)s has the time you set."),
        unchanged=_("Nothing was changed: %(name)s has this time setting already."),
    ),
)
