"""Runs of two accounts of one person: merged, and separated again.

In each course one run stands for the person: the open one, of two the one further on. An open run that the other
account has completed meanwhile is closed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext, override

from courseware.accounts.models import AccountMerge, User
from courseware.accounts.teams.membership_locks import change_teams_of
from courseware.audit_log.record import NewEvent
from courseware.learning.enrollments.newest import MergedEnrollment, aside
from courseware.learning.models import Answer, Completion, Enrollment
from courseware.learning.status.headcounts import HeadcountMove, count


@dataclass(frozen=True)
class JoinedEnrollment:
    """The newest run of both accounts in one course, and those that close."""

    newest: Enrollment
    closed: tuple[Enrollment, ...]

    def is_superseded(self, run: Enrollment) -> bool:
        return run.pk > self.newest.pk


def joined_enrollment_of(runs: Collection[Enrollment]) -> JoinedEnrollment:
    going = sorted((run for run in runs if run.is_open), key=how_far)
    done = [run for run in going if any(is_done_by(each, run) for each in runs)]
    going = [run for run in going if run not in done]
    closed = (*done, *going[:-1])
    rest = [run for run in runs if run not in closed]
    return JoinedEnrollment(going[-1] if going else max(rest, key=lambda run: run.pk), closed)


def how_far(run):
    return run.done, run.answered, run.started_at is not None, -run.pk


def is_done_by(run: Enrollment, going: Enrollment) -> bool:
    """Whether `run`, of the other account, has completed what `going` asks for."""
    is_other = run.learner_id != going.learner_id
    return is_other and run.completed_at is not None and run.completed_at >= going.enrolled_at


def enrollments_of(*people: User) -> list[Enrollment]:
    def number(facts):
        of_run = facts.objects.filter(enrollment=OuterRef("pk")).order_by().values("enrollment")
        return Coalesce(Subquery(of_run.annotate(number=Count("pk")).values("number")), 0)

    runs = Enrollment.objects.filter(learner__in=people).annotate(done=number(Completion), answered=number(Answer))
    return list(runs.select_related("course").order_by("pk"))


def joined_enrollments(kept: User, other: User) -> list[tuple[list[Enrollment], JoinedEnrollment]]:
    """For each course in which `other` has runs: all runs of both, and the result."""
    by_course: dict[int, list[Enrollment]] = defaultdict(list)
    for run in enrollments_of(kept, other):
        by_course[run.course_id].append(run)
    touched = (runs for runs in by_course.values() if any(run.learner_id == other.pk for run in runs))
    return [(runs, joined_enrollment_of(runs)) for runs in touched]


def hold(*people: User) -> None:
    """Lock the runs, so that answers and enrollments wait. The people are locked already."""
    list(Enrollment.objects.select_for_update(no_key=True).filter(learner__in=people).order_by("pk").only("pk"))
    change_teams_of([person.pk for person in people])


def is_touched(line: MergedEnrollment) -> bool:
    return line.is_transferred or line.is_closed or line.is_superseded


def places_of_newest(runs: Iterable[Enrollment]) -> list[HeadcountMove]:
    return [HeadcountMove(run.learner_id, run.place, None) for run in runs if run.is_newest]


def merged_enrollment(merge: AccountMerge, run: Enrollment, joint: JoinedEnrollment) -> MergedEnrollment:
    return MergedEnrollment(
        merge=merge,
        enrollment=run,
        is_transferred=run.learner_id == merge.other_id,
        is_closed=run in joint.closed,
        is_superseded=joint.is_superseded(run),
    )


def join_enrollments(merge: AccountMerge) -> list[NewEvent]:
    """Returns the events to log. Call it while both people are locked and active."""
    found = joined_enrollments(merge.kept, merge.other)
    runs = [run for group, _joint in found for run in group]
    brought = [run for run in runs if run.learner_id == merge.other_id]
    closed = [run for _group, joint in found for run in joint.closed]
    places = places_of_newest(runs)
    lines = [merged_enrollment(merge, run, joint) for group, joint in found for run in group]
    MergedEnrollment.objects.bulk_create(filter(is_touched, lines))
    close(closed, merge)
    # In this order: a person has one newest run in a course, and one that is open.
    Enrollment.objects.filter(pk__in=keys(runs)).update(is_newest=False)
    Enrollment.objects.filter(pk__in=keys(brought)).update(learner=merge.kept)
    stand([joint.newest for _group, joint in found], places)
    events = [enrollment_event("enrollment-transferred", run, merge, merge.made_by, merge.made_at) for run in brought]
    return events + [NewEvent("waived", run, merge.made_by, {"merge": merge.pk}, merge.made_at) for run in closed]


def close(runs: Iterable[Enrollment], merge: AccountMerge) -> None:
    with override(merge.kept.language or settings.LANGUAGE_CODE):
        reason = gettext("merged with an enrollment of the same person in another account")
    for run in runs:
        run.exempted_at, run.exemption_reason = merge.made_at, reason
    Enrollment.objects.filter(pk__in=keys(runs)).update(exempted_at=merge.made_at, exemption_reason=reason)


def stand(newest: Collection[Enrollment], places: list[HeadcountMove]) -> None:
    """Make these the newest runs; `places` are the relocations from before."""
    Enrollment.objects.filter(pk__in=keys(newest)).update(is_newest=True)
    now = Enrollment.objects.filter(pk__in=keys(newest))
    count([*places, *(HeadcountMove(run.learner_id, None, run.place) for run in now)])


def enrollment_event(verb: str, run: Enrollment, merge: AccountMerge, by: User, at: datetime) -> NewEvent:
    return NewEvent(verb, run, by, {"merge": merge.pk, "kept": merge.kept_id, "other": merge.other_id}, at)


def separate_enrollments(merge: AccountMerge, by: User, at: datetime) -> list[NewEvent]:
    """Restore the runs as before; what was done meanwhile stays in its run. Returns the events to log.

    Call it when the merge is marked as undone, while both people are locked and active.
    """
    lines = list(merge.runs.order_by("enrollment"))
    back = [line.enrollment_id for line in lines if line.is_transferred]
    courses = Enrollment.objects.filter(pk__in=[line.enrollment_id for line in lines]).values("course")
    runs = list(Enrollment.objects.filter(learner__in=[merge.kept, merge.other], course__in=courses).order_by("pk"))
    places = places_of_newest(runs)
    Enrollment.objects.filter(pk__in=keys(runs)).update(is_newest=False)
    Enrollment.objects.filter(pk__in=back).update(learner=merge.other)
    for run in runs:
        run.learner_id = merge.other_id if run.pk in back else run.learner_id
    opened = reopen([line.enrollment_id for line in lines if line.is_closed], runs, merge)
    stand(newest_of(runs), places)
    events = [enrollment_event("enrollment-returned", run, merge, by, at) for run in runs if run.pk in back]
    return events + [NewEvent("excuse-undone", run, by, {"merge": merge.pk}, at) for run in opened]


def reopen(closed: Collection[int], runs: Collection[Enrollment], merge: AccountMerge) -> list[Enrollment]:
    """Unless somebody decided otherwise since, or another run is open there."""
    busy = {(run.learner_id, run.course_id) for run in runs if run.is_open}
    opened = [
        run
        for run in runs
        if run.pk in closed
        and run.exempted_at == merge.made_at
        and not run.completed_at
        and (run.learner_id, run.course_id) not in busy
    ]
    for run in opened:
        run.exempted_at, run.exemption_reason = None, ""
    Enrollment.objects.filter(pk__in=keys(opened)).update(exempted_at=None, exemption_reason="")
    return opened


def newest_of(runs: Collection[Enrollment]) -> list[Enrollment]:
    """Per person and course; a run that another merge has set aside only if there is no other."""
    behind = set(aside().filter(enrollment__in=runs).values_list("enrollment", flat=True))
    found = {
        (run.learner_id, run.course_id): run for run in sorted(runs, key=lambda run: (run.pk not in behind, run.pk))
    }
    return list(found.values())


def keys(runs: Iterable[Enrollment]) -> list[int]:
    return [run.pk for run in runs]
