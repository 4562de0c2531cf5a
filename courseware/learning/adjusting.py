"""Another due day, an excuse, more time, an enrollment: for one person or for many, in one transaction a batch.

What is decided and why is one row, an `Adjustment`; what it changed for each learner is a line of it. `undoing` takes
lines back.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from courseware.accounts import practice_time
from courseware.accounts.models import User, time_zones
from courseware.accounts.permissions import not_decided_by
from courseware.evidence.recording import NewEvent, record_many
from courseware.jobs.tasks import task
from courseware.learning.adjustments import Adjustment, AdjustmentLine
from courseware.learning.beginning import BATCH, begin_many, enrolled
from courseware.learning.course_letter import tell_enrolled
from courseware.learning.models import Enrollment, zone_named
from courseware.lib import dates

Kind = Adjustment.Kind
DAY_GIVEN = ["due_at", "due_given_at", "due_given_by"]


class Refusal(models.TextChoices):
    """Why somebody is left as they are."""

    OWN = "own", _("one’s own training is changed by somebody else")
    CONFLICT = "conflict", _("added or appointed you within the last 90 days, so somebody else has to decide")
    OTHERS = "others", _("is for somebody else to decide about, an admin perhaps")
    COMPLETED = "completed", _("has completed the course")
    EXCUSED = "excused", _("is excused")
    UNCHANGED = "unchanged", _("is like that already")
    LATER = "later", _("has a later day already")
    ENROLLED = "enrolled", _("is enrolled already")


# By kind: what it means nothing for any more.
CLOSED = {
    Kind.EXTENDED: {Refusal.COMPLETED, Refusal.EXCUSED},
    Kind.WAIVED: {Refusal.COMPLETED},
    Kind.TIMED: set(),
    Kind.ENROLLED: set(),
    Kind.CERTIFIED: {Refusal.COMPLETED, Refusal.EXCUSED},
}


@dataclass(frozen=True)
class Unadjusted:
    """`learner` is a key."""

    learner: int
    why: Refusal


def refusal_of(adjustment, enrollment):
    """Why `adjustment`, which may still lack its day or time, is none for this enrollment; None if it is one."""
    if why := why_not_decide(adjustment, enrollment.learner_id):
        return why
    if adjustment.kind == Kind.TIMED:
        return None
    if enrollment.completed_at:
        return Refusal.COMPLETED
    if enrollment.waived_at:
        return Refusal.UNCHANGED if adjustment.kind == Kind.WAIVED else Refusal.EXCUSED
    if adjustment.kind == Kind.CERTIFIED:
        return None
    is_same_day = adjustment.due_on and dates.due_instant(adjustment.due_on, enrollment.zone) == enrollment.due_at
    return Refusal.UNCHANGED if is_same_day and not enrollment.is_day_moved else None


def why_not_decide(adjustment, learner):
    """Why the adjustment is refused; `learner` is a key. An adjustment made by a job is never refused."""
    if adjustment.made_by is None or learner not in not_decided_by(adjustment.made_by):
        return None
    return Refusal.OWN if adjustment.made_by_id == learner else Refusal.CONFLICT


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
    if adjustment.kind == Kind.ENROLLED:
        return enroll_people(keys, adjustment, again=len(keys) == 1, at=at)
    return adjust(Enrollment.objects.filter(pk__in=keys).order_by("pk"), adjustment, at=at)


@task
def decide_on_all(pk, keys):
    """Begun again, it changes nothing for who has a line already, also where that was taken back meanwhile."""
    adjustment = Adjustment.objects.get(pk=pk)
    of_key = "learner" if adjustment.kind == Kind.ENROLLED else "enrollment"
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
    if adjustment.kind == Kind.ENROLLED:
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
    made, refused, events = make(adjustment, waiting)
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


def make(adjustment, lines):
    """(the lines that changed something, who was refused, what to log): locks all, writes all but lines and log."""
    enrollments = locked(lines, adjustment.kind)
    able, refused = [], []
    for line in lines:
        line.enrollment = enrollments[line.enrollment_id]
        why = refusal_of(adjustment, line.enrollment)
        able += [] if why else [line]
        refused += [Unadjusted(line.learner_id, why)] if why else []
    made, events = MAKE[adjustment.kind](adjustment, able) if able else ([], [])
    refused += [Unadjusted(line.learner_id, Refusal.UNCHANGED) for line in able if line not in made]
    for line in made:
        line.made_at = adjustment.made_at
    return made, refused, events


def locked(lines, kind):
    """Key → the enrollment as it is now, locked until the transaction ends, by key: two batches wait for each other."""
    if kind == Kind.TIMED:
        practice_time.lock([line.learner_id for line in lines])
    keys = [line.enrollment_id for line in lines]
    rows = Enrollment.objects.select_for_update(of=("self",), no_key=True).with_zone().with_day_moved()
    if kind == Kind.CERTIFIED:
        rows = rows.select_related("learner")
    rows = rows.filter(pk__in=keys)
    return {each.pk: each for each in rows.order_by("pk")}


def extend_lines(adjustment, lines):
    for line in lines:
        line.due_before = line.enrollment.due_at
        line.due_after = dates.due_instant(adjustment.due_on, line.enrollment.zone)
        line.enrollment.due_at = line.due_after
        line.enrollment.due_given_at, line.enrollment.due_given_by = adjustment.made_at, adjustment.made_by
    Enrollment.objects.write_many([line.enrollment for line in lines], DAY_GIVEN)
    return lines, [event_of(adjustment, line, {"from": line.due_before, "to": line.due_after}) for line in lines]


def waive_lines(adjustment, lines):
    for line in lines:
        line.enrollment.waived_at, line.enrollment.waived_reason = adjustment.made_at, adjustment.reason
    Enrollment.objects.write_many([line.enrollment for line in lines], ["waived_at", "waived_reason"])
    return lines, [event_of(adjustment, line) for line in lines]


def event_of(adjustment, line, data=None):
    return NewEvent(adjustment.kind, line.enrollment, adjustment.made_by, data or {}, adjustment.made_at)


def give_time_to_lines(adjustment, lines):
    before = practice_time.change(dict.fromkeys((line.learner_id for line in lines), adjustment.time))
    made = [line for line in lines if line.learner_id in before]
    for line in made:
        line.time_before = before[line.learner_id]
    return made, practice_time.events(before, by=adjustment.made_by, at=adjustment.made_at)


def end_lines(adjustment, lines):
    """End enrollments whose learners are certified in the course. Unlike after an excuse, assignment rules enroll
    them again when the certificate ends. The reason is shown in the learner's language."""
    for line in lines:
        line.enrollment.waived_at = adjustment.made_at
        with override(line.enrollment.learner.language or settings.LANGUAGE_CODE):
            line.enrollment.waived_reason = gettext("You have a valid certificate in this course already.")
    Enrollment.objects.write_many([line.enrollment for line in lines], ["waived_at", "waived_reason"])
    data, at = {"certified": True}, adjustment.made_at
    return lines, [NewEvent("waived", line.enrollment, adjustment.made_by, data, at) for line in lines]


