"""Manager action for certified learners: a job ends enrollments. See `assignments.rules.certified_enrollments`."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.manager_actions.manager_action import ManagerAction, write_exemptions


class EndCertified(Exempt):
    """Unlike after an exemption, assignment rules enroll the learners again when the certificate expires."""

    kind = "certified"
    label = _("ended: already certified")
    name = address = ""
    is_for_many = False
    admin_label = ""
    event_labels = {}
    undone_within = timedelta(days=7)  # longer, because a nightly job ends these enrollments
    related = ("learner",)

    def closed(self, enrollment):
        return ManagerAction.closed(self, enrollment)

    def is_unchanged(self, adjustment, enrollment):
        return False

    def apply(self, adjustment, items):
        """Exempt the learners of `items`, certified or not, with a reason in their language. Return (items, events)."""
        for item in items:
            item.enrollment.exempted_at = adjustment.made_at
            with override(item.enrollment.learner.language or settings.LANGUAGE_CODE):
                item.enrollment.exemption_reason = gettext("You already have a valid certificate in this course.")
        write_exemptions([item.enrollment for item in items])
        return items, [self.event(adjustment, item, "exempted", {"certified": True}) for item in items]

    def heading(self, adjustment):
        return gettext("Enrollments ended: already certified")

    def words(self, item, actor_name, *, is_own):
        if item.undone_at == item.made_at:
            return gettext("%(who)s kept the enrollment although the person has a valid certificate") % {
                "who": actor_name
            }
        return gettext("%(who)s ended the enrollment because the person has a valid certificate") % {"who": actor_name}
