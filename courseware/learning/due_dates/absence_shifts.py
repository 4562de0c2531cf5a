"""Absence shifts: absences, and due dates shifted by them, from agreed date, absences and calendar. Repeatable."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courseware.accounts.calendar.working_days import Calendar, calendars_of_people
from courseware.accounts.models import Absence, User, time_zones
from courseware.audit_log.record import NewEvent, record_many
from courseware.learning.models import AbsenceShift, Enrollment, zone_named
from courseware.lib import dates
from courseware.lib.dates import days_between

DAY = timedelta(days=1)


class DaysAway(NamedTuple):
    """An absence. Its days before `since`, and those in `known`, do not move the due date."""

    first: date
    last: date
    since: date
    known: frozenset[date] = frozenset()

    @property
    def counted(self) -> list[date]:
        return [day for day in days_between(max(self.first, self.since), self.last) if day not in self.known]


class AbsenceOverlap(Exception):
    """Another absence of the person, `self.away`, has some of the same days."""

    def __init__(self, away: Absence):
        super().__init__(str(away))
        self.away = away


def moved_on(given: date, absences: Iterable[DaysAway], calendar: Calendar, *, today: date) -> tuple[date, int]:
    """Return (due date `given` moved by these absences, number of working days moved). `absences`: of one person,
    ordered by date. An absence counts if it begins on or before `today`, or on or before the due date as moved so far.
    A due date in an absence moves at least to the first working day after the absence.
    """
    day, moved = given, 0
    for absence in absences:
        counted = absence.counted
        if not counted or absence.first > max(day, today):
            continue
        number = sum(calendar.is_working(each) for each in counted)
        after = calendar.working_day_after(absence.last) if absence.first <= day <= absence.last else day
        day, moved = max(calendar.add_working_days(day, number), after), moved + number
    return day, moved


def held(day: date, absences: Iterable[DaysAway], today: date) -> date:
    """Return `day`, or the last day of an absence current on `today`, whichever is later."""
    return max([day, *(absence.last for absence in absences if absence.first <= today <= absence.last)])


@transaction.atomic
def record_absence(person, first_day, last_day, *, why="", by, at=None):
    """Create, log and return an absence, and shift due dates. If the person has an absence with the same days (dates),
    return that one unchanged. Raise `AbsenceOverlap`. Does not check `by`.
    """
    at = at or timezone.now()
    lock_person(person)
    days = {"first_day": first_day, "last_day": last_day}
    if same := Absence.objects.filter(person=person, **days).first():
        return same
    refuse_overlap(person, first_day, last_day)
    events = settle(person, by, at)  # stores the agreed due dates with the absences known until now
    absence = Absence.objects.create(person=person, why=why, by=by, said_at=at, **days, **instants(person, **days))
    record_many([NewEvent("away", person, by, {"away": absence.pk, **days}, at), *events, *settle(person, by, at)])
    return absence


@transaction.atomic
def change_absence(absence, first_day, last_day, *, by, at=None):
    """Change the dates of an absence; shift due dates. Return False if equal or deleted. Raise `AbsenceOverlap`."""
    at = at or timezone.now()
    lock_person(absence.person)
    absence = Absence.objects.select_related("person").filter(pk=absence.pk).first()
    if absence is None:  # deleted in the meantime
        return False
    if (absence.first_day, absence.last_day) == (first_day, last_day):
        return False
    refuse_overlap(absence.person, first_day, last_day, but=absence)
    events = settle(absence.person, by, at)
    before = {"first_day": absence.first_day, "last_day": absence.last_day}
    days = {"first_day": first_day, "last_day": last_day}
    Absence.objects.filter(pk=absence.pk).update(
        **days, **instants(absence.person, **days), stage=Absence.Stage.TO_COME
    )
    data = {"away": absence.pk, "from": before, "to": days}
    record_many([NewEvent("absence-changed", absence.person, by, data, at), *events, *settle(absence.person, by, at)])
    return True


@transaction.atomic
def undo_absence(absence, *, by, at=None):
    """Delete an absence and shift due dates. Return False if it is deleted already."""
    at = at or timezone.now()
    person = absence.person
    lock_person(person)
    events = settle(person, by, at)
    deleted, _rows = Absence.objects.filter(pk=absence.pk).delete()
    if not deleted:
        return False
    data = {"away": absence.pk, "first_day": absence.first_day, "last_day": absence.last_day}
    record_many([NewEvent("absence-undone", person, by, data, at), *events, *settle(person, by, at)])
    return True


def lock_person(person):
    User.objects.select_for_update(no_key=True).get(pk=person.pk)


def zone_of(person):
    """Return the time zone of the first team of a person (user or id); without a team, that of the site."""
    return zone_named(time_zones(learner=person).first())


def instants(person, *, first_day, last_day):
    """Return {"begins_at", "ends_at"}: the start of `first_day` and the end of `last_day` in the person's time zone."""
    zone = zone_of(person)
    return {"begins_at": dates.due_instant(first_day - DAY, zone), "ends_at": dates.due_instant(last_day, zone)}


