"""Manager action: set a learner's extra time in exams and simulations."""

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.accounts.models import User
from courseware.accounts.people import extra_time
from courseware.learning.manager_actions.manager_action import ActionForm, ManagerAction, OptionalReason


class ExtraTimeForm(ActionForm):
    time = forms.ChoiceField(
        label=_("Extra time in exams and simulations"),
        required=False,
        choices=[("", _("standard")), *User.ExtraTime.choices],
        help_text=_(
            "The extra time applies to every course, starting with the next exam or simulation. Exams and "
            "simulations in progress do not change."
        ),
    )
    reason = OptionalReason()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.enrollment:
            self.initial["time"] = self.enrollment.learner.extra_time


class SetExtraTime(ManagerAction):
    kind = "timed"
    label = _("extra time")
    form = ExtraTimeForm
    name = "set-time"
    address = "extra-time"
    is_of_the_person = True
    title = _("Extra time")
    button = _("Set extra time")
    done = _("The new extra time applies to %(name)s, starting with the next exam or simulation.")
    unchanged = _("Nothing was changed: %(name)s already has this extra time.")
    event_labels = {"practice-time-changed": pgettext_lazy("event", "extra time changed")}

    def closed(self, enrollment):
        return None

    def locked(self, items):
        extra_time.lock([item.learner_id for item in items])
        return super().locked(items)

    def apply(self, adjustment, items):
        before = extra_time.change(dict.fromkeys((item.learner_id for item in items), adjustment.time))
        made = [item for item in items if item.learner_id in before]
        for item in made:
            item.time_before = before[item.learner_id]
        return made, extra_time.events(before, by=adjustment.made_by, at=adjustment.made_at)

    def undo(self, items, by, at):
        """Restore the time before, unless changed since. Return (restored items, events to log)."""
        times = {item.learner_id: item.time_before for item in items}
        before = extra_time.change(times, only_from=items[0].adjustment.time)
        return [item for item in items if item.learner_id in before], extra_time.events(before, by=by, at=at)

    def heading(self, adjustment):
        return f"{gettext('Extra time in exams and simulations')}{gettext(': ')}{adjustment.time_words}"

    def words(self, item, actor_name, *, is_own):
        values = {"who": actor_name, "time": item.adjustment.time_words}
        if is_own:
            return gettext("%(who)s set your extra time in exams and simulations: %(time)s") % values
        return gettext("%(who)s set the extra time in exams and simulations: %(time)s") % values
