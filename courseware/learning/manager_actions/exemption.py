"""Manager action: exemption of a learner from a course."""

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from courseware.audit_log.record import NewEvent
from courseware.learning.manager_actions.manager_action import (
    ActionForm,
    ActionRefusal,
    ManagerAction,
    UndoRefusal,
    write_exemptions,
)


class ExemptForm(ActionForm):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The reason stays on record, and the person can read it.")
    )


class Exempt(ManagerAction):
    kind = "exempted"
    label = _("exempt")
    form = ExemptForm
    name = "exempt"
    address = "exempt"
    title = _("Exempt")
    button = _("Exempt with this reason")
    done = _("%(name)s is exempt. The reason is on record.")
    unchanged = _("Nothing was changed: %(name)s is already exempt. The earlier reason stays.")
    admin_label: Promise | str = _("Exempt with a reason")
    event_labels = {
        "exempted": pgettext_lazy("event", "made exempt"),
        "exemption-undone": pgettext_lazy("event", "exemption undone"),
    }

    def closed(self, enrollment):
        return ActionRefusal.COMPLETED if enrollment.completed_at else None

    def is_unchanged(self, adjustment, enrollment):
        return bool(enrollment.exempted_at)

    def apply(self, adjustment, items):
        for item in items:
            item.enrollment.exempted_at, item.enrollment.exemption_reason = adjustment.made_at, adjustment.reason
        write_exemptions([item.enrollment for item in items])
        return items, [self.event(adjustment, item, "exempted") for item in items]

    def undo_refusal(self, item):
        # With a later enrollment, two would be open.
        is_current = item.enrollment.exempted_at == item.made_at and item.enrollment.is_newest
        return None if is_current else UndoRefusal.LATER

    def undo(self, items, by, at):
        for item in items:
            item.enrollment.exempted_at, item.enrollment.exemption_reason = None, ""
        write_exemptions([item.enrollment for item in items])
        return items, [NewEvent("exemption-undone", item.enrollment, by, {}, at) for item in items]

    def heading(self, adjustment):
        return gettext("Exempt")

    def words(self, item, actor_name, *, is_own):
        if is_own:
            return gettext("%(who)s exempted you from this course") % {"who": actor_name}
        return gettext("Exempted by %(who)s") % {"who": actor_name}