def refuse_overlap(person, first_day, last_day, *, but=None):
    """Raise `AbsenceOverlap` if an absence other than `but` has some of these days."""
    others = Absence.objects.filter(person=person, first_day__lte=last_day, last_day__gte=first_day)
    if other := others.exclude(pk=but and but.pk).first():
        raise AbsenceOverlap(other)


def settle(person: User, by: User | None, at: datetime) -> list[NewEvent]:
    """Recompute and save due dates of the person's open enrollments, and the stages of absences. Return the events to
    log; `by`: their author, None for a job. Lock the person before.
    """
    absences = list(Absence.objects.filter(person=person))
    enrollments = Enrollment.objects.open().filter(learner=person).with_zone().order_by("pk")
    if not absences:  # only due dates moved by a deleted absence
        enrollments = enrollments.filter(pk__in=AbsenceShift.objects.values("enrollment"))
    events = follow_absences(list(enrollments.select_for_update(of=("self",), no_key=True)), by, at)
    for absence in absences:
        if absence.stage != absence.stage_at(at):
            Absence.objects.filter(pk=absence.pk).update(stage=absence.stage_at(at))
    return events


def follow_absences(enrollments: list[Enrollment], by: User | None, at: datetime) -> list[NewEvent]:
    """Recompute and save due dates of locked open enrollments (`with_zone`). Return the events to log."""
    absences: dict[int, list[Absence]] = {}
    for each in Absence.objects.filter(person__in={enrollment.learner_id for enrollment in enrollments}):
        absences.setdefault(each.person_id, []).append(each)
    known = AbsenceShift.objects.of_current_due_date().filter(enrollment__in=enrollments)
    stored = {each.enrollment_id: each for each in known}
    enrollments = [
        enrollment for enrollment in enrollments if enrollment.pk in stored or enrollment.learner_id in absences
    ]
    if not enrollments:
        return []
    calendars = calendars_of_people({enrollment.learner_id for enrollment in enrollments})
    before = {enrollment.pk: enrollment.due_at for enrollment in enrollments}
    shifts = []
    for enrollment in enrollments:
        of_learner = absences.get(enrollment.learner_id, [])
        shift = stored.get(enrollment.pk) or new_shift(enrollment, of_learner)
        known = shift.days_known
        spans = [DaysAway(each.first_day, each.last_day, shift.counts_from, known) for each in of_learner]
        move(enrollment, shift, spans, calendars[enrollment.learner_id], timezone.localdate(at, enrollment.zone))
        shifts.append(shift)
    AbsenceShift.objects.bulk_create(
        shifts,
        update_conflicts=True,
        unique_fields=["enrollment", "since"],
        update_fields=["moved_to", "days"],
    )
    moved = [enrollment for enrollment in enrollments if enrollment.due_at != before[enrollment.pk]]
    if moved:
        Enrollment.objects.write_many(moved, ["due_at"])
    days = {each.enrollment_id: each.days for each in shifts}
    data = {
        enrollment: {"from": before[enrollment.pk], "to": enrollment.due_at, "working_days": days[enrollment.pk]}
        for enrollment in moved
    }
    return [NewEvent("due-date-shifted", enrollment, by, data[enrollment], at) for enrollment in moved]


