"""Absences: who is away now, until when, and who may record it."""

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone

from courseware.accounts.models import Absence, User
from courseware.accounts.permissions.permissions import handles_people, may_decide_about, may_handle, people_managed_by
from courseware.lib.dates import now
from courseware.notifications.email.email_types import Wait


def last_absence_days(people: Collection[int], at: datetime | None = None) -> dict[int, date]:
    """Return person id → last day of the absence at `at` (default: now), without present people. `people`: ids."""
    current = absent_now(at).filter(person__in=people)
    return dict(current.order_by().values_list("person", "last_day"))


def last_absence_day(person: User, at: datetime | None = None) -> date | None:
    return last_absence_days([person.pk], at).get(person.pk)


def absent_now(at: datetime | None = None) -> QuerySet[Absence]:
    at = at or now()
    return Absence.objects.filter(begins_at__lte=at, ends_at__gt=at)


def absences_of(person: User, at: datetime | None = None) -> list[Absence]:
    """Return the absences of the person that have not ended at `at` (default: now), by first day."""
    return list(Absence.objects.filter(person=person, ends_at__gt=at or timezone.now()))


def may_record_absence(user: User, person: User) -> bool:
    """Return whether `may_decide_about`, and `user` manages the person or (HR, superusers) `may_handle` the person."""
    if not may_decide_about(user, person):
        return False
    if handles_people(user) and may_handle(user, person):
        return True
    return people_managed_by(user).filter(person=person).exists()


def until_return(people: Collection[int]) -> dict[int, Wait]:
    """Return person id → `Wait` until the present absence ends, without present people. `people`: ids."""
    absences = absent_now().filter(person__in=people)
    return {each.person_id: Wait(each.ends_at, f"the person is away until {each.last_day}") for each in absences}
