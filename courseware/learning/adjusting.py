"""Another due day, an excuse, more time, an enrollment: for one person or for many, in one transaction a batch.

What is decided and why is one row, an `Adjustment`; what it changed for each learner is a line of it. `undoing` takes
lines back.
"""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from courseware.evidence.recording import record_many
from courseware.jobs.tasks import task
from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.beginning import BATCH
from courseware.learning.manager_actions import ACTIONS, BY_KIND, ENROLL, described_by
from courseware.learning.models import Enrollment


@transaction.atomic
def decide(adjustment, keys, *, at=None):
    """For many: of these enrollments, or to enroll these people, by their keys.

    A batch at once, like `adjust`. More are left to a worker, a batch at a time, so that nobody waits for all of them;
    then the adjustment has no line yet, and who is refused is told by nobody.
    """
    keys = sorted(keys)
    if len(keys) > BATCH:
        adjustment.made_at, adjustment.people_left = at or timezone.now(), len(keys)
        adjustment.save(force_insert=True)
        decide_on_all.enqueue(adjustment.pk, keys)
        return adjustment, []
    if BY_KIND[adjustment.kind].is_about_people:
        return enroll_people(keys, adjustment, again=len(keys) == 1, at=at)
    return adjust(Enrollment.objects.filter(pk__in=keys).order_by("pk"), adjustment, at=at)


@task
def decide_on_all(pk, keys):
    """Begun again, it changes nothing for who has a line already, also where that was taken back meanwhile."""
    adjustment = Adjustment.objects.get(pk=pk)
    of_key = "learner" if BY_KIND[adjustment.kind].is_about_people else "enrollment"
    done = set(adjustment.lines.values_list(of_key, flat=True))
    keys = [key for key in keys if key not in done]
    for first in range(0, len(keys), BATCH):
        if not decide_on_next(pk, keys[first : first + BATCH], left=len(keys) - first):
            return


@transaction.atomic
def decide_on_next(pk, batch, *, left):
    """`left`: so many with these. Returns whether nobody has called it off."""
    rows = Adjustment.objects.select_for_update(of=("self",), no_key=True).select_related("made_by", "course")
    adjustment = rows.get(pk=pk)
    if adjustment.people_left == 0:
        return False
    if BY_KIND[adjustment.kind].is_about_people:
        enroll_people(batch, adjustment, at=adjustment.made_at)
    else:
        adjust(Enrollment.objects.filter(pk__in=batch).order_by("pk"), adjustment, at=adjustment.made_at)
    adjustment.people_left = left - len(batch)
    adjustment.save(update_fields=["people_left"])
    return True


@transaction.atomic
def call_off(adjustment):
    """Whom the worker has not seen to yet stays as they are. Returns how many these are."""
    adjustment = Adjustment.objects.select_for_update(no_key=True).get(pk=adjustment.pk)
    left = adjustment.people_left or 0
    if left:
        adjustment.people_left = 0
        adjustment.save(update_fields=["people_left"])
    return left


@transaction.atomic
def adjust(enrollments, adjustment, *, at=None):
    """(the adjustment, or None where it changed nothing; who was refused). It is saved with the first of its lines."""
    adjustment.made_at = at or timezone.now()
    waiting = [
        AdjustmentLine(adjustment=adjustment, learner_id=each.learner_id, enrollment_id=each.pk) for each in enrollments
    ]
    made, refused, events = BY_KIND[adjustment.kind].make(adjustment, waiting)
    return keep(adjustment, made, events), refused


def keep(adjustment, made, events):
    """The adjustment, saved with its lines and logged; None where there are none."""
    if not made:
        return None
    if not adjustment.pk:
        adjustment.save(force_insert=True)
    for line in made:
        line.adjustment = adjustment  # which has its key only now
    AdjustmentLine.objects.bulk_create(made)
    record_many(events)
    return adjustment


@transaction.atomic
def enroll_people(people, adjustment, *, again=False, at=None):
    """Like `adjust`, of people who may sign in, by key. `again`: also who has completed the course or is excused."""
    adjustment.made_at = at or timezone.now()
    made, refused, events = ENROLL.make_for_people(adjustment, people, again=again)
    return keep(adjustment, made, events), refused


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