def new_shift(enrollment: Enrollment, absences: list[Absence]) -> AbsenceShift:
    """Return an unsaved shift of the current due date. `absences`: of the learner. If a person set the due date,
    absences entered before and beginning on or before it do not move it.
    """
    given_on = timezone.localdate(enrollment.agreed_due_at, enrollment.zone)
    until = max(given_on, enrollment.due_on) if enrollment.due_on else given_on
    known = [
        [each.first_day.isoformat(), each.last_day.isoformat()]
        for each in absences
        if enrollment.due_given_at and each.said_at <= enrollment.due_given_at and each.first_day <= until
    ]
    fields = {"since": enrollment.agreed_due_at, "given_at": enrollment.due_at, "counts_from": given_on, "known": known}
    return AbsenceShift(enrollment=enrollment, **fields)


def move(enrollment: Enrollment, shift: AbsenceShift, spans: list[DaysAway], calendar: Calendar, today: date) -> None:
    """Set the due date in `enrollment` and the result in `shift`, unsaved. `spans`: the learner's absences, by date."""
    if shift.given_at is None:
        return
    given = dates.due_date(shift.given_at, enrollment.zone)
    day, days = moved_on(given, spans, calendar, today=today)
    day = held(day, spans, today)
    # If not moved, the instant as set, even if the team has changed its time zone since.
    enrollment.due_at = dates.due_instant(day, enrollment.zone) if day != given else shift.given_at
    shift.moved_to, shift.days = enrollment.due_at, days


def not_settled(at: datetime) -> Iterator[int]:
    """Yield ids of people for `settle`, some twice: an absence has begun or ended by `at` and its stage is not updated,
    or a due date was set while an absence is under way or to come.
    """
    passed = Q(stage=Absence.Stage.TO_COME, begins_at__lte=at) | Q(stage__lt=Absence.Stage.OVER, ends_at__lte=at)
    yield from Absence.objects.filter(passed).order_by("person").values_list("person", flat=True).distinct()
    known = Absence.objects.filter(stage__lt=Absence.Stage.OVER).values("person")
    shifts = AbsenceShift.objects.of_current_due_date().filter(enrollment=OuterRef("pk"))
    given = Enrollment.objects.open().exclude(due_at=None).filter(~Exists(shifts), learner__in=known)
    yield from given.order_by("learner").values_list("learner", flat=True).distinct()


def is_any_not_settled() -> bool:
    return next(not_settled(timezone.now()), None) is not None


def settle_all() -> str:
    """Process people of `not_settled`; repeatable. Return the number of moved due dates as text, "" for 0."""
    at, moved = timezone.now(), 0
    for key in dict.fromkeys(not_settled(at)):
        with transaction.atomic():
            person = User.objects.select_for_update(no_key=True).get(pk=key)
            moved += len(record_many(settle(person, None, at)))
    return f"{moved} due days moved" if moved else ""


def absences_during(enrollment: Enrollment) -> list[Absence]:
    """Return the learner's absences that end after the enrollment and begin before its completion or exemption."""
    since = timezone.localdate(enrollment.enrolled_at, enrollment.zone)
    found = Absence.objects.filter(person=enrollment.learner_id, last_day__gte=since)
    until = enrollment.completed_at or enrollment.exempted_at
    return list(found.filter(begins_at__lte=until) if until else found)


def shifted_days(enrollment: Enrollment) -> int:
    """Return by how many working days absences moved the current due date; 0 for none. Runs one query."""
    shifts = AbsenceShift.objects.of_current_due_date().filter(enrollment=enrollment)
    return shifts.values_list("days", flat=True).first() or 0
