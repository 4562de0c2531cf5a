"""Keep due days when the time zone of a learner changes: same day, new instant."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courseware.accounts.models import Absence, Membership, Team, User
from courseware.accounts.security.sessions import ask_for_teams_anew
from courseware.audit_log.record import record_many
from courseware.jobs.tasks import task
from courseware.learning.due_dates.absence_shifts import follow_absences, instants, zone_of
from courseware.learning.enrollments.newest import MergedEnrollment
from courseware.learning.models import AbsenceShift, AdjustmentItem, Enrollment, ExtensionRequest, zone_named
from courseware.lib import dates

# Beside the enrollment, what else knows of its due day.
TOLD_BESIDE: dict[Any, list[str]] = {
    AbsenceShift: ["given_at", "moved_to"],
    AdjustmentItem: ["due_before", "due_after"],
    ExtensionRequest: ["until"],
}


@task
def keep_due_days(people: list[int], zone_before: str) -> None:
    """Repeatable, in any order of several moves: see `same_day`."""
    for person in people:
        keep_days_of_one(person, zone_named(zone_before))


@transaction.atomic
def keep_days_of_one(person: int, before: tzinfo) -> None:
    learner = User.objects.select_for_update(no_key=True).filter(pk=person).first()
    if learner is None:
        return
    # Also what a merge, or its undoing, has made another account's before the move was followed.
    shared = MergedEnrollment.objects.filter(Q(merge__kept=person) | Q(merge__other=person), is_transferred=True)
    own = Q(learner=learner) | Q(pk__in=shared.values("enrollment"))
    runs = Enrollment.objects.select_for_update(of=("self",), no_key=True).with_zone().filter(own)
    worked_out = keep_days_of(list(runs.order_by("pk")), before)
    keep_absences_of(learner)
    ask_for_teams_anew(person)
    record_many(follow_absences([run for run in worked_out if run.is_open], None, timezone.now()))


def shifted_rows(model, columns, before: tzinfo, zones: Mapping[int, tzinfo]) -> list:
    found = model.objects.filter(enrollment__in=zones)
    rows = [row for row in found if shift(row, columns, before, zones[row.enrollment_id])]
    if rows:
        model.objects.bulk_update(rows, columns)
    return rows


def keep_days_of(runs: Collection[Enrollment], before: tzinfo) -> list[Enrollment]:
    """Shift locked runs (`with_zone`). As many statements for one as for a hundred.

    Returns runs whose due day was computed between move and now, by the new zone from an instant of the old one.
    """
    zones, behind = {run.pk: run.zone for run in runs}, set()
    shifted = [run for run in runs if shift(run, ["due_at"], before, run.zone)]
    if shifted:
        Enrollment.objects.write_many(shifted, ["due_at"])
    for model, columns in TOLD_BESIDE.items():
        rows = shifted_rows(model, columns, before, zones)
        if model is AbsenceShift:
            behind = {row.enrollment_id for row in rows}
    return [run for run in runs if run.pk in behind and run not in shifted]


def shift(row: models.Model, columns: list[str], before: tzinfo, after: tzinfo) -> bool:
    old = [getattr(row, column) for column in columns]
    new = [instant and same_day(instant, before, after) for instant in old]
    for column, instant in zip(columns, new, strict=True):
        setattr(row, column, instant)
    return old != new


def same_day(due_at: datetime, before: tzinfo, after: tzinfo) -> datetime:
    """End of the day that ends at `due_at` in zone `before`. An instant that ends no day there stays."""
    day = dates.due_day(due_at, before)
    return dates.due_instant(day, after) if dates.due_instant(day, before) == due_at else due_at


def keep_absences_of(person: User) -> None:
    absences = list(Absence.objects.filter(person=person, stage__lt=Absence.Stage.OVER))
    for away in absences:
        for column, instant in instants(person, first_day=away.first_day, last_day=away.last_day).items():
            setattr(away, column, instant)
    Absence.objects.bulk_update(absences, ["begins_at", "ends_at"])


# Signals of `accounts`: whoever changes a membership or a team holds boards by then, so the runs are locked a moment
# later, by a worker.


def note_zones(sender, instance: Membership, **kwargs) -> None:
    # An admin may also give a membership to somebody else.
    people = {instance.person_id, *Membership.objects.filter(pk=instance.pk).values_list("person", flat=True)}
    vars(instance)["zones_before"] = {person: zone_of(person) for person in people}


def follow_zones(sender, instance: Membership, raw: bool = False, **kwargs) -> None:
    for person, before in vars(instance).pop("zones_before", {}).items():
        if not raw and before != zone_of(person):
            follow([person], before)


def note_zone_of_team(sender, instance: Team, **kwargs) -> None:
    vars(instance)["zone_before"] = Team.objects.filter(pk=instance.pk).values_list("time_zone", flat=True).first()


def follow_zone_of_team(sender, instance: Team, created: bool, raw: bool = False, **kwargs) -> None:
    if not created and not raw and (before := zone_named(vars(instance)["zone_before"])) != instance.zone:
        learners = Membership.objects.filter(team=instance, role=Membership.Role.LEARNER)
        follow(learners.order_by("person").values_list("person", flat=True), before)


def follow(people: Iterable[int], before: tzinfo) -> None:
    with_days = Exists(Enrollment.objects.filter(learner=OuterRef("pk")).exclude(due_at=None))
    away = Exists(Absence.objects.filter(person=OuterRef("pk"), stage__lt=Absence.Stage.OVER))
    found = User.objects.filter(with_days | away, pk__in=people).order_by("pk")
    if keys := list(found.values_list("pk", flat=True)):
        keep_due_days.enqueue(keys, str(before))
