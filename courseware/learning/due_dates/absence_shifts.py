"""Absences, and the due days they move: computed from given day, absences and calendar. Each change is repeatable."""

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
    """An absence; its days count from `since`, without those `known` to the person who gave the due day."""

    first: date
    last: date
    since: date
    known: frozenset[date] = frozenset()

    @property
    def counted(self) -> list[date]:
        return [day for day in days_between(max(self.first, self.since), self.last) if day not in self.known]


class AbsenceOverlap(Exception):
    """Another absence, `self.away`, has some of these days."""

    def __init__(self, away: Absence):
        super().__init__(str(away))
        self.away = away


def moved_on(given: date, absences: Iterable[DaysAway], calendar: Calendar, *, today: date) -> tuple[date, int]:
    """The due day behind these absences, in their order, and by how many working days it was moved.

    An absence counts once it has begun, or if the due day falls into it or behind it. A due day within it moves at
    least to the first working day afterwards.
    """
    day, moved = given, 0
    for away in absences:
        counted = away.counted
        if not counted or away.first > max(day, today):
            continue
        number = sum(calendar.is_working(each) for each in counted)
        after = calendar.working_day_after(away.last) if away.first <= day <= away.last else day
        day, moved = max(calendar.add_working_days(day, number), after), moved + number
    return day, moved


def held(day: date, absences: Iterable[DaysAway], today: date) -> date:
    """The due day as of `today`: nobody is overdue before a current absence ends."""
    return max([day, *(away.last for away in absences if away.first <= today <= away.last)])


@transaction.atomic
def record_absence(person, first_day, last_day, *, why="", by, at=None):
    """The absence; the same days again return the same one. Raises AbsenceOverlap."""
    at = at or timezone.now()
    lock_person(person)
    days = {"first_day": first_day, "last_day": last_day}
    if same := Absence.objects.filter(person=person, **days).first():
        return same
    refuse_overlap(person, first_day, last_day)
    events = settle(person, by, at)  # which day was given is asked while the absences are those it was given with
    away = Absence.objects.create(person=person, why=why, by=by, said_at=at, **days, **instants(person, **days))
    record_many([NewEvent("away", person, by, {"away": away.pk, **days}, at), *events, *settle(person, by, at)])
    return away


@transaction.atomic
def change_absence(away, first_day, last_day, *, by, at=None):
    """Returns whether the days changed. Raises AbsenceOverlap."""
    at = at or timezone.now()
    lock_person(away.person)
    away = Absence.objects.select_related("person").filter(pk=away.pk).first()
    if away is None:  # taken back by somebody else at this very moment
        return False
    if (away.first_day, away.last_day) == (first_day, last_day):
        return False
    refuse_overlap(away.person, first_day, last_day, but=away)
    events = settle(away.person, by, at)
    before = {"first_day": away.first_day, "last_day": away.last_day}
    days = {"first_day": first_day, "last_day": last_day}
    Absence.objects.filter(pk=away.pk).update(**days, **instants(away.person, **days), stage=Absence.Stage.TO_COME)
    data = {"away": away.pk, "from": before, "to": days}
    record_many([NewEvent("absence-changed", away.person, by, data, at), *events, *settle(away.person, by, at)])
    return True


@transaction.atomic
def undo_absence(away, *, by, at=None):
    at = at or timezone.now()
    person = away.person
    lock_person(person)
    events = settle(person, by, at)
    taken, _rows = Absence.objects.filter(pk=away.pk).delete()
    if not taken:
        return False
    data = {"away": away.pk, "first_day": away.first_day, "last_day": away.last_day}
    record_many([NewEvent("absence-undone", person, by, data, at), *events, *settle(person, by, at)])
    return True


def lock_person(person):
    User.objects.select_for_update(no_key=True).get(pk=person.pk)


def zone_of(person):
    return zone_named(time_zones(learner=person).first())


def instants(person, *, first_day, last_day):
    zone = zone_of(person)
    return {"begins_at": dates.due_instant(first_day - DAY, zone), "ends_at": dates.due_instant(last_day, zone)}


def refuse_overlap(person, first_day, last_day, *, but=None):
    others = Absence.objects.filter(person=person, first_day__lte=last_day, last_day__gte=first_day)
    if other := others.exclude(pk=but and but.pk).first():
        raise AbsenceOverlap(other)


def settle(person: User, by: User | None, at: datetime) -> list[NewEvent]:
    """Recompute the due days of the person's open runs; returns events to record. Lock the person before."""
    absences = list(Absence.objects.filter(person=person))
    runs = Enrollment.objects.open().filter(learner=person).with_zone().order_by("pk")
    if not absences:  # only what one has moved that is no more
        runs = runs.filter(pk__in=AbsenceShift.objects.values("enrollment"))
    events = follow_absences(list(runs.select_for_update(of=("self",), no_key=True)), by, at)
    for away in absences:
        if away.stage != away.stage_at(at):
            Absence.objects.filter(pk=away.pk).update(stage=away.stage_at(at))
    return events