MAKE = {
    Kind.EXTENDED: extend_lines,
    Kind.WAIVED: waive_lines,
    Kind.TIMED: give_time_to_lines,
    Kind.CERTIFIED: end_lines,
}


@transaction.atomic
def enroll_people(people, adjustment, *, again=False, at=None):
    """Like `adjust`, of people who may sign in, by key. `again`: also who has completed the course or is excused."""
    adjustment.made_at = at = at or timezone.now()
    zones = dict(zones_of(people))
    able, refused = [], []
    newest = Enrollment.objects.newest().filter(learner__in=zones, course=adjustment.course)
    runs = {each.learner_id: each for each in newest}
    for person in zones:
        why = why_not_enroll(adjustment, person.pk, runs.get(person.pk), again=again)
        able += [] if why else [person]
        refused += [Unadjusted(person.pk, why)] if why else []
    dues = {each: adjustment.due_on and dates.due_instant(adjustment.due_on, zones[each]) for each in able}
    new = begin_many(dues, adjustment.course, at)
    made = [
        AdjustmentLine(learner_id=each.learner_id, enrollment=each, due_after=each.due_at, made_at=at) for each in new
    ]
    tell_enrolled(new, by=adjustment.made_by, is_held=True)
    return keep(adjustment, made, [enrolled(each, adjustment.made_by) for each in new]), refused


def zones_of(people):
    """(person, time zone of the team joined first), of those of these keys who may sign in. Runs one query."""
    found = User.objects.filter(pk__in=people, is_active=True)
    for person in found.annotate(zone_name=models.Subquery(time_zones(learner=models.OuterRef("pk")))).order_by("pk"):
        yield person, zone_named(vars(person)["zone_name"])


def why_not_enroll(adjustment, person, run, *, again):
    """`run` is the newest one of the person in the course, or None."""
    if why := why_not_decide(adjustment, person):
        return why
    if run and run.is_open:
        return Refusal.ENROLLED
    if run and not again:
        return Refusal.COMPLETED if run.completed_at else Refusal.EXCUSED
    return None
