"""End enrollments whose learners are certified in the course already. No manager is offered it: see
`assignments.rules.certified_enrollments`."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from courseware.learning.manager_actions.exemption import Exempt
from courseware.learning.manager_actions.manager_action import ManagerAction, write_exemptions


class EndCertified(Exempt):
    """Unlike after an exemption, assignment rules enroll the learners again when the certificate ends."""

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

    def apply(self, adjustment, lines):
        """The reason is shown in the learner's language."""
        for line in lines:
            line.enrollment.exempted_at = adjustment.made_at
            with override(line.enrollment.learner.language or settings.LANGUAGE_CODE):
                line.enrollment.exemption_reason = gettext("You already have a valid certificate in this course.")
        write_exemptions([line.enrollment for line in lines])
        return lines, [self.event(adjustment, line, "waived", {"certified": True}) for line in lines]

    def heading(self, adjustment):
        return gettext("Enrollments ended: already certified")

    def words(self, line, who, *, is_own):
        if line.undone_at == line.made_at:
            return gettext("%(who)s kept the enrollment although there is a valid certificate") % {"who": who}
        return gettext("%(who)s ended the enrollment because there is a valid certificate") % {"who": who}