def follow_absences(runs: list[Enrollment], by: User | None, at: datetime) -> list[NewEvent]:
    """Recompute due days of locked open runs; returns events. As many statements for one as for a hundred."""
    absences: dict[int, list[Absence]] = {}
    for each in Absence.objects.filter(person__in={run.learner_id for run in runs}):
        absences.setdefault(each.person_id, []).append(each)
    known = AbsenceShift.objects.of_the_day_that_counts().filter(enrollment__in=runs)
    kept = {each.enrollment_id: each for each in known}
    runs = [run for run in runs if run.pk in kept or run.learner_id in absences]
    if not runs:
        return []
    calendars = calendars_of_people({run.learner_id for run in runs})
    before = {run.pk: run.due_at for run in runs}
    postponements = []
    for run in runs:
        of_learner = absences.get(run.learner_id, [])
        postponement = kept.get(run.pk) or begun(run, of_learner)
        known = postponement.days_known
        spans = [DaysAway(each.first_day, each.last_day, postponement.counts_from, known) for each in of_learner]
        move(run, postponement, spans, calendars[run.learner_id], timezone.localdate(at, run.zone))
        postponements.append(postponement)
    AbsenceShift.objects.bulk_create(
        postponements,
        update_conflicts=True,
        unique_fields=["enrollment", "since"],
        update_fields=["moved_to", "days"],
    )
    moved = [run for run in runs if run.due_at != before[run.pk]]
    if moved:
        Enrollment.objects.write_many(moved, ["due_at"])
    days = {each.enrollment_id: each.days for each in postponements}
    data = {run: {"from": before[run.pk], "to": run.due_at, "working_days": days[run.pk]} for run in moved}
    return [NewEvent("due-date-shifted", run, by, data[run], at) for run in moved]


def begun(run: Enrollment, absences: list[Absence]) -> AbsenceShift:
    """Absences known when a day was given by hand do not move it."""
    given_on = timezone.localdate(run.agreed_due_at, run.zone)
    until = max(given_on, run.due_on) if run.due_on else given_on
    known = [
        [each.first_day.isoformat(), each.last_day.isoformat()]
        for each in absences
        if run.due_given_at and each.said_at <= run.due_given_at and each.first_day <= until
    ]
    fields = {"since": run.agreed_due_at, "given_at": run.due_at, "counts_from": given_on, "known": known}
    return AbsenceShift(enrollment=run, **fields)


def move(run: Enrollment, postponement: AbsenceShift, spans: list[DaysAway], calendar: Calendar, today: date) -> None:
    if postponement.given_at is None:
        return
    given = dates.due_day(postponement.given_at, run.zone)
    day, days = moved_on(given, spans, calendar, today=today)
    day = held(day, spans, today)
    # The very instant that was given, also where the team has another zone since.
    run.due_at = dates.due_instant(day, run.zone) if day != given else postponement.given_at
    postponement.moved_to, postponement.days = run.due_at, days


def not_settled(at: datetime) -> Iterator[int]:
    """Keys of people whose absence began or ended, or who were given a day while away."""
    passed = Q(stage=Absence.Stage.TO_COME, begins_at__lte=at) | Q(stage__lt=Absence.Stage.OVER, ends_at__lte=at)
    yield from Absence.objects.filter(passed).order_by("person").values_list("person", flat=True).distinct()
    known = Absence.objects.filter(stage__lt=Absence.Stage.OVER).values("person")
    worked_out = AbsenceShift.objects.of_the_day_that_counts().filter(enrollment=OuterRef("pk"))
    given = Enrollment.objects.open().exclude(due_at=None).filter(~Exists(worked_out), learner__in=known)
    yield from given.order_by("learner").values_list("learner", flat=True).distinct()


def is_any_not_settled() -> bool:
    return next(not_settled(timezone.now()), None) is not None


def settle_all() -> str:
    """Repeatable if killed. Returns the number of moved due days, in words."""
    at, moved = timezone.now(), 0
    for key in dict.fromkeys(not_settled(at)):
        with transaction.atomic():
            person = User.objects.select_for_update(no_key=True).get(pk=key)
            moved += len(record_many(settle(person, None, at)))
    return f"{moved} due days moved" if moved else ""


def absences_during(enrollment: Enrollment) -> list[Absence]:
    since = timezone.localdate(enrollment.enrolled_at, enrollment.zone)
    found = Absence.objects.filter(person=enrollment.learner_id, last_day__gte=since)
    until = enrollment.completed_at or enrollment.exempted_at
    return list(found.filter(begins_at__lte=until) if until else found)


def shifted_days(enrollment: Enrollment) -> int:
    postponements = AbsenceShift.objects.of_the_day_that_counts().filter(enrollment=enrollment)
    return postponements.values_list("days", flat=True).first() or 0
