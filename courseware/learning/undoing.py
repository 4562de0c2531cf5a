"""Undo a decision within a day, until the next decision on that enrollment. An enrollment that ended because its
learner is certified can be reopened for a week."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from courseware.accounts import practice_time
from courseware.accounts.permissions import not_decided_by
from courseware.evidence.recording import NewEvent, record_many, subject_of
from courseware.learning.adjusting import DAY_GIVEN, Kind, locked
from courseware.learning.adjustments import AdjustmentLine
from courseware.learning.asking import reopen
from courseware.learning.day_requests import DayRequest
from courseware.learning.manager_questions import ManagerQuestion
from courseware.learning.merged_runs import stands_for_another
from courseware.learning.models import Enrollment, SurveyReceipt
from courseware.learning.postponing import follow_absences
from courseware.outbox.models import Message

FOR = timedelta(days=1)
FOR_CERTIFIED = timedelta(days=7)  # longer, because a nightly job ends these enrollments


class Stays(models.TextChoices):
    """Why a line is not taken back."""

    UNDONE = "undone", _("It was taken back already.")
    LATE = "late", _("It can be taken back for a day only, and that day is over.")
    LATER = "later", _("Something was decided or has happened since, and that stays: nothing was taken back.")
    BEGUN = "begun", _("The course was begun meanwhile, so the enrollment stays.")
    UNKNOWN = "unknown", _("This version of the site does not know how to undo it, so nothing was changed.")


@dataclass(frozen=True)
class NotUndone:
    """`learner` is a key."""

    learner: int
    why: Stays


def newest_lines(enrollments):
    """Enrollment → the key of its newest line. Runs one query."""
    lines = AdjustmentLine.objects.filter(enrollment__in=enrollments, made_at__isnull=False)
    return dict(lines.order_by().values_list("enrollment").annotate(Max("pk")))


def lines_in_hands_of(user, adjustment):
    """Whose change `user` may take back; also those of enrollments that were removed, for who had made them."""
    own = Q(enrollment__in=Enrollment.objects.in_hands_of(user))
    if adjustment.made_by_id == user.pk:
        own |= Q(enrollment=None)
    lines = adjustment.lines.filter(own).exclude(learner__in=not_decided_by(user)).order_by("enrollment", "pk")
    return lines.select_related("adjustment")


def may_still(line, newest, at=None):
    """Whether the line may be taken back by what it says itself; `newest` is of `newest_lines`."""
    return why_it_stays(line, newest, at or timezone.now()) is None


def why_it_stays(line, newest, at):
    if line.adjustment.kind not in TAKE_BACK:
        return Stays.UNKNOWN
    if line.undone_at or line.enrollment_id is None:
        return Stays.UNDONE
    if line.made_at is None or at - line.made_at > (FOR_CERTIFIED if line.adjustment.kind == Kind.CERTIFIED else FOR):
        return Stays.LATE
    return None if newest.get(line.enrollment_id) == line.pk else Stays.LATER


@transaction.atomic
def undo(adjustment, lines, *, by, at=None):
    """(keys of the learners for whom it is as before, who was left). `lines` are some of the adjustment, at most a
    batch."""
    at = at or timezone.now()
    enrollments = locked(lines, adjustment.kind)
    of_now = AdjustmentLine.objects.filter(pk__in=[line.pk for line in lines], adjustment=adjustment)
    fresh = list(of_now.select_related("learner"))
    newest = newest_lines(enrollments)
    able, left = [], []
    for line in fresh:
        line.adjustment = adjustment
        line.enrollment = enrollments.get(line.enrollment_id)
        why = why_it_stays(line, newest, at) or CHANGED[adjustment.kind](line)
        able += [] if why else [line]
        left += [NotUndone(line.learner_id, why)] if why else []
    done, events = TAKE_BACK[adjustment.kind](able, by, at) if able else ([], [])
    left += [NotUndone(line.learner_id, Stays.LATER) for line in able if line not in done]
    for line in done:
        line.undone_at, line.undone_by = at, by
    AdjustmentLine.objects.bulk_update(done, ["undone_at", "undone_by"])
    record_many(events)
    return [line.learner_id for line in done], left


# Whether something else came in between that is no adjustment.


def is_another_day(line):
    """An absence may have moved the day on: it is still the one that was given."""
    stands = line.enrollment.is_open and line.enrollment.due_given_at == line.made_at
    return None if stands else Stays.LATER


def is_excused_otherwise(line):
    # A later run would make two open ones.
    stands = line.enrollment.waived_at == line.made_at and line.enrollment.is_newest
    return None if stands else Stays.LATER


def has_begun(line):
    if line.enrollment.started_at:
        return Stays.BEGUN
    return None if line.enrollment.is_open else Stays.LATER


CHANGED = {
    Kind.EXTENDED: is_another_day,
    Kind.WAIVED: is_excused_otherwise,
    Kind.CERTIFIED: is_excused_otherwise,
    Kind.TIMED: lambda line: None,  # asked where the person is locked
    Kind.ENROLLED: has_begun,
}


def take_back_days(lines, by, at):
    runs = [line.enrollment for line in lines]
    former = days_given(runs, but=lines)
    events = []
    for line, run in zip(lines, runs, strict=True):
        data = {"from": run.due_at, "to": line.due_before}
        events.append(NewEvent("extension-undone", run, by, data, at))
        run.due_at = line.due_before
        run.due_given_at, run.due_given_by_id = former.get(run.pk, (None, None))
    Enrollment.objects.write_many(runs, DAY_GIVEN)
    answered = DayRequest.objects.filter(adjustment=lines[0].adjustment, enrollment__in=runs)
    events += reopen(answered.select_related("enrollment__learner"), by=by, at=at)
    return lines, events + follow_absences(runs, by, at)


def days_given(enrollments, *, but=()):
    """Key → when another day was given by hand that was not taken back, and the key of who gave it. Runs one query."""
    lines = AdjustmentLine.objects.filter(enrollment__in=enrollments, adjustment__kind=Kind.EXTENDED)
    lines = lines.filter(made_at__isnull=False, undone_at=None).exclude(pk__in=[line.pk for line in but])
    rows = lines.order_by("pk").values_list("enrollment", "made_at", "adjustment__made_by")
    return {enrollment: (given_at, by) for enrollment, given_at, by in rows}


def take_back_excuses(lines, by, at):
    for line in lines:
        line.enrollment.waived_at, line.enrollment.waived_reason = None, ""
    Enrollment.objects.write_many([line.enrollment for line in lines], ["waived_at", "waived_reason"])
    return lines, [NewEvent("excuse-undone", line.enrollment, by, {}, at) for line in lines]


def take_back_times(lines, by, at):
    times = {line.learner_id: line.time_before for line in lines}
    before = practice_time.change(times, only_from=lines[0].adjustment.time)
    return [line for line in lines if line.learner_id in before], practice_time.events(before, by=by, at=at)


def take_back_enrollments(lines, by, at):
    """Removed where nothing was done and no letter has left since; else the person is excused, and knows why. Left are
    those that go on for a run of another account."""
    shared = Enrollment.objects.filter(stands_for_another(), pk__in=[line.enrollment_id for line in lines])
    for_another = set(shared.values_list("pk", flat=True))
    if not (lines := [line for line in lines if line.enrollment_id not in for_another]):
        return [], []
    to_stay = told_or_answered(lines)
    removed = [line.enrollment for line in lines if line not in to_stay]  # of which nothing is left but the line
    for line in to_stay:
        line.enrollment.waived_at, line.enrollment.waived_reason = at, by_mistake(line.learner)
    Enrollment.objects.write_many([line.enrollment for line in to_stay], ["waived_at", "waived_reason"])
    events = [NewEvent("waived", line.enrollment, by, {}, at) for line in to_stay]
    events += [NewEvent("enrollment-removed", subject_of(Enrollment, each.pk), by, {}, at) for each in removed]
    if removed:
        Enrollment.objects.remove_many(removed)
    for line in lines:
        line.enrollment = line.enrollment if line in to_stay else None
    return lines, events


def told_or_answered(lines):
    """The lines whose enrollment has left a trace outside itself, or whose learner has asked for another day or has
    sent a question to the manager."""
    since = min(line.made_at for line in lines)
    people = [line.learner_id for line in lines]
    letters = Message.objects.handed_over().filter(person__in=people, written_at__gte=since)
    told = set(letters.values_list("person", flat=True))
    receipts = SurveyReceipt.objects.filter(enrollment__in=[line.enrollment_id for line in lines])
    answered = set(receipts.values_list("enrollment", flat=True))
    for asked in (DayRequest, ManagerQuestion):
        rows = asked.objects.filter(enrollment__in=[line.enrollment_id for line in lines])
        answered |= set(rows.values_list("enrollment", flat=True))
    return [line for line in lines if line.learner_id in told or line.enrollment_id in answered]


def by_mistake(person):
    with override(person.language or settings.LANGUAGE_CODE):
        return gettext("enrolled by mistake")


TAKE_BACK = {
    Kind.EXTENDED: take_back_days,
    Kind.WAIVED: take_back_excuses,
    Kind.CERTIFIED: take_back_excuses,
    Kind.TIMED: take_back_times,
    Kind.ENROLLED: take_back_enrollments,
}
