"""What others have changed in a run, for its pages: another day, an excuse, more time, with by whom and why."""

from django.db.models import Q

from courseware.learning.adjustments import Adjustment, AdjustmentLine


def adjustments_of(enrollment):
    """The lines, oldest first; time under pressure in whichever course it was given. Runs one query."""
    of_the_person = Q(adjustment__kind=Adjustment.Kind.TIMED, learner=enrollment.learner_id)
    lines = AdjustmentLine.objects.filter(Q(enrollment=enrollment.pk) | of_the_person, made_at__isnull=False)
    lines = list(lines.select_related("adjustment__made_by", "undone_by").order_by("made_at", "pk"))
    for line in lines:
        if line.enrollment_id == enrollment.pk:
            line.enrollment = enrollment  # whose zone is known
    return lines
