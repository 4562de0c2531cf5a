"""What others have changed in a run, for its pages: another day, an excuse, more time, with by whom and why."""

from django.db.models import Q
from django.utils.translation import gettext

from courseware.learning.adjustments import AdjustmentLine
from courseware.learning.manager_actions import ACTIONS, described_by


def adjustments_of(enrollment, *, is_own):
    """Adjustment lines, oldest first, with `words` for the learner (`is_own`) or for others.

    Includes extra time given in other courses. Runs 1 query.
    """
    kinds = [action.kind for action in ACTIONS if action.is_of_the_person]
    of_the_person = Q(adjustment__kind__in=kinds, learner=enrollment.learner_id)
    lines = AdjustmentLine.objects.filter(Q(enrollment=enrollment.pk) | of_the_person, made_at__isnull=False)
    lines = list(lines.select_related("adjustment__made_by", "undone_by").order_by("made_at", "pk"))
    for line in lines:
        if line.enrollment_id == enrollment.pk:
            line.enrollment = enrollment  # whose zone is known
        who = line.adjustment.made_by.name if line.adjustment.made_by else gettext("The site")
        line.words = described_by(line.adjustment).words(line, who, is_own=is_own)
    return lines
