"""Time zone changes of learners: keep due dates and absences on the same day."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courseware.accounts.models import Absence, Membership, Team, User
from courseware.accounts.security.sessions import reload_session_facts
from courseware.audit_log.record import record_many
from courseware.jobs.tasks import task
from courseware.learning.due_dates.absence_shifts import follow_absences, instants, zone_of
from courseware.learning.enrollments.newest import MergedEnrollment
from courseware.learning.models import AbsenceShift, AdjustmentItem, Enrollment, ExtensionRequest, zone_named
from courseware.lib import dates

# Columns with due instants, besides those of the enrollment.
RELATED_DUE_COLUMNS: dict[Any, list[str]] = {
    AbsenceShift: ["given_at", "moved_to"],
    AdjustmentItem: ["due_before", "due_after"],
    ExtensionRequest: ["until"],
}


@task
def keep_due_days(people: list[int], zone_before: str) -> None:
    """Shift instants of people (ids) from the zone named `zone_before` to the current one. Repeatable, in any order."""
    for person_id in people:
        keep_days_of_one(person_id, zone_named(zone_before))


@transaction.atomic
def keep_days_of_one(person_id: int, before: tzinfo) -> None:
    """Shift due dates and absences of a person (id) from zone `before` to the current one."""
    learner = User.objects.select_for_update(no_key=True).filter(pk=person_id).first()
    if learner is None:
        return
    # Includes enrollments that a merge, or its undo, has moved to another account since the change.
    shared = MergedEnrollment.objects.filter(Q(merge__kept=person_id) | Q(merge__other=person_id), is_transferred=True)
    own = Q(learner=learner) | Q(pk__in=shared.values("enrollment"))
    enrollments = Enrollment.objects.select_for_update(of=("self",), no_key=True).with_zone().filter(own)
    computed = keep_days_of(list(enrollments.order_by("pk")), before)
    keep_absences_of(learner)
    reload_session_facts(person_id)
    record_many(follow_absences([enrollment for enrollment in computed if enrollment.is_open], None, timezone.now()))


def shifted_rows(model, columns, before: tzinfo, zones: Mapping[int, tzinfo]) -> list:
    """Shift and save `columns` (names of instants) of rows of `model`; return the changed rows. `before`: former time
    zone. `zones`: id of each enrollment whose rows are shifted → current time zone.
    """
    found = model.objects.filter(enrollment__in=zones)
    rows = [row for row in found if shift(row, columns, before, zones[row.enrollment_id])]
    if rows:
        model.objects.bulk_update(rows, columns)
    return rows


def keep_days_of(enrollments: Collection[Enrollment], before: tzinfo) -> list[Enrollment]:
    """Shift locked enrollments (`with_zone`) and related rows from zone `before` to the current one, in a constant
    number of statements. Return those with a shifted AbsenceShift whose own due date stayed: recompute it, as it was
    computed after the zone had changed.
    """
    zones, behind = {enrollment.pk: enrollment.zone for enrollment in enrollments}, set()
    shifted = [enrollment for enrollment in enrollments if shift(enrollment, ["due_at"], before, enrollment.zone)]
    if shifted:
        Enrollment.objects.write_many(shifted, ["due_at"])
    for model, columns in RELATED_DUE_COLUMNS.items():
        rows = shifted_rows(model, columns, before, zones)
        if model is AbsenceShift:
            behind = {row.enrollment_id for row in rows}
    return [enrollment for enrollment in enrollments if enrollment.pk in behind and enrollment not in shifted]


def shift(row: models.Model, columns: list[str], before: tzinfo, after: tzinfo) -> bool:
    """Apply `same_day` to `columns` (names; values may be None) of a row in memory. Return whether one changed."""
    old = [getattr(row, column) for column in columns]
    new = [instant and same_day(instant, before, after) for instant in old]
    for column, instant in zip(columns, new, strict=True):
        setattr(row, column, instant)
    return old != new


def same_day(due_at: datetime, before: tzinfo, after: tzinfo) -> datetime:
    """Return the end in `after` of the day that ends at `due_at` in `before`. Other instants stay."""
    day = dates.due_date(due_at, before)
    return dates.due_instant(day, after) if dates.due_instant(day, before) == due_at else due_at


def keep_absences_of(person: User) -> None:
    absences = list(Absence.objects.filter(person=person, stage__lt=Absence.Stage.OVER))
    for absence in absences:
        for column, instant in instants(person, first_day=absence.first_day, last_day=absence.last_day).items():
            setattr(absence, column, instant)
    Absence.objects.bulk_update(absences, ["begins_at", "ends_at"])


# Receivers for signals of `accounts`. The sender may hold locks of memberships, which come after those of enrollments,
# so a worker locks the enrollments later.


def note_zones(sender, instance: Membership, **kwargs) -> None:
    # In the admin, a membership can be given to another person.
    people = {instance.person_id, *Membership.objects.filter(pk=instance.pk).values_list("person", flat=True)}
    vars(instance)["zones_before"] = {person_id: zone_of(person_id) for person_id in people}


def follow_zones(sender, instance: Membership, raw: bool = False, **kwargs) -> None:
    for person_id, before in vars(instance).pop("zones_before", {}).items():
        if not raw and before != zone_of(person_id):
            follow([person_id], before)


def note_zone_of_team(sender, instance: Team, **kwargs) -> None:
    vars(instance)["zone_before"] = Team.objects.filter(pk=instance.pk).values_list("time_zone", flat=True).first()


def follow_zone_of_team(sender, instance: Team, created: bool, raw: bool = False, **kwargs) -> None:
    if not created and not raw and (before := zone_named(vars(instance)["zone_before"])) != instance.zone:
        learners = Membership.objects.filter(team=instance, role=Membership.Role.LEARNER)
        follow(learners.order_by("person").values_list("person", flat=True), before)


def follow(people: Iterable[int], before: tzinfo) -> None:
    """Queue `keep_due_days` for those of `people` (ids) with a due date or an absence. `before`: their former zone."""
    with_days = Exists(Enrollment.objects.filter(learner=OuterRef("pk")).exclude(due_at=None))
    absent = Exists(Absence.objects.filter(person=OuterRef("pk"), stage__lt=Absence.Stage.OVER))
    found = User.objects.filter(with_days | absent, pk__in=people).order_by("pk")
    if keys := list(found.values_list("pk", flat=True)):
        keep_due_days.enqueue(keys, str(before))
