"""Who is away, and who may say so. What becomes of due days is in `learning.postponing`."""

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone

from courseware.accounts.away import Away
from courseware.accounts.models import User
from courseware.accounts.permissions import handles_people, may_decide_about, may_handle, people_managed_by
from courseware.lib.clock import now
from courseware.outbox.kinds import Wait


def last_days_away(people: Collection[int], at: datetime | None = None) -> dict[int, date]:
    """Key of each of these who is away → the last day of it. Runs one query."""
    running = away_now(at).filter(person__in=people)
    return dict(running.order_by().values_list("person", "last_day"))


def last_day_away(person: User, at: datetime | None = None) -> date | None:
    """None for who is here. Runs one query."""
    return last_days_away([person.pk], at).get(person.pk)


def away_now(at: datetime | None = None) -> QuerySet[Away]:
    at = at or now()
    return Away.objects.filter(begins_at__lte=at, ends_at__gt=at)


def absences_of(person: User, at: datetime | None = None) -> list[Away]:
    """Those that are not over, the nearest first."""
    return list(Away.objects.filter(person=person, ends_at__gt=at or timezone.now()))


def may_say_away(user: User, person: User) -> bool:
    """Human resources and who leads the person; nobody of oneself, for it moves the own due days."""
    if not may_decide_about(user, person):
        return False
    if handles_people(user) and may_handle(user, person):
        return True
    return people_managed_by(user).filter(person=person).exists()


def until_back(people: Collection[int]) -> dict[int, Wait]:
    """Letters about the training wait for who is away. Runs one query."""
    away = away_now().filter(person__in=people)
    return {each.person_id: Wait(each.ends_at, f"the person is away until {each.last_day}") for each in away}
